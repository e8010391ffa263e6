"""The disk for files: where a file arrives, where it lies when there is no bucket, and where it is worked on.

Everything here blocks: callers are threads. Folders are made when they are first needed.
"""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import BinaryIO, Self
from uuid import UUID, uuid4

from common.media.errors import DiskFailed, DiskFull, MediaError, MediaGone
from common.media.sniffing import HEAD, sniff

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_ARRIVING, _KEPT, _WORK = "arriving", "kept", "work"

# A flush of many large files at once would hold up every commit of a database on the same disk for seconds.
SYNC_EVERY = 4 * 1024 * 1024  # bytes

OpenFile = Callable[[Path], BinaryIO]


@contextmanager
def disk_errors() -> Iterator[None]:
    """What the system says about a disk, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise MediaGone from error
    except OSError as error:
        raise (DiskFull if error.errno in _FULL else DiskFailed)() from error


class Arriving:
    """A file that is being written; `remove` (or leaving its context) deletes it unless the disk has taken it over."""

    def __init__(self, path: Path, open_file: OpenFile) -> None:
        self.path = path
        self.size = 0
        self._unsynced = 0
        self._head = b""
        self._hash = hashlib.sha256()
        self._file = open_file(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def write(self, part: bytes) -> None:
        """Raises DiskFull, DiskFailed."""
        with disk_errors():
            self._file.write(part)
            self._unsynced += len(part)
            if self._unsynced >= SYNC_EVERY:
                self._file.flush()
                os.fdatasync(self._file.fileno())
                self._unsynced = 0
        self._hash.update(part)
        self.size += len(part)
        if len(self._head) < HEAD:
            self._head += part[: HEAD - len(self._head)]

    def finish(self) -> None:
        """On the disk for good when this returns. Raises DiskFull, DiskFailed."""
        with disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()

    @property
    def mime(self) -> str:
        return sniff(self._head)

    def remove(self) -> None:
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


class Disk:
    """`root` may be one machine's own or shared by all. A file in it holds the disk's id, so that rows can say on
    which disk a file lies and a reader knows whether that is the one it sees."""

    def __init__(self, root: Path, open_file: OpenFile = lambda path: path.open("xb")) -> None:
        self._root = root.absolute()  # other processes are told paths in it
        self._open_file = open_file
        self._id: UUID | None = None

    @property
    def id(self) -> UUID:
        """Raises DiskFull, DiskFailed."""
        if self._id is None:
            with disk_errors():
                self._id = self._read_id()
        return self._id

    @property
    def exists(self) -> bool:
        return self._root.is_dir()

    def arrive(self) -> Arriving:
        """A new file to write to."""
        with disk_errors():
            return Arriving(self._folder(_ARRIVING) / uuid4().hex, self._open_file)

    def keep(self, arriving: Path, key: str) -> None:
        """Take over a finished file under `key`: a change of name, not a copy."""
        with disk_errors():
            target = self._folder(_KEPT, key[:2]) / key
            arriving.rename(target)
            # Without this the name may be lost with the power, although the content is there.
            descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def path_of(self, key: str) -> Path:
        return self._root / _KEPT / key[:2] / key

    def delete(self, key: str) -> None:
        with suppress(MediaError), disk_errors():
            self.path_of(key).unlink(missing_ok=True)

    def link(self, key: str, target: Path) -> None:
        """The file of `key` under another name on this disk, also when `key` is deleted meanwhile. Raises MediaGone."""
        with disk_errors():
            try:
                os.link(self.path_of(key), target)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    raise
                shutil.copyfile(self.path_of(key), target)  # a file system without links

    def work_folder(self) -> Path:
        """A new folder for one piece of work; whoever takes it deletes it."""
        with disk_errors():
            return Path(mkdtemp(dir=self._folder(_WORK)))

    def sweep(self, older_than: timedelta) -> int:
        """Delete what ended processes left in the places that are never kept; how many."""
        swept = 0
        limit = time.time() - older_than.total_seconds()
        for path in (*self._listed(_ARRIVING), *self._listed(_WORK)):
            with suppress(OSError):
                if path.stat().st_mtime < limit:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    swept += 1
        return swept

    def _listed(self, name: str) -> list[Path]:
        with suppress(OSError):
            return list((self._root / name).iterdir())
        return []

    def _folder(self, *names: str) -> Path:
        folder = self._root.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _read_id(self) -> UUID:
        path = self._folder() / "disk-id"
        with suppress(FileNotFoundError):
            return UUID(path.read_text())
        mine = path.with_name(f"disk-id.{uuid4().hex}")
        mine.write_text(str(uuid4()))
        # A link fails when another process was first, and never shows a half-written file.
        with suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
        return UUID(path.read_text())
