"""Sender nodes as `./pombo nodes` shows and drains them."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

PATIENCE = 60.0  # seconds that a drained node is waited for
LOOK = 0.3
GONE = 30.0  # seconds without a sign after which a node is no help: twice what a lease lives, unless set otherwise


class Drain(Protocol):
    def __call__(self, node: str, *, value: bool) -> None:
        """Let a node hand everything on, or (false) take part again."""
        ...


class Operator:
    """`nodes` lists them as the gateway answers. A node is named by its id, or by the name that
    it keeps over restarts."""

    def __init__(
        self,
        nodes: Callable[[], Mapping[str, Any]],
        drain: Drain,
        say: Callable[[str], None],
        patience: float = PATIENCE,
    ) -> None:
        self._nodes = nodes
        self._drain = drain
        self._say = say
        self._patience = patience

    def drain(self, node: str) -> bool:
        """Wait until the node holds nothing. False when that cannot be, or did not come about in time."""
        if not self._knows(node):
            return False
        others = [each for each in self._nodes()["nodes"] if not _is(each, node) and _takes_part(each)]
        if not others:
            self._say(f"{node} is the only node that takes part: there is nobody to hand its shards to.")
            return False
        self._drain(node, value=True)
        deadline = time.monotonic() + self._patience
        while left := sum(each["shards"] for each in self._nodes()["nodes"] if _is(each, node)):
            if time.monotonic() > deadline:
                self._say(f"{node} still holds {left} shards; it goes on handing them over.")
                return False
            time.sleep(LOOK)
        self._say(f"{node} holds nothing any more and may be stopped.")
        return True

    def take_back(self, node: str) -> bool:
        """The node takes part again."""
        if not self._knows(node):
            return False
        self._drain(node, value=False)
        return True

    def _knows(self, node: str) -> bool:
        nodes = self._nodes()["nodes"]
        if any(_is(each, node) for each in nodes):
            return True
        self._say(f"no node is called {node}; there are: {', '.join(each['id'] for each in nodes) or 'none'}.")
        return False


def shown(answer: Mapping[str, Any]) -> str:
    """One line a node; the last one says what nobody holds."""
    head = ("node", "shards", "sessions", "capacity", "lease age", "seen", "draining")
    rows = [
        (
            each["id"], each["shards"], each["sessions"], each["capacity"],
            "-" if each["leaseAge"] is None else f"{each['leaseAge']:.1f} s", f"{each['seenAgo']:.1f} s ago",
            "yes" if each["draining"] else "no",
        )
        for each in answer["nodes"]
    ]  # fmt: skip
    widths = [max(len(str(row[place])) for row in (head, *rows)) for place in range(len(head))]
    lines = [
        "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    ]
    return "\n".join([*(line.rstrip() for line in lines), f"{answer['free']} of {answer['shards']} shards free", ""])


def _takes_part(node: Mapping[str, Any]) -> bool:
    return not node["draining"] and node["seenAgo"] < GONE


def _is(node: Mapping[str, Any], named: str) -> bool:
    return named in (node["id"], node["name"])
