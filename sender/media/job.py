"""One conversion as data, between the node and its media workers: JSON lines, because both ends are ours."""

import base64
import errno
import json
from dataclasses import asdict, dataclass
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)

FORMS = ("image", "sticker", "gif", "video", "video-note", "voice", "document", "link-image", "profile")


@dataclass(frozen=True, slots=True)
class Job:
    """Make `form` of `source`. `target` is a path for the result, used only when the source will not do as it is."""

    form: str
    source: Path
    target: Path
    extension: str = ""
    author: str = ""

    def to_line(self) -> bytes:
        fields = {**asdict(self), "source": str(self.source), "target": str(self.target)}
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Job":
        fields = json.loads(line)
        return cls(**{**fields, "source": Path(fields["source"]), "target": Path(fields["target"])})


@dataclass(frozen=True, slots=True)
class Converted:
    """The file at `path` is what may be uploaded; what does not apply to its form is left at its default."""

    path: Path
    mime: str
    width: int = 0
    height: int = 0
    seconds: int = 0
    pages: int = 0
    thumbnail: bytes = b""
    wave: bytes = b""
    is_animated: bool = False

    def to_line(self) -> bytes:
        packed = {"path": str(self.path), "thumbnail": _pack(self.thumbnail), "wave": _pack(self.wave)}
        return json.dumps({**asdict(self), **packed}).encode() + b"\n"


class TryAgain(Exception):
    """The conversion failed for a reason that is not the file's."""

    def to_line(self) -> bytes:
        return json.dumps({"again": str(self)}).encode() + b"\n"


class NotUsable(Exception):
    """This file cannot become what the message needs. The text is for the caller of the API."""

    def to_line(self) -> bytes:
        return json.dumps({"refused": str(self)}).encode() + b"\n"


def read_answer(line: bytes) -> Converted:
    """Raises NotUsable or TryAgain when that is the answer, ValueError when it is none."""
    fields = json.loads(line)
    if "again" in fields:
        raise TryAgain(fields["again"])
    if "refused" in fields:
        raise NotUsable(fields["refused"])
    unpacked = {name: base64.b64decode(fields[name]) for name in ("thumbnail", "wave")}
    return Converted(**{**fields, **unpacked, "path": Path(fields["path"])})


def check_disk(error: OSError) -> None:
    """A full disk is no fault of the file. Raises TryAgain."""
    if error.errno in _FULL:
        raise TryAgain("no space left for the converted file")


def _pack(value: bytes) -> str:
    return base64.b64encode(value).decode()
