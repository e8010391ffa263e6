"""Which fields of a request model name a file, found in its annotations once for each route."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from common.requests.media_source import MediaField

MEBIBYTE = 1024 * 1024

# WhatsApp's own limits, whatever the settings allow.
_OF_KIND = {
    "ptv": 16 * MEBIBYTE,
    "sticker": 5 * MEBIBYTE,
    "status-reply-sticker": 5 * MEBIBYTE,
    "link": 5 * MEBIBYTE,
}

# What a file of these kinds must look like. Anything unknown is left to the sender, which looks closer; a picture is
# never judged here, because the contract says so.
_FAMILIES = {
    "audio": ("audio/", "video/"),
    "video": ("video/",),
    "gif": ("video/",),
    "ptv": ("video/",),
    "status-video": ("video/",),
    "status-reply-gif": ("video/",),
}

EVERY = "*"
"""A step of a path that means each item of a list."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileSizes:
    """The settings' limits in bytes."""

    file: int
    document: int

    def of(self, kind: str, field: MediaField) -> int:
        general = self.document if kind == "document" else self.file
        return min(general, _OF_KIND.get(kind, general), field.largest or general)


@dataclass(frozen=True, slots=True)
class MediaFields:
    """`is_fetched_first`: unless the request says `async`, a URL is fetched before it is answered."""

    kind: str
    paths: dict[Path, MediaField]
    is_fetched_first: bool

    def may_be(self, mime: str) -> bool:
        families = _FAMILIES.get(self.kind)
        return families is None or mime == "application/octet-stream" or mime.startswith(families)

    def largest(self, sizes: FileSizes) -> int:
        return max(sizes.of(self.kind, field) for field in self.paths.values())


def media_fields(model: type[BaseModel]) -> MediaFields | None:
    """None: no field of the model names a file."""
    paths = dict(_of_model(model, ()))
    if not paths:
        return None
    has_choice = any((field.alias or name) == "async" for name, field in model.model_fields.items())
    return MediaFields(getattr(model, "kind", ""), paths, has_choice)


def _of_model(model: type[BaseModel], path: Path) -> Iterator[tuple[Path, MediaField]]:
    for name, field in model.model_fields.items():
        below = (*path, field.alias or name)
        yield from ((below, item) for item in field.metadata if isinstance(item, MediaField))
        yield from _of_annotation(field.annotation, below)


def _of_annotation(annotation: Any, path: Path) -> Iterator[tuple[Path, MediaField]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _of_model(annotation, path)
        return
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        yield from ((path, item) for item in arguments[1:] if isinstance(item, MediaField))
        yield from _of_annotation(arguments[0], path)
        return
    below = (*path, EVERY) if get_origin(annotation) in (list, tuple) else path
    for argument in arguments:
        yield from _of_annotation(argument, below)
