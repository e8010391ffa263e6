"""Support: what stands behind a route, for sessions that dial WhatsApp directly and for those that use the relay."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """SERVED: WhatsApp's library does it. COMPOSED: a message or request of our own making goes through it. LOCAL: the
    gateway's own tables answer. UNAVAILABLE: 501, because something that we do not have is missing upstream."""

    SERVED = "served"
    COMPOSED = "composed"
    LOCAL = "local"
    UNAVAILABLE = "unavailable"


NOT_YET = "the gateway does not carry this to the session yet"


@dataclass(frozen=True, slots=True)
class Support:
    """`missing` says what upstream would have to offer, for the whole route or for a part of it."""

    direct: State
    relay: State
    missing: str = ""

    def __post_init__(self) -> None:
        if State.UNAVAILABLE in (self.direct, self.relay) and not self.missing:
            raise ValueError("what is unavailable says why")
        if self.direct is not State.UNAVAILABLE and self.relay is State.UNAVAILABLE:
            raise ValueError("what works directly works through the relay")


def everywhere(state: State, missing: str = "") -> Support:
    return Support(state, state, missing)


def only_relayed(state: State, missing: str) -> Support:
    """`missing` is what a direct session lacks."""
    return Support(State.UNAVAILABLE, state, missing)
