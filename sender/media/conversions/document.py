"""Documents go as they are; what is said about them is their type and, of a PDF, how many pages it has."""

import mimetypes
import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from common.media.sniffing import HEAD, UNKNOWN, sniff
from sender.media.job import Converted, Job

LARGEST_READ = 200 * 1024 * 1024  # bytes of a PDF that are searched
LARGEST_PART = 8 * 1024 * 1024  # bytes that one packed part may unpack to
MOST_UNPACKED = 64 * 1024 * 1024
MOST_PAGES = 1_000_000

_PAGES = re.compile(rb"/Type\s*/Pages\b")
_COUNT = re.compile(rb"/Count\s+(\d{1,9})\b")
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
_PACKED = re.compile(rb"/Type\s*/ObjStm\b")
_STREAM = re.compile(rb"stream\r?\n")


def document(job: Job) -> Converted:
    with job.source.open("rb") as file:
        mime = sniff(file.read(HEAD))
    pages = pages_of(job.source) if mime == "application/pdf" else 0
    named = mimetypes.guess_type(f"file.{job.extension}")[0] if job.extension else None
    return Converted(job.source, named or (mime if mime != UNKNOWN else UNKNOWN), pages=pages)


def pages_of(path: Path) -> int:
    """The number of pages of a PDF; 0 where it cannot be told (an encrypted or broken one)."""
    if not 0 < path.stat().st_size <= LARGEST_READ:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        most, single = _count(content)
        for part in _unpacked(content):
            more, pages = _count(part)
            most, single = max(most, more), single + pages
    found = most or single
    return found if found <= MOST_PAGES else 0


def _count(content: bytes | mmap.mmap) -> tuple[int, int]:
    """The largest count that a tree of pages says of itself (the root's, then), and the pages that stand alone."""
    most = 0
    for match in _PAGES.finditer(content):
        # The two entries stand in one dictionary, in any order.
        around = bytes(content[max(0, match.start() - 2_000) : match.end() + 20_000])
        middle = min(match.start(), 2_000)
        start = around.rfind(b" obj", 0, middle)
        end = around.find(b"endobj", middle)
        for count in _COUNT.finditer(around[max(start, 0) : end if end >= 0 else middle + 2_000]):
            most = max(most, int(count[1]))
    return most, sum(1 for _ in _PAGE.finditer(content))


def _unpacked(content: mmap.mmap) -> Iterator[bytes]:
    """The streams that hold objects, as newer PDFs keep them."""
    budget = MOST_UNPACKED
    for match in _PACKED.finditer(content):
        begin = _STREAM.search(content, match.end(), match.end() + 2_000)
        if begin is None:
            continue
        try:
            part = zlib.decompressobj().decompress(content[begin.end() : begin.end() + LARGEST_PART], LARGEST_PART)
        except zlib.error:
            continue
        budget -= len(part)
        if budget < 0:
            return
        yield part
