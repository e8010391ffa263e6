"""Ranges: which part of a file a request wants, as RFC 9110 writes it."""

import re

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


class NoSuchPart(Exception):
    """The file ends before the part that is wanted begins."""


def read_range(text: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None: the whole file. Raises NoSuchPart.

    What cannot be read, and several parts at once, are answered with the whole file, as the standard allows.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or match[0].endswith("=-"):
        return None
    first, last = match[1], match[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise NoSuchPart
    return start, end
