"""Uploads: what the engine says of a file is true, and whoever receives its message can read it."""

import hashlib
import os
from pathlib import Path

import pytest

from common.addresses import user_of
from common.errors import NotConnected
from sender.whatsapp.bare_package import load_bare
from sender.whatsapp.session import MediaKind, Session, UploadedFile, Uploads
from tests.engines.worlds import NeonizeWorld, World

load_bare("neonize")

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (  # noqa: E402
    AudioMessage,
    DocumentMessage,
    ImageMessage,
    Message,
    VideoMessage,
)

pytestmark = pytest.mark.anyio


def message_of(kind: MediaKind, file: UploadedFile) -> Message:
    fields = {
        "URL": file.url,
        "directPath": file.direct_path,
        "mediaKey": file.media_key,
        "fileSHA256": file.sha256,
        "fileEncSHA256": file.encrypted_sha256,
        "fileLength": file.length,
        "mimetype": "application/pdf",
    }
    match kind:
        case MediaKind.IMAGE:
            return Message(imageMessage=ImageMessage(**fields))
        case MediaKind.VIDEO:
            return Message(videoMessage=VideoMessage(**fields))
        case MediaKind.AUDIO:
            return Message(audioMessage=AudioMessage(**fields))
        case _:
            return Message(documentMessage=DocumentMessage(**fields))


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT])
async def test_a_file_can_be_read_by_whoever_receives_its_message(
    world: World, session: Session, tmp_path: Path, kind: MediaKind
) -> None:
    content = os.urandom(300_001)
    (tmp_path / "file").write_bytes(content)
    assert isinstance(session, Uploads)
    file = await session.upload(tmp_path / "file", kind)
    assert (file.sha256, file.length, len(file.media_key)) == (hashlib.sha256(content).digest(), len(content), 32)
    assert len(file.encrypted_sha256) == 32
    assert file.url.startswith("https://")
    assert file.direct_path.startswith("/")

    async def on_wire(whatsapp_id: str) -> None:
        pass

    sent = await session.send(world.contacts[0], message_of(kind, file), id="3EB0000000000000000001", on_wire=on_wire)
    if isinstance(world, NeonizeWorld):
        phone = user_of(world.contacts[0])
        await world.received(world.contacts[0], 1)
        assert (await world.emulator.media(phone, sent.whatsapp_id))[1] == content


async def test_a_picture_of_a_link_is_uploaded(session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"picture")
    assert isinstance(session, Uploads)
    assert (await session.upload(tmp_path / "file", MediaKind.LINK_IMAGE)).length == 7


async def test_nothing_is_uploaded_by_a_session_that_is_not_connected(session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"picture")
    await session.close()
    assert isinstance(session, Uploads)
    with pytest.raises(NotConnected):
        await session.upload(tmp_path / "file", MediaKind.IMAGE)
