"""Linking: what a callback says of a received file before the file is here: its link, or why there will be none."""

from datetime import timedelta
from uuid import uuid4

from common.clock import Clock
from common.media.links import Links
from common.tables.received_media import NewReceivedMedia
from sender.translation.media import File, Link
from sender.whatsapp.received_file import read_file

LARGEST_THUMBNAIL = 64 * 1024  # bytes; WhatsApp's own have a few thousand


class ReceivedLinks:
    """`wait` is how long a callback waits for its files; with none it goes at once, and its links lead to the files as
    soon as they are here. `lifetime` is that of links."""

    def __init__(self, links: Links, clock: Clock, *, wait: timedelta, lifetime: timedelta, largest: int) -> None:
        self._links = links
        self._clock = clock
        self._wait = wait
        self._lifetime = lifetime
        self._largest = largest

    def link(self, file: File) -> Link:
        if file.length > self._largest:
            return Link("", "", f"the file is larger than {self._largest} bytes")
        if read_file(file.kind, file.content) is None:
            return Link("", "", "the message does not say where its file is")
        now = self._clock.now()
        until = now + self._lifetime
        made = [NewReceivedMedia(uuid4(), file.kind, file.content, file.length, until)]
        if 0 < len(file.thumbnail) <= LARGEST_THUMBNAIL:
            made.append(NewReceivedMedia(uuid4(), "thumbnail", file.thumbnail, len(file.thumbnail), until))
        urls = [self._links.make(each.id, until) for each in made]
        return Link(
            urls[0], urls[1] if len(urls) > 1 else "", None, tuple(made), now + self._wait if self._wait else None
        )
