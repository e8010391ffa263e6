"""Pages: the reference at /docs, from files in this folder, and the document that it reads."""

from importlib import resources

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = {
    "index.html": "text/html; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
# The reference needs inline styles and data images of its own; scripts and requests stay with this server.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


class Pages:
    def __init__(self, document: dict[str, object]) -> None:
        self._document = orjson.dumps(document)
        folder = resources.files("frontend").joinpath("reference")
        self._files = {name: folder.joinpath(name).read_bytes() for name in _FILES}

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/openapi.json", self._openapi),
            Route("/docs", self._reference),
            Route("/docs/{name}", self._reference),
        ]

    async def _openapi(self, request: Request) -> Response:
        return Response(self._document, media_type="application/json")

    async def _reference(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        content = self._files.get(name)
        if content is None:
            return Response(b'{"error":"path not found"}', 404, media_type="application/json")
        headers = {
            "content-type": _FILES[name],
            "content-security-policy": _POLICY,
            "x-content-type-options": "nosniff",
            "cache-control": "no-cache" if name == "index.html" else "max-age=3600",
        }
        return Response(content, headers=headers)
