"""Media as they travel: encrypted under a key that only the message tells, and the part of it that does."""

import hashlib
import os
import time
from dataclasses import dataclass

from sender.whatsapp.wire.derivation import authentication_code, derive
from sender.whatsapp.wire.protobuf import Fields, Value
from sender.whatsapp.wire.protobuf import encode as encode_fields
from sender.whatsapp.wire.signal.cipher import SignalError, decrypt, encrypt

MAC_LENGTH = 10


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which field of waE2E.Message a kind of media is, and where things stand in it."""

    message: int
    purpose: bytes
    mimetype: int
    hash: int
    length: int
    key: int
    encrypted_hash: int
    path: int
    timestamp: int
    caption: int | None = None
    file_name: int | None = None
    voice: int | None = None


_IMAGE = _Layout(3, b"WhatsApp Image Keys", 2, 4, 5, 8, 9, 11, 12, caption=3)
_STICKER = _Layout(26, b"WhatsApp Image Keys", 5, 2, 9, 4, 3, 8, 10)
_VIDEO = _Layout(9, b"WhatsApp Video Keys", 2, 3, 4, 6, 11, 13, 14, caption=7)
_NOTE = _Layout(66, b"WhatsApp Video Keys", 2, 3, 4, 6, 11, 13, 14, caption=7)
_AUDIO = _Layout(8, b"WhatsApp Audio Keys", 2, 3, 4, 7, 8, 9, 10, voice=6)
_DOCUMENT = _Layout(7, b"WhatsApp Document Keys", 2, 4, 5, 7, 9, 10, 11, caption=20, file_name=8)
_LAYOUTS = {
    "image": _IMAGE,
    "sticker": _STICKER,
    "video": _VIDEO,
    "video-note": _NOTE,
    "audio": _AUDIO,
    "document": _DOCUMENT,
}
_ENVELOPES = (37, 40, 53, 55, 59, 74, 91, 118)  # of media: view once, with caption, disappearing...

KINDS = tuple(_LAYOUTS)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a message tells of its media."""

    kind: str
    path: str
    key: bytes
    mimetype: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """`body` is what the media host keeps."""

    body: bytes
    key: bytes
    hash: bytes
    length: int


def seal(kind: str, data: bytes) -> Sealed:
    key = os.urandom(32)
    iv, cipher_key, mac_key = _keys(kind, key)
    body = encrypt(cipher_key, iv, data)
    mac = authentication_code(mac_key, iv, body)[:MAC_LENGTH]
    return Sealed(body + mac, key, hashlib.sha256(data).digest(), len(data))


def unseal(attachment: Attachment, body: bytes) -> bytes:
    """Raises SignalError when these are not the media that the message tells of."""
    iv, cipher_key, mac_key = _keys(attachment.kind, attachment.key)
    ciphertext, mac = body[:-MAC_LENGTH], body[-MAC_LENGTH:]
    if authentication_code(mac_key, iv, ciphertext)[:MAC_LENGTH] != mac:
        raise SignalError("the media are damaged")
    data = decrypt(cipher_key, iv, ciphertext)
    if hashlib.sha256(data).digest() != attachment.hash:
        raise SignalError("the media are not those of the message")
    return data


def read(message: bytes) -> Attachment | None:
    """The media of a message, None when it has none. Raises MalformedProtobuf."""
    fields = Fields(message)
    while envelope := next((number for number in _ENVELOPES if number in fields), None):
        fields = fields.message(envelope, 1)
    for kind, layout in _LAYOUTS.items():
        if layout.message in fields:
            part = fields.message(layout.message)
            mimetype = part.text(layout.mimetype, default="")
            return Attachment(kind, part.text(layout.path), part.data(layout.key), mimetype, part.data(layout.hash))
    return None


def write(
    kind: str, sealed: Sealed, *, url: str, path: str, mimetype: str, caption: str, file_name: str, is_voice: bool
) -> bytes:
    """The message that tells of uploaded media."""
    layout = _LAYOUTS[kind]
    part: list[tuple[int, Value]] = [
        (1, url),
        (layout.mimetype, mimetype),
        (layout.hash, sealed.hash),
        (layout.length, sealed.length),
        (layout.key, sealed.key),
        (layout.encrypted_hash, hashlib.sha256(sealed.body).digest()),
        (layout.path, path),
        (layout.timestamp, int(time.time())),
    ]
    if layout.caption and caption:
        part.append((layout.caption, caption))
    if layout.file_name and file_name:
        part.append((layout.file_name, file_name))
    if layout.voice and is_voice:
        part.append((layout.voice, True))
    return encode_fields([(layout.message, part)])


def _keys(kind: str, key: bytes) -> tuple[bytes, bytes, bytes]:
    """Initial vector, cipher key and MAC key."""
    expanded = derive(key, 112, purpose=_LAYOUTS[kind].purpose)
    return expanded[:16], expanded[16:48], expanded[48:80]
