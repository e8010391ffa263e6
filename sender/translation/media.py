"""Files in messages: which file a callback links to, and the port that makes a link of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.tables.received_media import Kind, NewReceivedMedia

MISSING = "the file was not downloaded: media storage is not set up"


@dataclass(frozen=True, slots=True)
class File:
    """What WhatsApp says of a file; `content` is the engine's own message about it, for whoever downloads."""

    instance_id: UUID
    message_id: str
    kind: Kind
    mimetype: str
    length: int
    content: bytes
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """Where the file is, or will be. With `waits_until` the event waits for `files`, at most until then."""

    url: str
    thumbnail_url: str
    error: str | None = None
    files: tuple[NewReceivedMedia, ...] = ()
    waits_until: datetime | None = None


class MediaLinks(Protocol):
    def link(self, file: File) -> Link:
        """A link whose address is final, also when the file is not there yet."""
        ...


class NoMedia:
    """Nothing is stored: the event goes at once, without a link and with the reason."""

    def link(self, file: File) -> Link:
        return Link("", "", MISSING)
