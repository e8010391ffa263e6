"""Operation: one route of the API as data. What it takes, what it answers, and what happens in between."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from common.capabilities import LACKS, WIRES, Capability
from common.requests.messages import Outgoing
from common.tables.instance import Access
from frontend.services import Services
from frontend.support import State, Support, everywhere, only_relayed

Query = TypeVar("Query", bound=BaseModel | None)
Body = TypeVar("Body", bound=BaseModel | None)


class Plain(str):
    """An answer in plain text."""

    __slots__ = ()


class Guard(Enum):
    """Who may call. CLIENT: id, token and Client-Token. PARTNER: the partner's Bearer token. ADMIN: the operator's.
    NOBODY: it tells nothing that the documentation does not."""

    CLIENT = "client"
    PARTNER = "partner"
    ADMIN = "admin"
    NOBODY = "nobody"


MOST_VARIABLES = 2


@dataclass(frozen=True, slots=True)
class Call(Generic[Query, Body]):
    """One request, checked and read. `variable` is the path's variable segment, empty where it has none; of two they
    are one text with a slash between them. `place` holds them by name where the operation has a model for them."""

    query: Query
    body: Body
    variable: str
    caller: Access | None
    place: Any = None

    @property
    def access(self) -> Access:
        """The instance that the path names. Only operations below an instance may ask."""
        if self.caller is None:
            raise LookupError("this operation is not below an instance")
        return self.caller


Perform = Callable[[Services, Call[Any, Any]], Awaitable[BaseModel | Plain]]


class Told(Enum):
    """What the caller of a send is told: the contract differs from route to route."""

    IDS = "ids"
    WITHOUT_ID = "without-id"
    ZAAP_ID = "zaap-id"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Send:
    """The request becomes a row of the queue; the answer is its ids, or what `told` says."""

    told: Told = Told.IDS


@dataclass(frozen=True, slots=True)
class Ask:
    """The node that holds the session answers, in the form of the reply model. `needs` is what only some sessions have:
    the others answer 501, and the route's state says so."""

    question: str
    needs: Capability | None = None
    lack: str = ""
    """What such a session lacks for it, where the route knows better than the capability."""

    @property
    def support(self) -> Support:
        if self.needs is None or "direct" in WIRES[self.needs]:
            return everywhere(State.SERVED)
        return only_relayed(State.COMPOSED, self.lack or LACKS[self.needs])


@dataclass(frozen=True, slots=True)
class Read:
    """A function with SQL of its own answers and changes nothing."""

    perform: Perform


@dataclass(frozen=True, slots=True)
class Write:
    """A function with SQL of its own changes something. What is cached of the instance is forgotten afterwards."""

    perform: Perform


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Checked like every other request and then answered with 501. `missing` is what upstream would have to offer."""

    missing: str


Effect = Send | Ask | Read | Write | Unavailable

_STATES = {Send: State.COMPOSED, Read: State.LOCAL, Write: State.LOCAL}


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` is below the instance (`queue/{zaapId}`), or from the root when it begins with a slash.

    It has at most two variable segments. `body` may be left out by the caller where `body_optional`.
    """

    method: str
    path: str
    effect: Effect
    summary: str
    reply: type[BaseModel] | type[Plain] | None
    """None: an answer without content."""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    place: type[BaseModel] | None = None
    """What the variable segments must be; its fields have their names."""
    body_optional: bool = False
    status: int = 200
    guard: Guard = Guard.CLIENT
    tag: str = ""
    refusals: tuple[int, ...] = ()
    """Statuses of its own, beside those that every operation of its kind has."""
    deprecated: bool = False
    example: Any = None
    stands: Support | None = None
    """Where it is not what the effect says by itself."""

    def __post_init__(self) -> None:
        if isinstance(self.effect, Send) and not (self.request is not None and issubclass(self.request, Outgoing)):
            raise TypeError(f"{self.path}: what is sent must be an Outgoing")
        if self.path.count("{") > MOST_VARIABLES:
            raise TypeError(f"{self.path}: more than {MOST_VARIABLES} variable segments")
        if self.place is not None and tuple(self.place.model_fields) != self.variables:
            raise TypeError(f"{self.path}: its variables are not those of {self.place.__name__}")

    @property
    def request(self) -> type[BaseModel] | None:
        """What a send reads: its body, or its query where it has no body."""
        return self.body or self.query

    @property
    def support(self) -> Support:
        if isinstance(self.effect, Unavailable):
            return everywhere(State.UNAVAILABLE, self.effect.missing)
        if self.stands is not None:
            return self.stands
        if isinstance(self.effect, Ask):
            return self.effect.support
        return everywhere(_STATES[type(self.effect)])

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variable segments."""
        return tuple(segment.strip("{}") for segment in self.path.split("/") if segment.startswith("{"))

    @property
    def is_below_instance(self) -> bool:
        return not self.path.startswith("/")

    @property
    def template(self) -> str:
        """The whole path with the names of its variables: what logs, metrics and the documentation show."""
        return f"/instances/{{instanceId}}/token/{{token}}/{self.path}" if self.is_below_instance else self.path
