"""The media port: what composers ask for when a message carries a file."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class Form(Enum):
    """What a file becomes on the wire. Whoever prepares it converts it, measures it and makes its thumbnail."""

    IMAGE = "image"
    STICKER = "sticker"  # WebP of 512 by 512
    GIF = "gif"  # an MP4 that plays without sound
    VIDEO = "video"
    VIDEO_NOTE = "video-note"  # a square MP4
    VOICE = "voice"  # Ogg with Opus, and its wave
    DOCUMENT = "document"  # as it is
    LINK_IMAGE = "link-image"  # the picture of a link's card: a JPEG, also when only its thumbnail is shown


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file on WhatsApp's media servers, and what its message has to say about it.

    `mime` is what the file is, not what somebody said of it. `thumbnail` is a small JPEG, of a sticker a PNG. What does
    not apply to a form stays at its default: sizes 0, `wave` and `thumbnail` empty, `pages` 0 where they are not known.
    """

    url: str
    direct_path: str
    media_key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    length: int
    mime: str
    uploaded_at: int
    """Unix time in seconds of the media key."""
    thumbnail: bytes = b""
    width: int = 0
    height: int = 0
    seconds: int = 0
    wave: bytes = b""
    """64 loudness values of 0 to 100, one byte each."""
    pages: int = 0
    is_animated: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """Which file, and what it should become. `source` is a media field of a request as its row holds it: a URL, a data
    URI, or the name of a file that the gateway keeps."""

    source: str
    form: Form
    extension: str | None = field(default=None, kw_only=True)
    """Of a document: what its path says. It decides the type where the bytes do not tell."""
    author: str | None = field(default=None, kw_only=True)
    """Of a sticker: who its metadata names."""
    largest: int | None = field(default=None, kw_only=True)
    """Bytes, where the message has a limit of its own."""


@dataclass(frozen=True, slots=True)
class LinkCard:
    """What a page says of itself. `thumbnail` is a small JPEG or empty."""

    title: str
    description: str = ""
    thumbnail: bytes = b""


class Media(Protocol):
    """One instance's, for as long as one message is composed."""

    async def upload(self, file: File) -> Uploaded:
        """Fetch, convert and upload. Raises a `DeliveryError` whose `retry` says whether trying again makes sense.

        A caller may cancel the wait; nothing is sent by an upload, so that is always safe.
        """
        ...

    async def look_up(self, url: str) -> LinkCard | None:
        """What is behind a link, or None where nothing useful is. Never raises for the page's sake."""
        ...
