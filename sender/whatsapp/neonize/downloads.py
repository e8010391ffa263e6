"""Downloads through the library: what it is asked for, and what its refusals mean."""

import re
from pathlib import Path

from common.errors import DeliveryError, MediaAway, MediaNotUsable, NotConnected
from sender.host.hosted import TOO_LARGE
from sender.host.process import HostLost
from sender.whatsapp.neonize.failures import without_addresses
from sender.whatsapp.neonize.hearing import Seat
from sender.whatsapp.protobuf import AudioMessage, DocumentMessage, ImageMessage, Message, VideoMessage
from sender.whatsapp.session import MediaKind, ReceivedFile

# What is gone is asked of the sender's phone by WhatsApp's own apps; the library cannot do that.
_GONE = re.compile(r"status code (403|404|410)")
_DAMAGED = ("hash of media", "invalid media hmac", "file length does not match", "media data is too short", "padding")


async def download(seat: Seat, file: ReceivedFile, target: Path, largest: int, patience: float) -> None:
    """As `session.Downloads` says."""
    fields = {"session": seat.name, "path": str(target), "largest": largest}
    try:
        answer = await seat.host.call("download", fields, _message_of(file), timeout=patience)
    except HostLost:
        raise NotConnected from None
    except TimeoutError:
        raise MediaAway("WhatsApp did not send the file in time") from None
    if error := answer.fields.get("error"):
        raise NotConnected if error == "not-ready" else _failure_of(error)


def _message_of(file: ReceivedFile) -> bytes:
    """A message with that file in it and nothing else: above all no URL, which the library would fetch as it stands."""
    if not file.direct_path.startswith("/"):
        raise MediaNotUsable("the message does not say where its file is")
    fields = {
        "directPath": file.direct_path,
        "mediaKey": file.media_key,
        "fileSHA256": file.sha256,
        "fileEncSHA256": file.encrypted_sha256,
        "fileLength": file.length,
    }
    match file.kind:
        case MediaKind.VIDEO:
            message = Message(videoMessage=VideoMessage(**fields))
        case MediaKind.AUDIO:
            message = Message(audioMessage=AudioMessage(**fields))
        case MediaKind.DOCUMENT:
            message = Message(documentMessage=DocumentMessage(**fields))
        case _:
            message = Message(imageMessage=ImageMessage(**fields))
    body: bytes = message.SerializeToString()
    return body


def _failure_of(text: str) -> DeliveryError:
    if text == TOO_LARGE:
        return MediaNotUsable(text)
    if _GONE.search(text):
        return MediaNotUsable("WhatsApp does not have the file any more")
    if any(part in text for part in _DAMAGED):
        return MediaNotUsable("the file is not what the message says of it")
    if "websocket not connected" in text or "client is nil" in text:
        return NotConnected()
    return MediaAway(without_addresses(text))
