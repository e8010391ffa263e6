"""Reading messages, held against the message classes of a real client."""

from typing import Any

import pytest

from sender.whatsapp.emulator import contents
from sender.whatsapp.protobuf import Message


def message(**fields: Any) -> bytes:
    body: bytes = Message(**fields).SerializeToString()
    return body


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"conversation": "olá"}, "text", "olá"),
        ({"extendedTextMessage": {"text": "a reply"}}, "text", "a reply"),
        ({"imageMessage": {"caption": "a picture"}}, "image", "a picture"),
        ({"videoMessage": {"caption": "a film"}}, "video", "a film"),
        ({"audioMessage": {"PTT": True}}, "audio", ""),
        ({"documentMessage": {"caption": "a file", "fileName": "f.pdf"}}, "document", "a file"),
        ({"stickerMessage": {"isAnimated": True}}, "sticker", ""),
        ({"locationMessage": {"name": "here", "degreesLatitude": 1.5}}, "location", "here"),
        ({"contactMessage": {"displayName": "Ana"}}, "contact", "Ana"),
        ({"reactionMessage": {"text": "👍"}}, "reaction", "👍"),
        ({"pollCreationMessageV3": {"name": "when?"}}, "poll", "when?"),
        ({"listMessage": {"title": "t", "description": "pick"}}, "list", "pick"),
        ({"buttonsMessage": {"contentText": "press"}}, "buttons", "press"),
        ({"interactiveMessage": {"body": {"text": "tap"}}}, "interactive", "tap"),
        ({"eventMessage": {"name": "party"}}, "event", "party"),
        ({"pinInChatMessage": {"type": 1}}, "pin", ""),
        ({"protocolMessage": {"type": "REVOKE"}}, "revoke", ""),
        ({"protocolMessage": {"type": "MESSAGE_EDIT", "editedMessage": {"conversation": "new"}}}, "edit", "new"),
        ({"viewOnceMessage": {"message": {"imageMessage": {"caption": "once"}}}}, "image", "once"),
        ({"documentWithCaptionMessage": {"message": {"documentMessage": {"caption": "c"}}}}, "document", "c"),
        (
            {"messageContextInfo": {"messageSecret": b"s"}, "conversation": "with a secret"},
            "text",
            "with a secret",
        ),
        ({"chat": {"displayName": "x"}}, "other", ""),
    ],
)
def test_kind_and_text(fields: dict[str, Any], kind: str, text: str) -> None:
    assert contents.read(message(**fields)) == contents.Content(kind, text)


def test_an_edit_in_its_envelope_is_an_edit() -> None:
    edit = {"protocolMessage": {"type": "MESSAGE_EDIT", "editedMessage": {"conversation": "new"}}}
    assert contents.read(message(editedMessage={"message": edit})) == contents.Content("edit", "new")


def test_a_copy_for_our_other_devices_can_be_taken_apart() -> None:
    copy = contents.read_copy(contents.write_copy("1@lid", contents.write_text("hello")))
    assert copy
    assert (copy.chat, contents.read(copy.message).text) == ("1@lid", "hello")
    assert contents.read_copy(contents.write_text("hello")) is None


def test_a_reply_names_what_it_answers() -> None:
    quoted = contents.Quoted("3EB0", "1@lid", contents.write_text("question"))
    reply = Message.FromString(contents.write_text("answer", quoted=quoted)).extendedTextMessage
    assert (reply.text, reply.contextInfo.stanzaID, reply.contextInfo.participant) == ("answer", "3EB0", "1@lid")
    assert reply.contextInfo.quotedMessage.conversation == "question"


def test_a_reaction_names_its_message() -> None:
    key = contents.Key("1@lid", "3EB0", from_me=False)
    reaction = Message.FromString(contents.write_reaction(key, "👍", 5)).reactionMessage
    assert (reaction.text, reaction.key.ID, reaction.key.remoteJID, reaction.senderTimestampMS) == (
        "👍",
        "3EB0",
        "1@lid",
        5,
    )


def test_a_bare_sender_key_is_no_content() -> None:
    assert not contents.has_content(contents.write_sender_key("1@g.us", b"key"))
    assert contents.has_content(contents.write_sender_key("1@g.us", b"key") + contents.write_text("hello"))
