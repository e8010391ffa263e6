"""A process with real neonize sessions in it, for tests: JSON lines in, JSON lines out. Run by `neonize_process.py`.

In:  {"start": session, "store": path, "device": base64} or {"id": n, "call": name, "arguments": [...]}
Out: {"event": code, "session": name, "body": base64} or {"id": n, "answer": base64 or number, "error": text}
An argument {"bytes": base64} stands for bytes and, after it, their length, as the library wants them.
"""

import base64
import ctypes
import json
import os
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sender.whatsapp.bare_package import load_bare

NOISE_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
SUBSCRIBED = bytes(range(2, 45))

# The library prints; what is ours goes to where standard output was.
_out = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
_lock = threading.Lock()
_kept: list[Any] = []  # callbacks that the library may still call


def tell(**message: Any) -> None:
    with _lock:
        _out.write(json.dumps(message) + "\n")


def load(noise_root: bytes) -> Any:
    folder = Path(load_bare("neonize").__path__[0])
    download = types.ModuleType("neonize.download")
    source = (folder / "download.py").read_text()
    download.__dict__["__GONEONIZE_VERSION__"] = source.split('__GONEONIZE_VERSION__ = "')[1].split('"')[0]
    download.__dict__["download"] = None
    utilities = types.ModuleType("neonize.utils")
    utilities.__path__ = [str(folder / "utils")]
    sys.modules.update({"neonize.download": download, "neonize.utils": utilities})
    from neonize import _binder

    (place,) = (at for start, data in _writable() for at in [start + data.find(NOISE_ROOT)] if at >= start)
    ctypes.memmove(place, noise_root, len(noise_root))
    return _binder


def _writable() -> list[tuple[int, bytes]]:
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        columns = line.split(maxsplit=5)
        if len(columns) == 6 and "neonize-" in columns[5] and columns[1].startswith("rw"):
            start, end = (int(bound, 16) for bound in columns[0].split("-"))
            found.append((start, ctypes.string_at(start, end - start)))
    return found


def start(binder: Any, session: str, store: str, device: bytes) -> None:
    def event(code: int, body: bytes) -> None:
        tell(event=code, session=session, body=base64.b64encode(body).decode())

    held = (
        binder.func_string(lambda _, text: tell(qr=ctypes.string_at(text).decode(), session=session)),
        binder.func_string(lambda _, text: tell(status=ctypes.string_at(text).decode(), session=session)),
        binder.func_callback_bytes(lambda _, at, size, code: event(code, ctypes.string_at(at, size))),
        binder.func_callback_bytes2(lambda at, size: None),
    )
    _kept.append(held)

    def run() -> None:
        error = binder.gocode.Neonize(
            store.encode(), session.encode(), device, len(device), int(not device), b"ERROR", *held, SUBSCRIBED,
            len(SUBSCRIBED), b"", 0, b"", 0, None,
        )  # fmt: skip
        tell(ended=error.decode(errors="replace"), session=session)

    threading.Thread(target=run, daemon=True).start()


def call(binder: Any, request: dict[str, Any]) -> None:
    arguments: list[Any] = []
    for argument in request["arguments"]:
        if isinstance(argument, dict):
            body = base64.b64decode(argument["bytes"])
            arguments += [body, len(body)]
        else:
            arguments.append(argument.encode() if isinstance(argument, str) else argument)
    try:
        answer = getattr(binder.gocode, request["call"])(*arguments)
        shown = base64.b64encode(answer).decode() if isinstance(answer, bytes) else answer
        tell(id=request["id"], answer=shown)
    except Exception as error:
        tell(id=request["id"], error=repr(error))


def main() -> None:
    binder = load(bytes.fromhex(sys.argv[1]))
    pool = ThreadPoolExecutor(64)
    tell(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            start(binder, request["start"], request["store"], base64.b64decode(request["device"]))
        else:
            pool.submit(call, binder, request)
    os._exit(0)  # the library's threads would keep the process


if __name__ == "__main__":
    main()
