"""Cards of links: what a page says of itself in its head, for the preview under a text."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

from common.errors import DeliveryError
from common.outbound import Answer, Outbound, OutboundError, Rules, TooLarge
from sender.composers.media import LinkCard
from sender.media.fetching import REDIRECTS, SCHEMES
from sender.media.job import Job, NotUsable, TryAgain
from sender.media.workshop import Workshop

PATIENCE = timedelta(seconds=8)  # for the page and for its picture: a text must not wait long for its card
LARGEST_HEAD = 256 * 1024  # bytes of a page that are read
LARGEST_PICTURE = 5 * 1024 * 1024
LONGEST_TITLE, LONGEST_DESCRIPTION = 300, 1_000


class Cards:
    def __init__(self, outbound: Outbound, workshop: Workshop) -> None:
        self._outbound = outbound
        self._workshop = workshop

    async def look_up(self, url: str, folder: Path) -> LinkCard | None:
        """None where the page cannot be read or says nothing of itself."""
        try:
            head, at = await self._read(url)
        except OutboundError:
            return None
        said = await asyncio.to_thread(read_head, head)
        if not said.title:
            return None
        thumbnail = await self._thumbnail(urljoin(at, said.image), folder) if said.image else b""
        return LinkCard(said.title, said.description, thumbnail)

    async def _read(self, url: str) -> tuple[str, str]:
        rules = Rules(PATIENCE, 1 << 40, REDIRECTS, SCHEMES)
        async with self._outbound.request("GET", url, rules) as answer:
            if answer.status != 200 or "html" not in answer.headers.get("content-type", ""):
                return "", url
            return await _beginning(answer), answer.url

    async def _thumbnail(self, url: str, folder: Path) -> bytes:
        source = folder / "picture"
        rules = Rules(PATIENCE, LARGEST_PICTURE, REDIRECTS, SCHEMES)
        with suppress(OutboundError, NotUsable, TryAgain, DeliveryError, OSError, TooLarge):
            async with self._outbound.request("GET", url, rules) as answer:
                if answer.status != 200:
                    return b""
                content = await answer.read()
            await asyncio.to_thread(source.write_bytes, content)
            return (await self._workshop.convert(Job("link-image", source, folder / "card"))).thumbnail
        return b""


async def _beginning(answer: Answer) -> str:
    gathered = bytearray()
    async for chunk in answer.chunks():
        gathered += chunk
        if len(gathered) >= LARGEST_HEAD or b"</head>" in gathered[-len(chunk) - 8 :]:
            break
    return bytes(gathered[:LARGEST_HEAD]).decode("utf-8", "replace")


def read_head(text: str) -> "_Head":
    head = _Head()
    with suppress(AssertionError, ValueError):  # what the parser says of markup that is beyond it
        head.feed(text)
    return head


class _Head(HTMLParser):
    """The title, the description and the picture that a page names, those for link cards before those for readers."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, str] = {}
        self._is_in_title = False

    @property
    def title(self) -> str:
        return self._first("og:title", "twitter:title", "title")[:LONGEST_TITLE]

    @property
    def description(self) -> str:
        return self._first("og:description", "twitter:description", "description")[:LONGEST_DESCRIPTION]

    @property
    def image(self) -> str:
        return self._first("og:image:secure_url", "og:image", "twitter:image")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._is_in_title = "title" not in self._said
        if tag == "meta":
            given = {name: value or "" for name, value in attrs}
            name = (given.get("property") or given.get("name") or "").lower()
            self._said.setdefault(name, given.get("content", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._is_in_title = False

    def handle_data(self, data: str) -> None:
        if self._is_in_title:
            self._said["title"] = self._said.get("title", "") + data

    def _first(self, *names: str) -> str:
        return next((" ".join(said.split()) for name in names if (said := self._said.get(name, "")).strip()), "")
