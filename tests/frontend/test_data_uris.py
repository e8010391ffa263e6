"""Data URIs are taken out of a body as it arrives, wherever its parts are cut and however its encoder escapes."""

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.media.disk import Disk
from common.media.errors import DiskFull
from frontend.data_uris import MOST_FILES, DataUris, FileTooLarge, TextTooLarge, TooManyFiles

pytestmark = pytest.mark.anyio

CONTENT = os.urandom(5000)
ENCODED = base64.b64encode(CONTENT).decode()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "media")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def take(disk: Disk, body: bytes, cuts: int = 7, **limits: int) -> tuple[dict[str, object], dict[str, bytes]]:
    """The body that is left, and the content of each stand-in."""
    largest = {"largest_text": 100_000, "largest_files": 1_000_000, **limits}
    with DataUris(disk, **largest) as uris:
        for start in range(0, len(body), cuts):
            await uris.feed(body[start : start + cuts])
        text = await uris.finish()
        contents = {}
        for stand_in, uri in uris.found.items():
            assert uri.fault is None, uri.fault
            uri.arriving.finish()
            contents[stand_in] = uri.arriving.path.read_bytes()
    return json.loads(text), contents


async def test_a_payload_goes_to_the_disk_and_a_short_one_stands_in_for_it(disk: Disk, tmp_path: Path) -> None:
    body = json.dumps({"phone": "5511988887777", "image": f"data:image/png;base64,{ENCODED}", "caption": "x"}).encode()
    left, contents = await take(disk, body)
    ((stand_in, content),) = contents.items()
    assert left == {"phone": "5511988887777", "image": f"data:image/png;base64,{stand_in}", "caption": "x"}
    assert content == CONTENT
    assert len(base64.b64decode(stand_in, validate=True)) > 0
    assert files_in(tmp_path) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.binary(min_size=1, max_size=400), max_size=4),
    texts=st.lists(st.text(max_size=40) | st.sampled_from(['"data:', "data:", '\\"data:image/png;base64,AAAA', "\\"])),
    cuts=st.integers(1, 200),
    escape=st.sampled_from(["none", "slash", "unicode", "lines"]),
)
async def test_any_body_is_read_as_a_json_reader_would(
    disk: Disk, files: list[bytes], texts: list[str], cuts: int, escape: str
) -> None:
    uris = [f"data:image/png;base64,{base64.b64encode(file).decode()}" for file in files]
    body = json.dumps({"files": uris, "texts": [f" {text}" for text in texts], "end": 1})
    if escape == "slash":
        body = body.replace("/", "\\/")
    if escape == "unicode":
        for character in "+/=":
            body = body.replace(character, f"\\u{ord(character):04X}")
    if escape == "lines":
        body = body.replace("A", "A\\r\\n") if "A" not in "".join(texts) else body
    left, contents = await take(disk, body.encode(), cuts)
    assert [contents[str(uri).partition(",")[2]] for uri in left["files"]] == files  # type: ignore[attr-defined]
    if escape != "lines":
        assert left["texts"] == [f" {text}" for text in texts]
    assert left["end"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "data:",
        "data: not one",
        "data:image/png,AAAA",
        "data:;base64,AAAA",
        "data:" + "x" * 1000,
        'say "data:image/png;base64,AAAA" aloud',
        "database",
    ],
)
async def test_what_only_looks_like_a_data_uri_is_left_alone(disk: Disk, text: str) -> None:
    body = {"message": text, "other": [text]}
    assert await take(disk, json.dumps(body).encode(), 3) == (body, {})


@pytest.mark.parametrize(
    "payload", ["", "A", "AAA", "AA=A", "AAAA=", "AA==AAAA", "====", "AA-_", "AA AA", "\\u00e9AAA", 'A\\"AA']
)
async def test_what_is_not_base64_is_a_fault_of_that_file(disk: Disk, payload: str) -> None:
    with DataUris(disk, largest_text=1000, largest_files=1000) as uris:
        await uris.feed(b'{"image": "data:image/png;base64,' + payload.encode() + b'", "caption": "x"}')
        left = json.loads(await uris.finish())
        (uri,) = uris.found.values()
    assert uri.fault is not None
    assert left["caption"] == "x"


async def test_the_fault_is_found_in_a_later_batch_too(disk: Disk) -> None:
    first = base64.b64encode(bytes(600_001)).decode()
    with DataUris(disk, largest_text=1000, largest_files=10_000_000) as uris:
        body = f'{{"image": "data:image/png;base64,{first}{first}"}}'.encode()
        for start in range(0, len(body), 65_536):
            await uris.feed(body[start : start + 65_536])
        await uris.finish()
        (uri,) = uris.found.values()
    assert uri.fault is not None


async def test_limits(disk: Disk, tmp_path: Path) -> None:
    uri = f"data:image/png;base64,{ENCODED}"
    with pytest.raises(FileTooLarge):
        await take(disk, json.dumps({"image": uri}).encode(), largest_files=4000)
    with pytest.raises(FileTooLarge):
        await take(disk, json.dumps([uri, uri]).encode(), largest_files=9000)
    with pytest.raises(TextTooLarge):
        await take(disk, json.dumps({"caption": "x" * 2000}).encode(), largest_text=1000)
    with pytest.raises(TooManyFiles):
        await take(disk, json.dumps(["data:a/b;base64,AAAA"] * (MOST_FILES + 1)).encode())
    assert files_in(tmp_path) == []


async def test_a_full_disk_is_said_so(full_disk: Disk) -> None:
    content = base64.b64encode(bytes(600_000)).decode()
    with pytest.raises(DiskFull):
        await take(full_disk, json.dumps({"image": f"data:image/png;base64,{content}"}).encode(), 65_536)
