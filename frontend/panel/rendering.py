"""Rendering: pages from templates, with every value escaped, and the headers that every answer of the panel has."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from common.addresses import Jid, to_phone
from frontend.panel.languages import NAMES, Words
from frontend.panel.refusals import told

FILES: Mapping[str, str] = {
    "panel.css": "text/css; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "Accept, Cookie, Accept-Language",
}
NOTHING = "\N{EN DASH}"


class Rendering:
    """Templates are read when they are needed first."""

    def __init__(self, *, has_phone: bool) -> None:
        folder = resources.files("frontend.panel").joinpath("files")
        self._files = {name: folder.joinpath(name).read_bytes() for name in FILES}
        self._templates = Environment(
            loader=PackageLoader("frontend.panel"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in self._files.items()}
        self._templates.globals = {
            "file": lambda name: f"/panel/files/{name}?v={versions[name]}",
            "languages": NAMES,
            "has_phone": has_phone,
        }
        self._templates.filters = {
            **self._templates.filters,
            "moment": moment,
            "id": shown_id,
            "age": age,
            "number": to_number,
            "told": told,
        }

    def page(self, template: str, words: Words, context: Mapping[str, Any], status: int = 200) -> Response:
        text = self._templates.get_template(template).render({"t": words, **context})
        return Response(text, status, headers=HEADERS, media_type="text/html")

    def blocks(self, template: str, names: tuple[str, ...], words: Words, context: Mapping[str, Any]) -> dict[str, str]:
        """Parts of a page by name."""
        found = self._templates.get_template(template)
        made = found.new_context({"t": words, **context})
        return {name: "".join(found.blocks[name](made)) for name in names}

    def file(self, name: str, *, is_versioned: bool) -> Response:
        content = self._files.get(name)
        if content is None:
            return Response(status_code=404, headers=HEADERS)
        kept = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        headers = {**HEADERS, "cache-control": kept, "content-type": FILES[name]}
        return Response(content, headers=headers)


def moment(at: datetime) -> str:
    """For a `datetime` attribute; the page's script says it in the reader's time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_id(id: UUID) -> str:
    return id.hex.upper()


def to_number(chat: str) -> str:
    """A chat as the API names it."""
    return to_phone(Jid(chat))


def age(span: timedelta | None) -> str:
    """`4 s`, `12 min`, `3 h`, `2 d`: units that need no translation."""
    if span is None:
        return NOTHING
    seconds = max(0.0, span.total_seconds())
    for unit, size, limit in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"
