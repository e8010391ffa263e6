"""Reactions, pins, deletions, read marks and forwarding on the wire."""

import pytest

from common.addresses import Jid
from common.errors import NotRemembered, NotSupported
from sender.composers.media import File, Form
from sender.composers.occasion import Deed, Remembered
from sender.whatsapp.protobuf import (
    ContextInfo,
    ExtendedTextMessage,
    ImageMessage,
    Message,
    MessageContextInfo,
    MessageKey,
    PinInChatMessage,
    ProtocolMessage,
    ReactionMessage,
)
from tests.sender.composers.desk import (
    AUTHOR,
    AUTHOR_LID,
    GROUP,
    GROUP_JID,
    MESSAGE,
    NOW_MS,
    PERSON_JID,
    AbleSession,
    Desk,
    PlainSession,
)

pytestmark = pytest.mark.anyio

THEIRS = MessageKey(remoteJID=PERSON_JID, fromMe=False, ID=MESSAGE)
OURS = MessageKey(remoteJID=PERSON_JID, fromMe=True, ID="3EB0FFFFFFFFFFFFFFFF")
IN_GROUP = MessageKey(remoteJID=GROUP_JID, fromMe=False, ID=MESSAGE, participant=AUTHOR)


@pytest.mark.parametrize(("kind", "emoji"), [("reaction", "❤️"), ("reaction-removal", "")])
async def test_a_reaction_names_the_message_and_an_empty_one_takes_it_back(desk: Desk, kind: str, emoji: str) -> None:
    body = {"messageId": MESSAGE} | ({"reaction": emoji} if emoji else {})
    assert await desk.compose(kind, **body) == Message(
        reactionMessage=ReactionMessage(key=THEIRS, text=emoji, senderTimestampMS=NOW_MS)
    )


async def test_a_reaction_to_an_own_message_says_so(desk: Desk) -> None:
    desk.remember_own("text", "{}")
    composed = await desk.compose("reaction", messageId=MESSAGE, reaction="👍")
    assert composed.reactionMessage.key == OURS


async def test_a_reaction_in_a_group_names_the_author(desk: Desk) -> None:
    desk.remember_received(None)
    composed = await desk.compose("reaction", phone=GROUP, messageId=MESSAGE, reaction="👍")
    assert composed.reactionMessage.key == IN_GROUP


async def test_an_author_that_only_the_session_knows_is_found(desk: Desk) -> None:
    desk.remember_secret()
    composed = await desk.compose("reaction", phone=GROUP, messageId=MESSAGE, reaction="👍")
    assert composed.reactionMessage.key.participant == AUTHOR_LID


async def test_a_reaction_in_a_group_to_a_message_never_seen_is_sent(desk: Desk) -> None:
    composed = await desk.compose("reaction", phone=GROUP, messageId="NEVER", reaction="👍")
    assert composed.reactionMessage.key == MessageKey(remoteJID=GROUP_JID, fromMe=False, ID="NEVER")


@pytest.mark.parametrize(("duration", "seconds"), [("24_hours", 86_400), ("7_days", 604_800), ("30_days", 2_592_000)])
async def test_a_pin_says_how_long(desk: Desk, duration: str, seconds: int) -> None:
    composed = await desk.compose("pin", messageId=MESSAGE, messageAction="pin", pinMessageDuration=duration)
    assert composed == Message(
        pinInChatMessage=PinInChatMessage(key=THEIRS, type=PinInChatMessage.PIN_FOR_ALL, senderTimestampMS=NOW_MS),
        messageContextInfo=MessageContextInfo(messageAddOnDurationInSecs=seconds),
    )


@pytest.mark.parametrize("duration", [None, "7_days"])
async def test_an_unpin_says_nothing_of_time(desk: Desk, duration: str | None) -> None:
    body = {} if duration is None else {"pinMessageDuration": duration}
    composed = await desk.compose("pin", messageId=MESSAGE, messageAction="unpin", **body)
    assert composed == Message(
        pinInChatMessage=PinInChatMessage(key=THEIRS, type=PinInChatMessage.UNPIN_FOR_ALL, senderTimestampMS=NOW_MS),
        messageContextInfo=MessageContextInfo(messageAddOnDurationInSecs=0),
    )


async def test_an_own_message_is_taken_back_by_whatsapp_s_id(desk: Desk) -> None:
    desk.remember_own("text", "{}")
    assert await desk.compose("delete", messageId=MESSAGE, owner=True) == Message(
        protocolMessage=ProtocolMessage(key=OURS, type=ProtocolMessage.REVOKE)
    )


async def test_an_own_message_that_nobody_remembers_is_taken_back(desk: Desk) -> None:
    composed = await desk.compose("delete", messageId="NEVER", owner="true")
    assert composed.protocolMessage.key == MessageKey(remoteJID=PERSON_JID, fromMe=True, ID="NEVER")


async def test_an_admin_takes_back_what_a_member_wrote(desk: Desk) -> None:
    desk.remember_received(None)
    assert await desk.compose("delete", phone=GROUP, messageId=MESSAGE, owner=False) == Message(
        protocolMessage=ProtocolMessage(key=IN_GROUP, type=ProtocolMessage.REVOKE)
    )


async def test_what_an_unknown_member_wrote_cannot_be_taken_back(desk: Desk) -> None:
    with pytest.raises(NotRemembered):
        await desk.compose("delete", phone=GROUP, messageId=MESSAGE, owner=False)


async def test_a_received_message_of_a_chat_of_two_is_removed_for_this_account(desk: Desk) -> None:
    deed = await desk.compose("delete", messageId=MESSAGE, owner=False)
    assert isinstance(deed, Deed)
    await deed.do(desk.session)
    assert isinstance(desk.session, AbleSession)
    assert desk.session.deeds == [("delete-for-me", PERSON_JID, MESSAGE)]


async def test_an_engine_that_cannot_remove_for_one_account_says_so(desk: Desk) -> None:
    deed = await desk.compose("delete", messageId=MESSAGE, owner=False)
    assert isinstance(deed, Deed)
    with pytest.raises(NotSupported):
        await deed.do(PlainSession())


async def test_a_read_mark_is_a_deed_with_the_session(desk: Desk) -> None:
    deed = await desk.compose("read", messageId=MESSAGE)
    assert isinstance(deed, Deed)
    await deed.do(desk.session)
    assert isinstance(desk.session, AbleSession)
    assert desk.session.deeds == [("read", PERSON_JID, None, MESSAGE)]
    with pytest.raises(NotSupported):
        await deed.do(PlainSession())


async def test_a_read_mark_in_a_group_goes_to_the_author(desk: Desk) -> None:
    desk.remember_received(None)
    deed = await desk.compose("read", phone=GROUP, messageId=MESSAGE)
    assert isinstance(deed, Deed)
    await deed.do(desk.session)
    assert isinstance(desk.session, AbleSession)
    assert desk.session.deeds == [("read", GROUP_JID, AUTHOR, MESSAGE)]


async def test_a_read_mark_for_nobody_known_in_a_group_fails(desk: Desk) -> None:
    with pytest.raises(NotRemembered):
        await desk.compose("read", phone=GROUP, messageId=MESSAGE)


async def forward(desk: Desk) -> Message:
    return await desk.compose("forward", messageId=MESSAGE, messagePhone=GROUP)


async def test_a_forwarded_text_can_say_that_it_is(desk: Desk) -> None:
    desk.remember_received(Message(conversation="news"))
    assert await forward(desk) == Message(
        extendedTextMessage=ExtendedTextMessage(
            text="news", contextInfo=ContextInfo(isForwarded=True, forwardingScore=1)
        )
    )


async def test_what_was_forwarded_before_counts_on_and_forgets_what_it_quoted(desk: Desk) -> None:
    before = ContextInfo(isForwarded=True, forwardingScore=4, stanzaID="OLDER", mentionedJID=[AUTHOR])
    desk.remember_received(Message(imageMessage=ImageMessage(URL="https://mmg", mediaKey=b"k", contextInfo=before)))
    assert await forward(desk) == Message(
        imageMessage=ImageMessage(
            URL="https://mmg", mediaKey=b"k", contextInfo=ContextInfo(isForwarded=True, forwardingScore=5)
        )
    )
    assert desk.media.files == []


async def test_an_own_message_is_composed_once_more(desk: Desk) -> None:
    source = "https://files.example.com/a.png"
    desk.remember_own("image", f'{{"phone":"5511988887777","image":"{source}","caption":"mug","messageId":"OLDER"}}')
    composed = await forward(desk)
    assert composed.imageMessage.caption == "mug"
    assert composed.imageMessage.contextInfo == ContextInfo(isForwarded=True, forwardingScore=1)
    assert desk.media.files == [File(source, Form.IMAGE)]


async def test_a_forwarded_poll_has_a_secret_of_its_own(desk: Desk) -> None:
    desk.remember_own("poll", '{"phone":"5511988887777","message":"Day?","poll":[{"name":"Mon"}]}')
    composed = await forward(desk)
    assert composed.pollCreationMessage.name == "Day?"
    assert composed.messageContextInfo.messageSecret == b"r" * 32


@pytest.mark.parametrize("known", [True, False])
async def test_what_nobody_remembers_cannot_be_forwarded(desk: Desk, known: bool) -> None:
    if known:
        desk.memory.remembered[MESSAGE] = Remembered(MESSAGE, Jid(GROUP_JID), is_own=False)
    with pytest.raises(NotRemembered):
        await forward(desk)
