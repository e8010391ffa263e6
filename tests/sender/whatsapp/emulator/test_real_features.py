"""What real neonize sessions can do beside texts, each on a session that is linked already."""

import asyncio
import base64

import pytest

from sender.whatsapp.protobuf import Message
from tests.sender.whatsapp.emulator.conftest import People
from tests.sender.whatsapp.emulator.neonize_process import PATIENCE
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.sender.whatsapp.emulator.real_session import (
    DELIVERED,
    GROUP_INFO,
    INACTIVE,
    JOINED_GROUP,
    RealSession,
    SendFailed,
    engine,
    jid,
)

pytestmark = pytest.mark.anyio

UPLOAD_IMAGE = 0


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
