"""Visit: one request to the panel by somebody who is logged in, and what pages and actions are, as data."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from frontend import problems
from frontend.panel.languages import Words
from frontend.panel.sessions import Session


@dataclass(frozen=True, slots=True)
class Visit:
    """`address` is the visitor's. `is_live`: the page is open already and looks for news; what takes its time may be
    asked then."""

    request: Request
    session: Session
    words: Words
    now: datetime
    address: str | None = None
    is_live: bool = False

    @property
    def instance(self) -> UUID:
        """The instance that the path names. Raises a Problem."""
        return read_uuid(self.request.path_params["instance"])

    def query(self, name: str, longest: int = 255) -> str:
        return self.request.query_params.get(name, "").replace("\0", "").strip()[:longest]


Context = dict[str, Any]
Form = Mapping[str, str]

IS_OVER = "is_over"
"""In a context: there will be no more news."""


@dataclass(frozen=True, slots=True)
class View:
    """A page. `live` names the blocks of its template that are sent anew when they change."""

    path: str
    template: str
    load: Callable[[Visit], Awaitable[Context]]
    live: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What an action says when it is done, and where it leads; None: back to where it was asked for."""

    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A form's target. `back` is the page that has the form, with the segments of the action's own path."""

    path: str
    perform: Callable[[Visit, Form], Awaitable[Said]]
    back: str


def read_uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise problems.not_found() from None
