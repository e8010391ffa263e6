"""Downloads: what a contact sent is fetched, decrypted and checked, whatever the message claims of it."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import MediaAway, MediaNotUsable, NotConnected
from sender.whatsapp.session import (
    Downloads,
    MediaKind,
    ReceivedFile,
    Session,
    UploadedFile,
    Uploads,
)
from sender.whatsapp.simulated import SimulatedEngine
from tests.engines.worlds import NeonizeWorld, World

pytestmark = pytest.mark.anyio

CONTENT = os.urandom(300_001)


async def stored(world: World, session: Session, folder: Path, kind: MediaKind) -> ReceivedFile:
    """A file on WhatsApp's servers, as a message tells of it."""
    (folder / "source").write_bytes(CONTENT)
    assert isinstance(session, Uploads)
    file: UploadedFile = await session.upload(folder / "source", kind)
    if isinstance(world.engine, SimulatedEngine):
        world.engine.files[file.direct_path] = CONTENT
    return ReceivedFile(kind, file.direct_path, file.media_key, file.sha256, file.encrypted_sha256, file.length)


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT])
async def test_a_file_is_downloaded_as_it_was_sent(
    world: World, session: Session, tmp_path: Path, kind: MediaKind
) -> None:
    file = await stored(world, session, tmp_path, kind)
    assert isinstance(session, Downloads)
    await session.download(file, tmp_path / "target", len(CONTENT))
    assert (tmp_path / "target").read_bytes() == CONTENT


async def test_a_file_that_is_larger_than_allowed_is_not_written(
    world: World, session: Session, tmp_path: Path
) -> None:
    file = await stored(world, session, tmp_path, MediaKind.IMAGE)
    assert isinstance(session, Downloads)
    with pytest.raises(MediaNotUsable):
        await session.download(file, tmp_path / "target", len(CONTENT) - 1)
    assert not (tmp_path / "target").exists()


async def test_a_file_that_the_servers_do_not_have_is_given_up(world: World, session: Session, tmp_path: Path) -> None:
    file = await stored(world, session, tmp_path, MediaKind.IMAGE)
    assert isinstance(session, Downloads)
    with pytest.raises(MediaNotUsable):
        await session.download(replace(file, direct_path="/v/t62.7118-24/no-such-file.enc"), tmp_path / "target", 10**6)


LIES: dict[str, dict[str, object]] = {
    "another content": {"sha256": hashlib.sha256(b"another").digest()},
    "another length": {"length": 7},
    "another key": {"media_key": bytes(32)},
    "a key that is none": {"media_key": b"short"},
    "no hash": {"encrypted_sha256": b""},
    "a negative length": {"length": 2**63},
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_a_message_claims_of_its_file_is_not_believed(
    world: World, session: Session, tmp_path: Path, lie: str
) -> None:
    if not isinstance(world, NeonizeWorld):
        return  # the simulated servers hold plain files
    file = await stored(world, session, tmp_path, MediaKind.IMAGE)
    assert isinstance(session, Downloads)
    # What the servers have is never given out as something else; a lie about nothing that matters does no harm.
    error = None
    try:
        await session.download(replace(file, **LIES[lie]), tmp_path / "target", 10**6)  # type: ignore[arg-type]
    except (MediaNotUsable, MediaAway) as refused:
        error = refused
    target = tmp_path / "target"
    assert (target.read_bytes() if target.exists() else None) == (None if error else CONTENT)
    assert session.is_connected


@pytest.mark.parametrize("path", ["", "@127.0.0.1/x", "//127.0.0.1:9/x", "http://127.0.0.1:9/x", "/../../x"])
async def test_a_path_leads_nowhere_but_to_the_servers_of_whatsapp(
    world: World, session: Session, tmp_path: Path, path: str
) -> None:
    file = await stored(world, session, tmp_path, MediaKind.IMAGE)
    assert isinstance(session, Downloads)
    with pytest.raises((MediaNotUsable, MediaAway)):
        await session.download(replace(file, direct_path=path), tmp_path / "target", 10**6)


async def test_nothing_is_downloaded_by_a_session_that_is_not_connected(
    world: World, session: Session, tmp_path: Path
) -> None:
    file = await stored(world, session, tmp_path, MediaKind.IMAGE)
    await session.close()
    assert isinstance(session, Downloads)
    with pytest.raises(NotConnected):
        await session.download(file, tmp_path / "target", 10**6)
