"""What real neonize sessions can do beside texts, each on a session that is linked already."""

import asyncio
import base64

import pytest

from sender.whatsapp.protobuf import Message
from tests.sender.whatsapp.emulator.conftest import People
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.sender.whatsapp.emulator.real_session import (
    CALL_OFFER,
    CHAT_PRESENCE,
    DELIVERED,
    GROUP_INFO,
    HISTORY,
    INACTIVE,
    JOINED_GROUP,
    PRESENCE,
    RealSession,
    SendFailed,
    engine,
    jid,
)
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

UPLOAD_IMAGE = 0
COMPOSING, AUDIO = 0, 1


async def named(session: RealSession, name: str) -> None:
    """Wait until the session knows its own name, which its phone shares through app state without any event."""
    async with asyncio.timeout(PATIENCE):
        while engine.Device.FromString(await session.call("GetMe")).PushName != name:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_session_learns_its_name_and_changes_it(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await named(session, "Phone")
    assert await session.call("SetPushName", "Another") == b""
    seen = (await emulator.get(f"contacts/{people.phone}/sightings?kind=app-state&wait=20"))["sightings"]
    assert seen[-1]["index"] == ["setting_pushName"]
    assert (await emulator.get(f"accounts/{people.phone}"))["name"] == "Another"
    await emulator.post("accounts", phone=people.phone, name="Third")
    await named(session, "Third")


async def test_a_session_makes_a_group_and_members_read_each_other(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    friend = engine.JID.FromString(jid(people.friend))
    wanted = engine.ReqCreateGroup(name="Team", Participants=[friend], CreateKey="key")
    made = engine.GetGroupInfoReturnFunction.FromString(await session.call("CreateGroup", wanted.SerializeToString()))
    assert not made.Error
    group = f"{made.GroupInfo.JID.User}@g.us"
    sent = await session.send(group, "hello team")
    (received,) = await emulator.messages(people.friend)
    assert (received["id"], received["text"]) == (sent, "hello team")
    assert (received["chat"], received["sender"]) == (group, people.phone)
    await session.receipt(sent, DELIVERED, INACTIVE)
    await emulator.post(f"contacts/{people.friend}/send", to=group, text="hello back")
    answer = await session.message("hello back")
    assert answer.Info.MessageSource.IsGroup
    await emulator.post(f"groups/{group}/change", by=people.friend, action="subject", value="Other team")
    await session.event(GROUP_INFO, lambda body: b"Other team" in body)


async def test_a_session_is_put_into_a_group_of_a_contact(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    wanted = {"creator": people.friend, "subject": "Theirs", "members": [people.phone], "addressing": "phone"}
    group = (await emulator.post("groups", **wanted))["jid"]
    await session.event(JOINED_GROUP, lambda body: b"Theirs" in body)
    await emulator.post(f"contacts/{people.friend}/send", to=group, text="welcome")
    await session.message("welcome")
    await emulator.post(f"groups/{group}/change", by=people.friend, action="announcement")
    with pytest.raises(SendFailed, match="403"):
        await session.send(group, "may I?")


async def test_media_of_a_session_are_decrypted_by_the_contact(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    data = bytes(range(256)) * 4_000
    answer = engine.UploadReturnFunction.FromString(await session.call("Upload", data, UPLOAD_IMAGE))
    assert not answer.Error
    up = answer.UploadResponse
    message = Message()
    message.imageMessage.URL, message.imageMessage.directPath = up.url, up.DirectPath
    message.imageMessage.mediaKey, message.imageMessage.fileLength = up.MediaKey, up.FileLength
    message.imageMessage.fileSHA256, message.imageMessage.fileEncSHA256 = up.FileSHA256, up.FileEncSHA256
    message.imageMessage.mimetype, message.imageMessage.caption = "image/jpeg", "look"
    sent = await session.send(people.friend, message)
    (received,) = await emulator.messages(people.friend)
    assert (received["kind"], received["text"]) == ("image", "look")
    assert await emulator.media(people.friend, sent) == ("image/jpeg", data)


async def test_media_of_a_contact_are_downloaded_by_the_session(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    data = b"%PDF" * 50_000
    wanted = {"to": people.phone, "kind": "document", "mimetype": "application/pdf", "file_name": "a.pdf"}
    await emulator.post(
        f"contacts/{people.friend}/send-media", **wanted, caption="read", data=base64.b64encode(data).decode()
    )
    event = await session.message_of("documentMessage")
    answer = engine.DownloadReturnFunction.FromString(
        await session.call("DownloadAny", event.Message.SerializeToString())
    )
    assert (answer.Error, answer.Binary) == ("", data)


async def test_a_failing_media_host_fails_the_upload(emulator: EmulatorProgram, session: RealSession) -> None:
    await emulator.post("faults", kind="refuse-media", code=500)
    answer = engine.UploadReturnFunction.FromString(await session.call("Upload", b"data", UPLOAD_IMAGE))
    assert "500" in answer.Error


async def test_a_session_sees_the_picture_of_a_contact(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await emulator.post(f"accounts/{people.friend}/picture", data=base64.b64encode(b"jpeg").decode())
    wanted = engine.GetProfilePictureParams(Preview=False).SerializeToString()
    answer = engine.GetProfilePictureReturnFunction.FromString(
        await session.call("GetProfilePicture", jid(people.friend), wanted)
    )
    assert answer.Error == ""
    assert answer.Picture.URL.startswith("https://pps.whatsapp.net/")


async def test_typing_presence_and_read_receipts_go_both_ways(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await named(session, "Phone")  # without a name it may not show itself
    await emulator.post(f"contacts/{people.friend}/watch", phone=people.phone)
    assert await session.call("SendPresence", "available") == b""
    assert await session.call("SendChatPresence", jid(people.friend), COMPOSING, AUDIO) == b""
    seen = await emulator.sightings(people.friend, "typing")
    assert (seen[-1]["sender"], seen[-1]["what"]) == (people.phone, "recording")
    assert (await emulator.sightings(people.friend, "presence"))[-1]["online"]

    await session.call("SubscribePresence", jid(people.friend))
    await emulator.post(f"contacts/{people.friend}/presence", online=True)
    await session.event(PRESENCE, lambda body: not engine.Presence.FromString(body).Unavailable)
    await emulator.post(f"contacts/{people.friend}/typing", to=people.phone, what="typing")
    await session.event(CHAT_PRESENCE)

    await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="read me")
    info = (await session.message("read me")).Info
    chat, sender = (getattr(info.MessageSource, name).SerializeToString() for name in ("Chat", "Sender"))
    assert await session.call("MarkRead", info.ID, 0, chat, sender, "read") == b""
    assert (await emulator.sightings(people.friend, "receipt", "read"))[-1]["ids"] == [info.ID]


async def test_a_call_of_a_contact_is_rejected(emulator: EmulatorProgram, session: RealSession, people: People) -> None:
    call = await emulator.post(f"contacts/{people.friend}/call", to=people.phone)
    body = await session.event(CALL_OFFER)
    assert call["id"].encode() in body
    friend = await emulator.get(f"accounts/{people.friend}")
    assert await session.call("RejectCall", jid(friend["lid"], "lid"), call["id"]) == b""
    (seen,) = await emulator.sightings(people.friend, "call")
    assert (seen["id"], seen["what"]) == (call["id"], "reject")


async def test_history_and_contacts_of_the_phone_reach_the_session(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    old = {"text": "long ago", "at": 1_700_000_000, "id": "OLD1"}
    await emulator.post(f"accounts/{people.phone}/history", chats=[{"chat": people.friend, "messages": [old]}])
    body = await session.event(HISTORY)
    assert b"OLD1" in body
    assert b"long ago" in body
    await emulator.post(f"accounts/{people.phone}/address-book", contact=people.friend, name="Friend of Old")
    async with asyncio.timeout(PATIENCE):
        while b"Friend of Old" not in await session.call("GetAllContacts"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_reply_and_a_reaction_of_a_contact_reach_the_session(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    sent = await session.send(people.friend, "what do you think?")
    await emulator.messages(people.friend)
    await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="good", reply_to=sent)
    context = (await session.message("good")).Message.extendedTextMessage.contextInfo
    assert (context.stanzaID, context.quotedMessage.conversation) == (sent, "what do you think?")
    await emulator.post(f"contacts/{people.friend}/react", id=sent, emoji="👍")
    reaction = (await session.message_of("reactionMessage")).Message.reactionMessage
    assert (reaction.text, reaction.key.ID) == ("👍", sent)


async def test_contacts_see_a_status_and_the_session_hears_of_it(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await named(session, "Phone")
    await emulator.post(f"accounts/{people.phone}/address-book", contact=people.friend, name="Friend")
    async with asyncio.timeout(PATIENCE):
        while b"Friend" not in await session.call("GetAllContacts"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    sent = await session.send("status@broadcast", "my day")
    (received,) = await emulator.messages(people.friend)
    assert (received["id"], received["chat"], received["text"]) == (sent, "status@broadcast", "my day")
    await session.receipt(sent, DELIVERED, INACTIVE)


async def test_a_contact_edits_what_it_wrote(emulator: EmulatorProgram, session: RealSession, people: People) -> None:
    written = await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="tpyo")
    await session.message("tpyo")
    edit = Message()
    protocol = edit.editedMessage.message.protocolMessage
    protocol.key.ID, protocol.key.fromMe, protocol.type = written["id"], True, protocol.MESSAGE_EDIT
    protocol.editedMessage.conversation = "typo"
    body = base64.b64encode(edit.SerializeToString()).decode()
    seen = session.now()
    await emulator.post(f"contacts/{people.friend}/send-raw", to=people.phone, message=body, edit="1")
    event = await session.message_of("protocolMessage", since=seen)
    assert event.Message.protocolMessage.editedMessage.conversation == "typo"
