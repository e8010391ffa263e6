"""What is said about another message: reactions, pins, polls and their votes, events and their answers."""

from typing import Any

from sender.translation.scene import Scene
from sender.translation.sealed import Answer, Vote
from sender.whatsapp.engine_events import e2e

WEEK = 7 * 86_400
POLLS = (
    "pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3", "pollCreationMessageV5",
    "pollCreationMessageV6",
)  # fmt: skip


def referenced(key: Any, scene: Scene) -> dict[str, Any]:
    """The message that a key names, from our side: the key says `fromMe` from its writer's side."""
    author = key.participant or None
    if scene.source.is_own:
        from_me = key.fromMe
    elif author is not None:
        from_me = scene.is_me(author)
    else:
        from_me = not key.fromMe
    return {
        "messageId": scene.id_of(key.ID),
        "fromMe": from_me,
        "phone": scene.source.chat_phone,
        "participant": scene.phone_of(author) if scene.source.is_group else None,
    }


def reaction(part: Any, scene: Scene) -> dict[str, Any]:
    """An empty value takes the reaction back."""
    return {
        "reaction": {
            "value": part.text,
            "time": part.senderTimestampMS or scene.milliseconds,
            "reactionBy": scene.source.writer_phone or scene.source.writer_lid or "",
            "referencedMessage": referenced(part.key, scene),
        }
    }


def pin(part: Any, scene: Scene, seconds: int = WEEK) -> dict[str, Any]:
    is_pin = part.type == e2e.PinInChatMessage.PIN_FOR_ALL
    return {
        "pinMessage": {
            "action": "pin" if is_pin else "unpin",
            "pinDurationInSecs": seconds if is_pin else 0,
            "referencedMessage": referenced(part.key, scene),
        }
    }


def poll(part: Any, scene: Scene) -> dict[str, Any]:
    return {
        "poll": {
            "question": part.name,
            "pollMaxOptions": part.selectableOptionsCount,
            "options": [{"name": option.optionName} for option in part.options],
        }
    }


def answered(content: Any, opened: Vote | Answer, scene: Scene) -> dict[str, Any]:
    """What was sealed: a vote (an empty list takes it back), or an answer to an event."""
    if isinstance(opened, Vote):
        return {
            "pollVote": {
                "pollMessageId": scene.id_of(opened.poll_id),
                "options": [{"name": name} for name in opened.names],
            }
        }
    response = opened.response
    return {
        "eventResponse": {
            "response": e2e.EventResponseMessage.EventResponseType.Name(response.response),
            "responseFrom": scene.source.writer_phone or scene.source.writer_lid or "",
            "time": response.timestampMS or scene.milliseconds,
            "referencedMessage": referenced(content.encEventResponseMessage.eventCreationMessageKey, scene),
        }
    }


def calendar_event(part: Any, scene: Scene) -> dict[str, Any]:
    """`scheduleTime` is in seconds."""
    return {
        "event": {
            "name": part.name,
            "description": part.description,
            "canceled": part.isCanceled,
            "joinLink": part.joinLink,
            "scheduleTime": part.startTime,
            "location": {"name": part.location.name} if part.HasField("location") and part.location.name else {},
        }
    }


FAMILY = {
    "reactionMessage": reaction,
    "pinInChatMessage": pin,
    **dict.fromkeys(POLLS, poll),
    "eventMessage": calendar_event,
}
