"""What a received message says of its file, read from the engine's own message about it."""

from collections.abc import Callable, Mapping
from typing import Any

from sender.whatsapp.protobuf import AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage
from sender.whatsapp.session import MediaKind, ReceivedFile

_KINDS: Mapping[str, tuple[Callable[[bytes], Any], MediaKind]] = {
    "image": (ImageMessage.FromString, MediaKind.IMAGE),
    "video": (VideoMessage.FromString, MediaKind.VIDEO),
    "audio": (AudioMessage.FromString, MediaKind.AUDIO),
    "document": (DocumentMessage.FromString, MediaKind.DOCUMENT),
    "sticker": (StickerMessage.FromString, MediaKind.IMAGE),
}


def read_file(kind: str, content: bytes) -> ReceivedFile | None:
    """None where the message does not say enough to fetch the file. Raises what a malformed message raises."""
    read, media_kind = _KINDS[kind]
    part = read(content)
    if not part.directPath.startswith("/") or len(part.mediaKey) != 32 or len(part.fileEncSHA256) != 32:
        return None
    return ReceivedFile(
        media_kind, part.directPath, part.mediaKey, part.fileSHA256, part.fileEncSHA256, part.fileLength
    )
