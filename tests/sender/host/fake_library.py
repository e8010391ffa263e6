"""A stand-in for the engine's shared library: the same calls, callbacks and threads, and no network.

The text of a message says what becomes of it; see `_OUTCOMES` and `send`.
"""

import hashlib
import os
import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sender.whatsapp.neonize.library import DEVICE, Callbacks
from sender.whatsapp.neonize.protobuf import (
    JID,
    Device,
    IsOnWhatsAppReturnFunction,
    PairPhoneParams,
    PairPhoneReturnFunction,
    SendMessageReturnFunction,
    UploadReturnFunction,
)
from sender.whatsapp.protobuf import Message

CONNECTED, DISCONNECTED = 3, 12
FATAL = 66
"""The number of a device whose session aborts its host."""

_OUTCOMES = {
    "not on whatsapp": "no LID found for 551199999@s.whatsapp.net from server",
    "offline": "websocket not connected",
    "refused by the library": "can't send message type",
    "devices not found": "failed to get device list: info query returned status 500",
}
"""Errors that come before the message's id is known."""

_LATER_OUTCOMES = {
    "463": "server returned error 463",
    "479": "server returned error 479",
    "503": "server returned error 503",
    "answer lost": "timed out waiting for message send response",
}
"""Errors that come after the bytes left."""


def log_entry(level: str, name: str, text: str) -> bytes:
    """As the library encodes its log: message, level, name."""
    return b"".join(
        bytes([number << 3 | 2]) + _length(len(value.encode())) + value.encode()
        for number, value in ((1, text), (2, level), (3, name))
    )


def _length(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@dataclass
class _Sitting:
    callbacks: Callbacks
    events: queue.Queue[tuple[int, bytes] | None] = field(default_factory=queue.Queue)
    is_online: bool = True
    cut: threading.Event = field(default_factory=threading.Event)


class FakeLibrary:
    """`dialing` holds up every login until it is set."""

    version = "fake"

    def __init__(self, seed: int = 0) -> None:
        self._chance = Random(seed)
        self._sitting: dict[str, _Sitting] = {}
        self.dialing = threading.Event()
        self.dialing.set()
        self.left: list[tuple[str, str]] = []
        self.typing: list[tuple[str, bool, bool]] = []
        self.rejected: list[tuple[str, bytes, str]] = []
        self.read: list[tuple[str, list[str], bytes, bytes]] = []
        self.stopped: list[str] = []
        self.asked: list[tuple[str, bytes]] = []
        self.has_stored_device = threading.Event()

    def sit(
        self, session: str, store: str, device: bytes, properties: bytes, callbacks: Callbacks, proxy: str = ""
    ) -> str:
        sitting = self._sitting[session] = _Sitting(callbacks)
        callbacks.log(log_entry("DEBUG", "Client/Socket", "Dialing wss://web.whatsapp.com/ws/chat"))
        self.dialing.wait()
        if "refuse" in store:
            return "failed to dial whatsapp web websocket"
        callbacks.log(log_entry("DEBUG", "Client/Socket", "Frame websocket read pump starting 0x1"))
        jid = JID.FromString(device) if device else self._pair(properties, callbacks)
        if jid is None:
            threading.Event().wait()  # as the library does for ever
        callbacks.event(DEVICE, _device(jid).SerializeToString())
        if sitting.is_online:
            sitting.events.put((CONNECTED, b""))
        if jid.Device == FATAL:
            os.abort()
        while (event := sitting.events.get()) is not None:
            callbacks.event(*event)
        return ""

    def _pair(self, properties: bytes, callbacks: Callbacks) -> JID | None:
        callbacks.qr(b"2@first")
        if b"nobody scans yet" in properties:
            threading.Event().wait()
        if b"nobody scans" in properties:
            callbacks.status(b"timeout")
            return None
        callbacks.qr(b"2@second")
        callbacks.status(b"success")
        self.has_stored_device.set()
        return JID(User="5511900000001", RawAgent=0, Device=1, Integrator=0, Server="s.whatsapp.net", IsEmpty=False)

    def send(self, session: str, to: bytes, message: bytes) -> bytes:
        sitting, text = self._sitting[session], Message.FromString(message).conversation
        if text == "abort":
            os.abort()
        if text in _OUTCOMES:
            return _failed(_OUTCOMES[text])
        whatsapp_id = f"3EB0{self._chance.randrange(16**18):018X}"
        if text != "untold":
            stanza = f'<message id="{whatsapp_id}" to="1@lid" type="text"><enc/></message>'
            sitting.callbacks.log(log_entry("DEBUG", "Client/Send", stanza))
        if not sitting.is_online:
            return _failed("failed to send message node: websocket not connected")
        self.left.append((session, text))
        if text == "abort on wire":
            os.abort()
        if text.startswith("event "):
            sitting.events.put((int(text.split()[1]), bytes.fromhex(text.partition(" with ")[2])))
        if text == "no answer":
            sitting.cut.wait()
            return _failed("websocket disconnected before message send returned response")
        if text in _LATER_OUTCOMES:
            return _failed(_LATER_OUTCOMES[text])
        return _accepted(whatsapp_id)

    def emit(self, session: str, code: int, body: bytes = b"") -> None:
        """The network told something."""
        self._sitting[session].events.put((code, body))

    def show_presence(self, session: str, to: bytes, *, composing: bool, recording: bool) -> str:
        self.typing.append((session, composing, recording))
        return ""

    def pair_phone(self, session: str, parameters: bytes) -> bytes:
        phone = PairPhoneParams.FromString(parameters).phone
        if phone == "5500000000":
            return bytes(PairPhoneReturnFunction(Error="info query returned status 400").SerializeToString())
        return bytes(PairPhoneReturnFunction(Code=f"CODE-{phone[-4:]}").SerializeToString())

    def ask(self, session: str, name: str, body: bytes) -> bytes:
        self.asked.append((name, body))
        return _account_of(body.decode()) if name == "accounts" else b""

    def mark_read(self, session: str, ids: list[str], at: int, chat: bytes, sender: bytes) -> str:
        self.read.append((session, ids, chat, sender))
        return "websocket not connected" if "OFFLINE" in ids else ""

    def reject_call(self, session: str, caller: bytes, call: str) -> str:
        self.rejected.append((session, caller, call))
        return ""

    def upload(self, session: str, path: Path, kind: str) -> bytes:
        content = path.read_bytes()
        if content == b"refused":
            return bytes(UploadReturnFunction(Error="upload failed with status code 500").SerializeToString())
        answer = UploadReturnFunction()
        answer.UploadResponse.url = f"https://media.invalid/{kind}"
        answer.UploadResponse.DirectPath = f"/{kind}"
        answer.UploadResponse.Handle = ""
        answer.UploadResponse.MediaKey = bytes(32)
        answer.UploadResponse.FileEncSHA256 = bytes(32)
        answer.UploadResponse.FileSHA256 = hashlib.sha256(content).digest()
        answer.UploadResponse.FileLength = len(content)
        return bytes(answer.SerializeToString())

    def download(self, session: str, message: bytes) -> tuple[str, memoryview]:
        """The path says what comes: `/gone`, `/slow`, or so many bytes."""
        path = Message.FromString(message).imageMessage.directPath
        if path == "/slow":
            time.sleep(2)
        if path == "/gone":
            return "download failed with status code 404", memoryview(b"")
        return "", memoryview(bytes(int(path[1:])) if path[1:].isdigit() else b"content")

    def logout(self, session: str) -> str:
        return "" if self._sitting[session].is_online else "websocket not connected"

    def disconnect(self, session: str) -> None:
        self._sitting[session].is_online = False
        self._sitting[session].cut.set()

    def stop(self, session: str) -> None:
        self.stopped.append(session)
        sitting = self._sitting.pop(session)
        sitting.cut.set()
        sitting.events.put(None)

    def make_schema(self, store: str) -> str:
        return "error: refused" if "refuse" in store else ""


def _account_of(phone: str) -> bytes:
    """Numbers that end in 7 have an account, those that end in 8 too, under another number."""
    answer = IsOnWhatsAppReturnFunction()
    number = phone.removeprefix("+")
    if number.endswith("0"):
        answer.Error = "Function returned nothing."
    else:
        found = answer.IsOnWhatsAppResponse.add(Query=phone, IsIn=number[-1] in "78")
        user = number[:-1] + "7"
        found.JID.CopyFrom(JID(User=user, RawAgent=0, Device=0, Integrator=0, Server="s.whatsapp.net", IsEmpty=False))
    body: bytes = answer.SerializePartialToString()
    return body


def _accepted(whatsapp_id: str) -> bytes:
    answer = SendMessageReturnFunction()
    answer.SendResponse.ID = whatsapp_id
    answer.SendResponse.Timestamp = 1_800_000_000
    answer.SendResponse.ServerID = 0
    for timing in answer.SendResponse.DebugTimings.DESCRIPTOR.fields:
        setattr(answer.SendResponse.DebugTimings, timing.name, 0)
    return bytes(answer.SerializeToString())


def _failed(text: str) -> bytes:
    return bytes(SendMessageReturnFunction(Error=text).SerializeToString())


def _device(jid: JID) -> Device:
    lid = JID(User="100000000000001", RawAgent=0, Device=1, Integrator=0, Server="lid", IsEmpty=False)
    return Device(JID=jid, LID=lid, Platform="fake", BussinessName="", PushName="Fake", Initialized=True)
