"""Calls: how the tables of routes write down what is asked, and how a refusal begins."""

from dataclasses import dataclass, field
from typing import Any

PERSON, OTHER, LID = "5511987654321", "5521976543210", "204518739260417@lid"
GROUP, OLD_GROUP = "120363041234567890-group", "5511987654321-1623281429"
COMMUNITY, NEWSLETTER = "120363055512345678", "120363166501234567@newsletter"
LINK = "https://chat.whatsapp.com/GkQ7nWb2TzL4sVx9PdRe1A"
PICTURE = "https://cdn.example.com/grupo/capa.jpg"


@dataclass(frozen=True, slots=True)
class Call:
    """`at` fills the path's variables, in order."""

    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """`refused` are calls with how their refusal begins."""

    method: str
    path: str
    calls: tuple[Call, ...] = (Call(),)
    refused: tuple[tuple[Call, str], ...] = ()
    status: int = 200


def call(body: Any = None, *at: str, **query: Any) -> Call:
    return Call(body, query, at)


def got(path: str, *calls: Call, refused: tuple[tuple[Call, str], ...] = ()) -> Route:
    return Route("GET", path, calls or (Call(),), refused)


def posted(path: str, *calls: Call, refused: tuple[tuple[Call, str], ...] = (), status: int = 200) -> Route:
    return Route("POST", path, calls, refused, status)


PAGES = (call(page=1, pageSize=20), call())
NO_PAGE = (
    (call(page=0), "page: "),
    (call(pageSize=0), "pageSize: "),
    (call(pageSize=1_001), "pageSize: "),
    (call(page="x"), "page: "),
)
NO_PHONE = "Invalid phone"


def at_phone(path: str, *phones: str, **query: Any) -> Route:
    calls = tuple(Call(None, query, (phone,)) for phone in phones or (PERSON,))
    return got(path, *calls, refused=((Call(None, query, ("abc",)), NO_PHONE), (Call(None, query, ("12",)), NO_PHONE)))
