"""`GET /media/<id>`: a stored file, for whoever has a link that we signed."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from common.clock import Clock
from common.media.errors import MediaComing, MediaError, MediaGone
from common.media.links import PATH, Links
from common.media.storage import Storage
from common.postgres import OUTAGES
from common.tables.media import Media
from frontend.ranges import NoSuchPart, read_range

# What a browser may show by itself. Anything else could be a page of somebody else's making under our name.
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "audio/ogg", "audio/mpeg", "audio/mp4")


class MediaPage:
    def __init__(self, storage: Storage, links: Links | None, clock: Clock) -> None:
        self._storage = storage
        self._links = links
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        return [Route(PATH + "{id}", self._read, methods=["GET", "HEAD"])]

    async def _read(self, request: Request) -> Response:
        media = _id_of(request.path_params["id"])
        expires, signature = request.query_params.get("expires", ""), request.query_params.get("signature", "")
        if self._links is None or media is None:
            return _refused(404, "file not found")
        if not self._links.is_valid(media, expires, signature, self._clock.now()):
            return _refused(403, "this link is not valid, or not any more")
        try:
            found = await self._storage.find(media)
            if (outside := await self._storage.outside(found)) is not None:
                return RedirectResponse(outside, 302, {"cache-control": "no-store"})
            return await self._give(request, found)
        except MediaGone:
            return _refused(404, "file not found")
        except MediaComing:
            return _refused(503, "the file is still on its way; try again", {"retry-after": "5"})
        except (MediaError, *OUTAGES):
            return _refused(503, "the file cannot be reached now; try again", {"retry-after": "5"})

    async def _give(self, request: Request, media: Media) -> Response:
        etag = f'"{media.sha256.hex()}"'
        headers = {
            "accept-ranges": "bytes",
            "content-disposition": "inline" if media.mime in _SHOWN else "attachment",
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
            "cache-control": "private, max-age=3600",
            "etag": etag,
        }
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"etag": etag})
        wanted = request.headers.get("range", "") if request.headers.get("if-range", etag) == etag else ""
        try:
            part = read_range(wanted, media.size) if request.method == "GET" else None
        except NoSuchPart:
            return _refused(416, "the file has no such part", {"content-range": f"bytes */{media.size}"})
        start, end = part or (0, media.size)
        headers["content-length"] = str(end - start)
        if part is not None:
            headers["content-range"] = f"bytes {start}-{end - 1}/{media.size}"
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media.mime)
        parts = self._storage.read(media, start, end) if part else self._storage.read(media)
        # The first part is awaited here, because a status cannot be taken back.
        first = await anext(parts, b"")
        return StreamingResponse(_after(first, parts), 206 if part else 200, headers, media.mime)


async def _after(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in parts:
        yield part


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if len(text) == 32 else None
    except ValueError:
        return None


def _refused(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status, headers)
