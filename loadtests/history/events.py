"""Events of a history. Times are seconds of one machine's wall clock; rows are the numbers of `message_queue`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FINAL = ("sent", "delivered", "read", "played", "failed", "canceled", "expired")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row was committed; `chat` names the lane that must keep its order."""

    at: float
    row: int
    instance: str
    shard: int
    chat: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A client was told that its message is accepted."""

    at: float
    message_id: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A shard changed hands: `node` claimed it at `epoch`, or (None) it was released."""

    at: float
    shard: int
    epoch: int
    node: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A write to a row was accepted by the database. `epoch` and `node` are the writer's, where an owner wrote."""

    at: float
    row: int
    status: str
    epoch: int | None
    node: str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """An id of the wire was made durable for a row, where that is not the one its caller was given."""

    row: int
    whatsapp_id: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes went on the wire: `node` is the process that put them there, as the network saw it."""

    at: float
    node: str
    instance: str
    chat: str
    whatsapp_id: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A session of an instance's device began or ended at some node, as the network saw it."""

    at: float
    node: str
    instance: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came back: `expected` is what only the right answer holds, `got` None when none came."""

    at: float
    question: str
    expected: str
    got: str | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook row of an instance, with its number in that instance's sequence. `about`: the message that was
    decided, by the id that its caller was given, where the row tells of a delivery."""

    at: float
    instance: str
    number: int
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A customer's receiver was called, with the row of that number."""

    at: float
    instance: str
    number: int


@dataclass(slots=True)
class History:
    """Everything that one run left behind.

    `resend` names the instances whose policy allows a second send, `holds` those whose policy leaves a message in
    doubt, `tells` those whose events are all kept; `assumed` are rows that the policy called sent. `minimum_pause` is
    the shortest pause between two sends of an instance, `kick` how long a replaced connection may linger, both in
    seconds; `is_over`: the run was given time to come to rest.
    """

    accepted: Sequence[Accepted] = ()
    answered: Sequence[Answered] = ()
    owned: Sequence[Owned] = ()
    written: Sequence[Written] = ()
    sent: Sequence[Sent] = ()
    connections: Sequence[Connection] = ()
    asked: Sequence[Asked] = ()
    webhooks: Sequence[Webhook] = ()
    called: Sequence[Called] = ()
    noted: Sequence[Noted] = ()
    holds: frozenset[str] = frozenset()
    tells: frozenset[str] = frozenset()
    assumed: frozenset[int] = frozenset()
    resend: frozenset[str] = frozenset()
    keeps_ids: bool = False
    """Whether what is sent again must have the id it had: through the relay."""
    minimum_pause: float = 0.0
    kick: float = 1.0
    is_over: bool = True
    fates: dict[int, str] = field(default_factory=dict)
    """Where each row is at the end, by the database's own word."""
