"""Packages of peers: only the pinned archive is unpacked, and nothing outside of its place."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from loadtests.peers.packages import Pin, Unavailable, read_pins, unpack


def archive(path: Path, *names: str) -> str:
    """An archive with these members; its digest."""
    with tarfile.open(path, "w:gz") as opened:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            opened.addfile(member, io.BytesIO(b"{}"))
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def test_an_archive_with_another_digest_is_refused(tmp_path: Path) -> None:
    archive(tmp_path / "one.tgz", "package/package.json")
    with pytest.raises(Unavailable, match="not the pinned one"):
        unpack(tmp_path / "one.tgz", Pin("one", "1.0.0", "sha512-AAAA"), tmp_path / "modules" / "one")
    assert not (tmp_path / "modules").exists()


def test_the_folder_around_the_files_is_dropped(tmp_path: Path) -> None:
    digest = archive(tmp_path / "one.tgz", "package/package.json", "package/lib/index.js")
    unpack(tmp_path / "one.tgz", Pin("one", "1.0.0", digest), tmp_path / "modules" / "one")
    assert sorted(path.name for path in (tmp_path / "modules" / "one").rglob("*.js*")) == ["index.js", "package.json"]


def test_a_member_that_leads_out_is_refused(tmp_path: Path) -> None:
    digest = archive(tmp_path / "one.tgz", "package/../../../evil.js")
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(tmp_path / "one.tgz", Pin("one", "1.0.0", digest), tmp_path / "modules" / "one")


def test_every_pin_has_a_place_a_version_and_a_digest() -> None:
    pins = read_pins()
    assert {"fastify", "bullmq", "graphile-worker"} <= {pin.name for pin in pins}
    assert all(pin.digest.startswith("sha512-") and pin.version[0].isdigit() for pin in pins)
    assert all("://" not in " ".join((pin.place, pin.version, pin.digest)) for pin in pins)
