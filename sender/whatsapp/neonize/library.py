"""The engine's shared library, loaded without its Python client: only session hosts and nobody else may import this.

Its exported functions take no care of their arguments: a wrong one aborts the process. Whoever calls them keeps the
rules written at each function, and the gate (`sender.host.gate`).
"""

import ctypes
import mmap
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sender.whatsapp.bare_package import load_bare
from sender.whatsapp.neonize.functions import functions_of

# The public key that WhatsApp's certificates are checked against, as it lies in the library's data.
WHATSAPP_NOISE_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")

# Every event the library can tell, but 1 (the QR codes, which have a callback of their own) and 45 (a secret).
SUBSCRIBED = bytes(range(2, 45))

MEDIA = {"image": 0, "video": 1, "audio": 2, "document": 3, "link-image": 6}
"""The library's numbers of kinds of files. They index an array there: another one aborts the process."""

DEVICE = 0
"""The code of the first event of a session: from then on its functions may be called."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Called from threads of the library, which waits for them to return. They must not raise.

    `event` and `qr` come in the session's own thread, `log` in any.
    """

    event: Callable[[int, bytes], None]
    qr: Callable[[bytes], None]
    status: Callable[[bytes], None]
    log: Callable[[bytes], None]


class Library:
    """What a host uses of the library. `session` is a name made by us, never used twice in a process."""

    def __init__(self, binder: Any) -> None:
        self._binder = binder
        self._go = binder.gocode
        self._answers = functions_of(self._go)

    @classmethod
    def load(cls, noise_root: bytes | None = None) -> Self:
        """Load it; `noise_root` replaces WhatsApp's key (for a server of our own). Once per process, before any use."""
        library = cls(_binder())
        if noise_root is not None:
            _replace(WHATSAPP_NOISE_ROOT, noise_root)
        return library

    @property
    def version(self) -> str:
        version: bytes = self._go.GetVersion()
        return version.decode()

    def sit(
        self, session: str, store: str, device: bytes, properties: bytes, callbacks: Callbacks, proxy: str = ""
    ) -> str:
        """Connect and stay until `stop`; returns why it ended ('' when stopped).

        `device` is an exact device address that is in the store (another one aborts the process), or empty to pair a
        new one. `store` must be a URL, else a file of that name is made. `proxy` is a URL too; empty leaves it to the
        environment.
        """
        if not store.startswith(("postgres://", "postgresql://")):
            raise ValueError("the session store must be a Postgres URL")
        binder = self._binder
        held = (
            binder.func_string(lambda _, text: callbacks.qr(ctypes.string_at(text))),
            binder.func_string(lambda _, text: callbacks.status(ctypes.string_at(text))),
            binder.func_callback_bytes(lambda _, at, size, code: callbacks.event(code, ctypes.string_at(at, size))),
            binder.func_callback_bytes2(lambda at, size: callbacks.log(ctypes.string_at(at, size))),
        )
        way = binder.ProxySettings(proxy)._to_c_struct() if proxy else None
        error: bytes = self._go.Neonize(
            store.encode(),
            session.encode(),
            device,
            len(device),
            int(not device),
            b"DEBUG",  # so that `log` sees each stanza before it is written
            *held,
            SUBSCRIBED,
            len(SUBSCRIBED),
            properties,
            len(properties),
            b"",
            0,
            ctypes.byref(way) if way is not None else None,
        )
        return error.decode(errors="replace")

    def send(self, session: str, to: bytes, message: bytes) -> bytes:
        """Blocks until the server answered: 75 s and more. Both are protobuf messages with all required fields."""
        answer: bytes = self._go.SendMessage(session.encode(), to, len(to), message, len(message))
        return answer

    def show_presence(self, session: str, to: bytes, *, composing: bool, recording: bool) -> str:
        """The two numbers index arrays in the library: nothing but 0 and 1 may reach it."""
        error: bytes = self._go.SendChatPresence(
            session.encode(), to, len(to), 0 if composing else 1, 1 if recording else 0
        )
        return error.decode(errors="replace")

    def mark_read(self, session: str, ids: Sequence[str], at: int, chat: bytes, sender: bytes) -> str:
        """The library takes the ids apart at spaces. Both addresses have all required fields; in a chat of two they
        are the same."""
        told = " ".join(ids).encode()
        error: bytes = self._go.MarkRead(session.encode(), told, at, chat, len(chat), sender, len(sender), b"read")
        return error.decode(errors="replace")

    def reject_call(self, session: str, caller: bytes, call: str) -> str:
        """`caller` has all required fields. '' or the error."""
        error: bytes = self._go.RejectCall(session.encode(), caller, len(caller), call.encode())
        return error.decode(errors="replace")

    def pair_phone(self, session: str, parameters: bytes) -> bytes:
        """A code for a session that shows QR codes. `parameters` has all its fields (one that lacks aborts the
        process). Blocks until the server answered."""
        answer: bytes = self._go.PairPhone(session.encode(), parameters, len(parameters))
        return answer

    def ask(self, session: str, name: str, body: bytes) -> bytes:
        """A question to WhatsApp in the library's own form; blocks until it is answered. Raises KeyError for a name
        that is not in the table: no other function of the library may be reached from outside."""
        return self._answers[name](session.encode(), body)

    def upload(self, session: str, path: Path, kind: str) -> bytes:
        """Blocks until the file is on WhatsApp's servers or is not. `kind` is a key of MEDIA; the file is not empty.

        The file is mapped, not read; the library then holds it in memory several times over while it encrypts.
        """
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as content:
            view = (ctypes.c_char * len(content)).from_buffer(content)
            try:
                place = ctypes.c_char_p(ctypes.addressof(view))
                answer: bytes = self._go.Upload(session.encode(), place, len(content), MEDIA[kind])
            finally:
                del view  # or the map could not be closed
        return answer

    def download(self, session: str, message: bytes) -> tuple[str, memoryview]:
        """(error, content). Blocks until the file of the message is here or is not.

        `message` has one file with a path and no URL: the library would fetch whatever URL a message names. It holds
        the file in memory several times over while it decrypts, however long the message said that it was.
        """
        answer: bytes = self._go.DownloadAny(session.encode(), message, len(message))
        return read_download(answer)

    def logout(self, session: str) -> str:
        """Blocks until the server answered. The device is gone from the store then; '' or the error."""
        error: bytes = self._go.Logout(session.encode())
        return error.decode(errors="replace")

    def disconnect(self, session: str) -> None:
        """Close the socket; a waiting `send` returns. Waits for a dialing that is under way, up to 60 s."""
        self._go.Disconnect(session.encode())

    def stop(self, session: str) -> None:
        """End `sit`. What the library has not handed over yet is lost; it writes the tables behind the gate."""
        self._go.Stop(session.encode())

    def make_schema(self, store: str) -> str:
        """Create or upgrade the session store's tables; '' or the error. Not safe beside another one doing the same."""
        ignore = self._binder.func_callback_bytes2(lambda at, size: None)
        answer: bytes = self._go.GetAllDevices(store.encode(), ignore)
        text = answer.decode(errors="replace")
        return text if text.startswith("error: ") else ""


def read_download(answer: bytes) -> tuple[str, memoryview]:
    """A DownloadReturnFunction (1: the content, 2: an error), read in place: a parser would copy the file twice."""
    fields = {1: memoryview(b""), 2: memoryview(b"")}
    view, at = memoryview(answer), 0
    while at < len(view):
        tag, at = _varint(view, at)
        length, at = _varint(view, at)
        if tag & 7 != 2 or at + length > len(view):
            raise ValueError("the answer to a download is not what it should be")
        fields[tag >> 3] = view[at : at + length]
        at += length
    return bytes(fields[2]).decode(errors="replace"), fields[1]


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _binder() -> Any:
    """neonize's ctypes declarations. Its other modules (pictures, downloads...) cost 0.7 s and 30 MB: they stay out."""
    folder = Path(load_bare("neonize").__path__[0])
    no_download = types.ModuleType("neonize.download")
    no_download.__dict__["__GONEONIZE_VERSION__"] = _version_in(folder / "download.py")
    no_download.__dict__["download"] = _refuse_download
    no_utilities = types.ModuleType("neonize.utils")
    no_utilities.__path__ = [str(folder / "utils")]
    sys.modules.setdefault("neonize.download", no_download)
    sys.modules.setdefault("neonize.utils", no_utilities)
    from neonize import _binder

    return _binder


def _version_in(source: Path) -> str:
    return source.read_text().split('__GONEONIZE_VERSION__ = "')[1].split('"')[0]


def _refuse_download() -> None:
    raise RuntimeError("neonize's shared library is missing from its package")


def _replace(old: bytes, new: bytes) -> None:
    """Overwrite the one place of `old` in the library's writable memory. The file on disk is untouched."""
    if len(new) != len(old):
        raise ValueError(f"a Noise root key has {len(old)} bytes, not {len(new)}")
    places = [start + at for start, data in _writable_memory() for at in _occurrences(old, data)]
    if len(places) != 1:
        raise RuntimeError(f"the Noise root key is in {len(places)} places of the library, not in one")
    ctypes.memmove(places[0], new, len(new))


def _writable_memory() -> Iterator[tuple[int, bytes]]:
    for line in Path("/proc/self/maps").read_text().splitlines():
        columns = line.split(maxsplit=5)
        if len(columns) == 6 and "neonize-" in columns[5] and columns[1].startswith("rw"):
            start, end = (int(bound, 16) for bound in columns[0].split("-"))
            yield start, ctypes.string_at(start, end - start)


def _occurrences(needle: bytes, data: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)
