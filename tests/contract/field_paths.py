"""Paths of fields: read from a route's line of fields, walked through a body or a JSON schema."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_FIELD = re.compile(r"([A-Za-z.\[\]]+)([!?]?)(?::(\S+))?")
_RANGE = re.compile(r"(-?[0-9]+)\.\.(-?[0-9]+)")

Json = Any


@dataclass(frozen=True, slots=True)
class Field:
    path: tuple[str, ...]
    """Names, and `[]` for the elements of a list."""
    is_required: bool
    rule: str

    @property
    def name(self) -> str:
        return ".".join(self.path).replace(".[]", "[]")

    @property
    def values(self) -> list[str]:
        return self.rule.split("|") if "|" in self.rule else []

    @property
    def range(self) -> tuple[int, int] | None:
        match = _RANGE.fullmatch(self.rule)
        return (int(match[1]), int(match[2])) if match else None


def read(fields: str) -> list[Field]:
    found = []
    for word in fields.split():
        match = _FIELD.fullmatch(word)
        assert match is not None, word
        path = tuple(match[1].replace("[]", ".[]").split("."))
        found.append(Field(path, match[2] == "!", match[3] or ""))
    return found


def holds(body: Json, path: tuple[str, ...]) -> bool:
    """Whether the body has this field, in some element of every list."""
    if not path:
        return True
    if path[0] == "[]":
        return isinstance(body, list) and any(holds(each, path[1:]) for each in body)
    return isinstance(body, dict) and path[0] in body and holds(body[path[0]], path[1:])


def placed(body: Json, path: tuple[str, ...]) -> tuple[str | int, ...]:
    """The path with the place in each list of the first element that holds the rest of it."""
    if not path:
        return ()
    if path[0] == "[]":
        place = next(number for number, each in enumerate(body) if holds(each, path[1:]))
        return (place, *placed(body[place], path[1:]))
    return (path[0], *placed(body[path[0]], path[1:]))


def value_at(body: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        body = body[part]
    return body


def changed(body: Json, path: tuple[str | int, ...], value: Json = ...) -> Json:
    """A copy with this field set, or left out without a value."""
    copied = copy.deepcopy(body)
    holder = value_at(copied, path[:-1])
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copied


def walk(schema: Json, definitions: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool, Json]]:
    """Every field of a JSON schema: its path, whether it is required, and its own schema."""
    schema = _resolved(schema, definitions)
    if "properties" in schema:
        for name, field in schema["properties"].items():
            yield (*path, name), name in schema.get("required", ()), _resolved(field, definitions)
            yield from walk(field, definitions, (*path, name))
    elif "items" in schema:
        yield from walk(schema["items"], definitions, (*path, "[]"))


def _resolved(schema: Json, definitions: Json) -> Json:
    """Without references, and without the null of what may be left out."""
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    others = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if "properties" not in schema and len(others) == 1:
        return _resolved({**others[0], **{k: v for k, v in schema.items() if k == "description"}}, definitions)
    return schema
