"""`GET /media/<id>`: a stored file, for whoever has a link that we signed."""

from collections.abc import AsyncIterator
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from common.clock import Clock
from common.media.errors import MediaError, MediaGone
from common.media.links import PATH, Links
from common.media.storage import Storage
from common.postgres import OUTAGES

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
            headers = {
                "content-length": str(found.size),
                "content-disposition": "inline" if found.mime in _SHOWN else "attachment",
                "content-security-policy": "default-src 'none'; sandbox",
                "x-content-type-options": "nosniff",
                "cache-control": "private, max-age=3600",
                "etag": f'"{found.sha256.hex()}"',
            }
            if request.headers.get("if-none-match") == headers["etag"]:
                return Response(status_code=304, headers={"etag": headers["etag"]})
            if request.method == "HEAD":
                return Response(headers=headers, media_type=found.mime)
            parts = self._storage.read(found)
            # The first part is awaited here, because a status cannot be taken back.
            first = await anext(parts, b"")
            return StreamingResponse(_after(first, parts), headers=headers, media_type=found.mime)
        except MediaGone:
            return _refused(404, "file not found")
        except (MediaError, *OUTAGES):
            return _refused(503, "the file cannot be reached now; try again")


async def _after(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in parts:
        yield part


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if len(text) == 32 else None
    except ValueError:
        return None


def _refused(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)
