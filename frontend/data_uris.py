"""Data URIs of a JSON body, decoded onto the disk as they arrive, so that a body is never in memory as a whole.

In valid JSON `"data:` with a quote that is not escaped begins a string, so the body need not be parsed to find one.
What stays of it is the same body with a short stand-in for each payload; the stand-in is itself a valid data URI of the
same type, so that validation sees what it would have seen.
"""

import asyncio
import base64
import binascii
import re
from types import TracebackType
from typing import Self
from uuid import uuid4

from common.media.disk import Arriving, Disk

BEGINNING = b'"data:'
LONGEST_HEAD = 256  # bytes of what stands before the payload
BATCH = 192 * 1024  # bytes of base64 that are decoded and written at a time, beside the loop
MOST_FILES = 64  # in one body

_HEAD = re.compile(rb"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(?:u00([0-7][0-9a-fA-F])|(.))", re.DOTALL)
# Some encoders break lines of base64; that is white space, not data.
_PLAIN = {b"/": b"/", b"n": b"", b"r": b"", b"t": b"", b"\\": b"\\"}


class FileTooLarge(Exception):
    """The files of a body are larger than its route takes."""


class TextTooLarge(Exception):
    """What is left of a body without its files is larger than allowed."""


class TooManyFiles(Exception):
    """A body holds more files than any request may."""


class DataUri:
    """One payload on its way to the disk. `fault` says what is wrong with it, if anything is."""

    def __init__(self, arriving: Arriving) -> None:
        self.arriving = arriving
        self.stand_in = base64.b64encode(uuid4().bytes[:15]).decode()
        self.fault: str | None = None
        self._has_ended = False

    def decode(self, payload: bytes) -> None:
        """Blocks. All but the last `payload` are whole groups of four characters. Raises DiskFull, DiskFailed."""
        if self.fault is not None or not payload:
            return
        if self._has_ended:
            self.fault = "the data URI does not hold valid base64"
            return
        try:
            if len(payload) % 4:
                raise ValueError
            content = binascii.a2b_base64(payload, strict_mode=True)
        except ValueError:
            self.fault = "the data URI does not hold valid base64"
            return
        self._has_ended = payload.endswith(b"=")
        self.arriving.write(content)


class DataUris:
    """Feed it the body; `text` is what is left of it. Leaving its context deletes every file that nobody has kept."""

    def __init__(self, disk: Disk, *, largest_text: int, largest_files: int) -> None:
        self.found: dict[str, DataUri] = {}
        self.text = bytearray()
        self._disk = disk
        self._largest_text = largest_text
        self._largest_encoded = largest_files // 3 * 4 + 4
        self._encoded = 0
        self._rest = b""
        self._open: DataUri | None = None
        self._payload: list[bytes] = []
        self._gathered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for uri in self.found.values():
            uri.arriving.remove()

    async def feed(self, part: bytes) -> None:
        """Raises FileTooLarge, TextTooLarge, TooManyFiles, DiskFull, DiskFailed."""
        rest: bytes | None = self._rest + part
        self._rest = b""
        while rest:
            rest = await (self._take_text(rest) if self._open is None else self._take_payload(rest, self._open))
        if len(self.text) > self._largest_text:
            raise TextTooLarge

    async def finish(self) -> bytes:
        """What is left of the body, once all of it was fed."""
        if self._open is not None:
            await self._write(self._open, is_last=True)
        self.text += self._rest
        return bytes(self.text)

    # --- text ---

    async def _take_text(self, data: bytes) -> bytes | None:
        """What is still to be looked at; None when more has to come first."""
        at = data.find(BEGINNING)
        if at < 0:
            keep = len(BEGINNING) - 1
            self.text += data[:-keep]
            self._rest = data[-keep:]
            return None
        self.text += data[:at]
        head = data[at + 1 : at + 1 + LONGEST_HEAD]
        comma, quote = head.find(b","), head.find(b'"')
        if comma < 0 and quote < 0 and len(head) < LONGEST_HEAD:
            self._rest = data[at:]
            return None
        if comma < 0 or 0 <= quote < comma or self._is_escaped() or not _HEAD.fullmatch(_unescape(head[: comma + 1])):
            self.text += data[at : at + len(BEGINNING)]
            return data[at + len(BEGINNING) :]
        if len(self.found) == MOST_FILES:
            raise TooManyFiles
        self._open = DataUri(await asyncio.to_thread(self._disk.arrive))
        self.found[self._open.stand_in] = self._open
        self.text += data[at : at + 1 + comma + 1] + self._open.stand_in.encode()
        return data[at + 1 + comma + 1 :]

    def _is_escaped(self) -> bool:
        """Whether the quote that would come next is part of a string: after an odd number of backslashes."""
        return (len(self.text) - len(self.text.rstrip(b"\\"))) % 2 == 1

    # --- payload ---

    async def _take_payload(self, data: bytes, uri: DataUri) -> bytes | None:
        end = _find_end(data)
        part, rest = (data, None) if end < 0 else (data[:end], data[end:])
        if b"\\" in part:
            if rest is None and (cut := _cut_escape(part)):
                part, self._rest = part[:-cut], part[-cut:]
            part = _unescape(part)
        self._encoded += len(part)
        if self._encoded > self._largest_encoded:
            raise FileTooLarge
        self._payload.append(part)
        self._gathered += len(part)
        if rest is not None:
            await self._write(uri, is_last=True)
            self._open = None
        elif self._gathered >= BATCH:
            await self._write(uri, is_last=False)
        return rest

    async def _write(self, uri: DataUri, *, is_last: bool) -> None:
        payload = b"".join(self._payload)
        spare = 0 if is_last else len(payload) % 4
        self._payload = [payload[len(payload) - spare :]]
        self._gathered = spare
        if is_last:
            self._payload, self._gathered = [], 0
        await asyncio.to_thread(uri.decode, payload[: len(payload) - spare])
        if is_last and uri.fault is None and uri.arriving.size == 0:
            uri.fault = "the data URI is empty"


def _find_end(data: bytes) -> int:
    """The quote that ends the string; -1 when it has not come yet."""
    end = data.find(b'"')
    while end >= 0 and (end - len(data[:end].rstrip(b"\\"))) % 2:
        end = data.find(b'"', end + 1)
    return end


def _cut_escape(part: bytes) -> int:
    """How many bytes at the end may be the beginning of an escape."""
    at = part.rfind(b"\\", -5)
    if at < 0:
        return 0
    backslashes = len(part[: at + 1]) - len(part[: at + 1].rstrip(b"\\"))
    if backslashes % 2 == 0:
        return 0
    tail = part[at:]
    is_whole = len(tail) >= 2 and not (tail[1:2] == b"u" and len(tail) < 6)
    return 0 if is_whole else len(tail)


def _unescape(part: bytes) -> bytes:
    """As JSON reads it, as far as base64 needs it: anything else is left and is no valid base64."""

    def read(match: re.Match[bytes]) -> bytes:
        if match[1] is not None:
            return bytes([int(match[1], 16)])
        return _PLAIN.get(match[2], match[0])

    return _ESCAPE.sub(read, part) if b"\\" in part else part
