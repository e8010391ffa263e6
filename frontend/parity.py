"""Parity: what stands behind each route, as a matrix for a list of wanted routes and as the README's table.

`python -m frontend.parity FILE` prints the matrix of the routes that the file names; one that would be answered by a
bare 404 or 405 makes it fail.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from common.metrics import FrontendMetrics
from frontend.operation import Operation
from frontend.operations import ALL
from frontend.routes import Routes
from frontend.support import State

_BELOW = "/instances/3D0A11BB22CC33DD44EE55FF66007788/token/F2A41C55B0E35D668A10C3D4/"
_SAMPLES = {
    "phone": "5511988887777",
    "group": "120363041234567890-group",
    "community": "120363055512345678",
    "newsletter": "120363166501234567@newsletter",
}

Pair = tuple[str, str]


def read_pairs(text: str) -> list[Pair]:
    """A method and a path on each line; `#` begins a remark."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [(method, path) for method, path in (line for line in lines if line)]


class Matrix:
    """The operation behind each pair, or None."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        routes = Routes(ALL, FrontendMetrics(CollectorRegistry(), ""))
        self.rows: list[tuple[str, str, Operation | None]] = []
        for method, path in pairs:
            filled = re.sub(r"{(\w+)}", lambda found: _SAMPLES.get(found[1], "10"), path)
            # Partners' routes begin at the root, wherever they are listed.
            below, root = (routes.match(method, f"{start}{filled}")[0].operation for start in (_BELOW, "/"))
            self.rows.append((method, path, below or root))

    def unknown(self) -> list[Pair]:
        return [(method, path) for method, path, operation in self.rows if operation is None]

    def text(self) -> str:
        return "\n".join([_line("method", "path", "direct", "relay", "missing upstream"), *map(_row, self.rows)])

    def summary(self) -> str:
        supports = [operation.support for _, _, operation in self.rows if operation is not None]
        direct = _counted(support.direct for support in supports)
        relay = _counted(support.relay for support in supports)
        return f"{len(self.rows)} routes; directly {direct}; through the relay {relay}; {len(self.unknown())} not known"


def readme_table() -> str:
    """Every route of the API by domain and by its state with direct sessions. `*`: served when the relay is used."""
    lines = ["| domain | state | routes |", "| --- | --- | --- |"]
    for domain in dict.fromkeys(operation.tag for operation in ALL):
        for state in State:
            found = [_named(one) for one in ALL if one.tag == domain and one.support.direct is state]
            if found:
                lines.append(f"| {domain} | {state.value} | {', '.join(found)} |")
    return "\n".join(lines)


def _counted(states: Iterable[State]) -> str:
    counted = Counter(states)
    return ", ".join(f"{counted[state]} {state.value}" for state in State)


def _named(operation: Operation) -> str:
    mark = "" if operation.support.relay is operation.support.direct else "*"
    return f"`{operation.method} {operation.path}`{mark}"


def _row(row: tuple[str, str, Operation | None]) -> str:
    method, path, operation = row
    if operation is None:
        return _line(method, path, "404", "404", "")
    support = operation.support
    return _line(method, path, support.direct.value, support.relay.value, support.missing)


def _line(method: str, path: str, direct: str, relay: str, missing: str) -> str:
    return f"{method:6} {path:52} {direct:11} {relay:11} {missing}".rstrip()


def main(arguments: Sequence[str]) -> int:
    matrix = Matrix(read_pairs(Path(arguments[0]).read_text(encoding="utf-8")))
    sys.stdout.write(f"{matrix.text()}\n{matrix.summary()}\n")
    return 1 if matrix.unknown() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
