"""`./pombo bench capacity`: writes CAPACITY.md anew from the figures that the other benches kept, without measuring.

Needs the JSON of `peers`, `curves`, `sessions` and `webhooks` in `results`.
"""

import argparse
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.measure.report import RESULTS, read_figures, table

SESSIONS = 100_000
RATE = 1_000_000 / 60  # messages a second
EVENTS = 2  # callbacks of a message that customers take
NODE_SESSIONS = 1_000
PAUSES = 1.0, 3.0  # seconds
POSTGRES_CORES, POSTGRES_WAL, POSTGRES_CONNECTIONS = 16, 200e6, 500
VALKEY_CORES = 1
BUSY = 0.7  # of a core or a disk: above it queues grow
PAGE = 8_192
READ_TOO = 2  # what a frontend announces is read and deleted by a sender
SHARDS = 256, 1_024, 4_096
FILE = RESULTS.parent / "CAPACITY.md"


@dataclass(frozen=True, slots=True)
class Model:
    """What one message, and one session, takes. Processor in seconds; the stores' of gateway and sessions apart."""

    accept: float
    deliver: float
    event: float
    gateway_postgres: float
    session_send: float
    session_postgres: float
    valkey: float
    wal: float
    commits: float
    commands: float
    idle: float
    memory: float
    node_connections: float
    busy_connections: float

    @classmethod
    def fit(cls, peers: Any, curves: Any, sessions: Any, webhooks: Any) -> "Model":
        """One frontend and one sender, which have the machine nearly to themselves, are the points that count."""
        accept, deliver = curves["frontends"]["1"], curves["senders"]["1"]
        event, send = webhooks["us of an event"], sessions["processor ms of a send"]
        micro, milli = 1e-6, 1e-3
        return cls(
            accept=peers["accept"]["Pombo"]["program"] * micro,
            deliver=peers["drain"]["Pombo"]["program"] * micro,
            event=event["sender"] * micro,
            gateway_postgres=(accept["us of Postgres"] + deliver["us of Postgres"] + EVENTS * event["postgres"])
            * micro,
            # The sender of a real send does what a simulated one does, and the session's work.
            session_send=max(0.0, send["sender"] * milli - deliver["us of senders"] * micro),
            session_postgres=max(0.0, send["postgres"] * milli - deliver["us of Postgres"] * micro),
            valkey=READ_TOO * accept["us of Valkey"] * micro,
            wal=accept["WAL bytes"] + deliver["WAL bytes"],
            commits=accept["commits"] + deliver["commits"],
            commands=READ_TOO * accept["Redis commands"],
            idle=sessions["idle processor share of a session"],
            memory=sessions["MB a session"],
            node_connections=sessions["connections of a node"],
            busy_connections=sessions["most connections of the session store"] / sessions["sessions"],
        )

    @property
    def sender(self) -> float:
        return self.deliver + self.session_send + EVENTS * self.event


@dataclass(frozen=True, slots=True)
class Wall:
    """Where one of something ends, in messages a second over `SESSIONS` sessions."""

    name: str
    at: float
    move: str


def main() -> None:
    argparse.ArgumentParser(prog="./pombo bench capacity", description=__doc__).parse_args()
    told = {name: read_figures(name) for name in ("peers", "curves", "sessions", "webhooks")}
    missing = [name for name, figures in told.items() if not figures]
    known = told["curves"].get("curves", {})
    missing += [f"curves --only {name}" for name in ("frontends", "senders") if name not in known]
    if missing:
        sys.exit(f"first run: {', '.join(f'./pombo bench {name}' for name in missing)}")
    model = Model.fit(told["peers"], told["curves"]["curves"], told["sessions"], told["webhooks"])
    FILE.write_text(paper(model, told))
    sys.stdout.write(f"written: {FILE}\n")


def walls(model: Model) -> list[Wall]:
    nodes = SESSIONS / NODE_SESSIONS
    found = [
        Wall(
            "processor of the sessions' Postgres",
            POSTGRES_CORES * BUSY / model.session_postgres,
            "a database of its own for session stores, then several by shard: sessions share no row",
        ),
        Wall(
            "processor of the gateway's Postgres",
            POSTGRES_CORES * BUSY / model.gateway_postgres,
            "several Postgres, each with a range of shards: every statement names one instance or one shard",
        ),
        Wall(
            "WAL of the gateway's Postgres",
            POSTGRES_WAL * BUSY / model.wal,
            "the same split by shard; history partitions by day on disks of their own",
        ),
        Wall(
            "processor of Valkey (one thread)",
            VALKEY_CORES * BUSY / model.valkey,
            "Redis Cluster: keys carry the shard as hash tag, so a script stays in its slot",
        ),
        Wall(
            "connections to Postgres",
            POSTGRES_CONNECTIONS / (nodes * model.node_connections) * RATE,
            "PgBouncer in transaction mode before the gateway's Postgres; fewer, larger nodes",
        ),
    ]
    return sorted(found, key=lambda wall: wall.at)


def paper(model: Model, told: Mapping[str, Any]) -> str:
    nodes = SESSIONS / NODE_SESSIONS
    quiet = quiet_of(told["curves"]["curves"].get("idle", {}))
    per_thousand = [
        ["processor of senders, cores", f"{model.idle * 1000:.3f}", f"{model.sender * 1000:.2f}"],
        ["processor of frontends, cores", "0", f"{model.accept * 1000:.2f}"],
        [
            "processor of the gateway's Postgres, cores",
            quiet("Postgres %", 0.01, 4),
            f"{model.gateway_postgres * 1000:.2f}",
        ],
        ["processor of the sessions' Postgres, cores", "not measured apart", f"{model.session_postgres * 1000:.2f}"],
        ["processor of Valkey, cores", quiet("Valkey %", 0.01, 4), f"{model.valkey * 1000:.3f}"],
        ["memory of senders, GB", f"{model.memory * 1000 / 1024:.2f}", "within the former"],
        ["WAL, MB/s", "0", f"{model.wal * 1000 / 1e6:.1f}"],
        [
            "commits of Postgres/s (writes to disk at most)",
            quiet("transactions/s", 1, 1),
            f"{model.commits * 1000:,.0f}",
        ],
        ["pages of WAL/s (writes to disk at least)", "0", f"{model.wal * 1000 / PAGE:,.0f}"],
        [
            "Redis commands/s, those inside scripts included",
            quiet("Redis commands/s", 1, 1),
            f"{model.commands * 1000:,.0f}",
        ],
        ["Postgres connections of the gateway", f"{model.node_connections * 1000 / NODE_SESSIONS:.0f}", ""],
        ["Postgres connections of the session store, all busy", f"{model.busy_connections * 1000:.0f}", ""],
    ]
    total = [
        ["frontends, cores", f"{RATE * model.accept:.0f}"],
        ["senders and session hosts, cores", f"{RATE * model.sender + SESSIONS * model.idle:.0f}"],
        ["gateway's Postgres, cores", f"{RATE * model.gateway_postgres:.1f}"],
        ["sessions' Postgres, cores", f"{RATE * model.session_postgres:.0f}"],
        ["Valkey, cores", f"{RATE * model.valkey:.2f}"],
        ["memory of senders, GB", f"{SESSIONS * model.memory / 1024:.0f}"],
        ["sender nodes", f"{nodes:.0f}"],
        ["WAL, MB/s", f"{RATE * model.wal / 1e6:.0f}"],
        ["Postgres connections of the gateway", f"{nodes * model.node_connections:,.0f}"],
    ]
    shown = [[wall.name, f"{wall.at:,.0f}", f"{wall.at / RATE:.2f}", wall.move] for wall in walls(model)]
    cores = told["curves"]["machine"].split(", ")[1]
    dates = ", ".join(f"{name} {figures['date']}" for name, figures in told.items())
    return f"""# Capacity

Written by `./pombo bench capacity` from {dates} ({told["curves"]["machine"]}). It is a model, not a measurement of
such a size: refresh it after new runs of those benches.

## What a thousand takes

{table(["", "1,000 quiet sessions", "1,000 messages a second"], per_thousand)}

Quiet sessions: memory and processor of senders come from real sessions of the library, the stores from simulated ones
of one node, with what the node itself does. The stores' share of a message is that of full batches; with little traffic
a message costs several times as much, and there is room for it.

## {SESSIONS:,} sessions and {RATE * 60:,.0f} messages a minute

{table(["", "needed at full use of each core"], total)}

## The first walls

With one Postgres of {POSTGRES_CORES} cores, {POSTGRES_WAL / 1e6:.0f} MB/s of WAL and {POSTGRES_CONNECTIONS} connections
for each purpose, one Valkey, everything to {BUSY:.0%}:

{table(["wall", "messages a second", "of the aim", "how it is moved"], shown)}

## Assumptions

- Costs grow with messages and sessions, not with their product: `results/curves.md` shows how far that was looked at.
- Each message has {EVENTS} callbacks that somebody takes; media is not in it.
- A session's part of a send comes from real sessions of the library at the emulator; WhatsApp's own answers take
  longer, which costs memory of what is under way, not processor. The gateway's part comes from the simulated engine.
- What a sender reads from Redis is taken to cost what a frontend's announcement costs: the backlog by which deliveries
  are measured is found in Postgres.
- Session hosts share their memory pages as in `results/sessions.md`; a phone with long history takes more.
- Sessions answer at random times: everybody reconnecting at once is bounded per node, and not in this table.
- Nothing here was measured on more than {cores}, and all programs shared them: an extrapolation by a
  factor of a hundred shows the order of the walls rather than their place.

## Held against a simulation

{waits()}

{spread()}
"""


def quiet_of(points: Mapping[str, Mapping[str, float]]) -> Callable[[str, float, int], str]:
    """What a node with so many idle instances takes, a thousand of them: its own leases and sweeps are in it."""
    measured = {int(place): point for place, point in points.items() if point}

    def of(column: str, unit: float, digits: int) -> str:
        if not measured:
            return "not measured"
        place = max(measured)
        return f"{measured[place][column] * unit / place * 1000:.{digits}f}"

    return of


def waits() -> str:
    """The pace of an instance as a queue with one server, by the formula and by playing it."""
    rate = RATE / SESSIONS
    low, high = PAUSES
    mean, square = (low + high) / 2, (low**2 + low * high + high**2) / 3
    formula = rate * square / (2 * (1 - rate * mean))
    played = play(rate, 400, 500, random.Random(1))
    ordered = sorted(played)
    return (
        f"Pace: an instance sends one message in {low:g} to {high:g} s, and gets {rate * 60:.1f} a minute at random "
        f"moments. A message waits {formula:.2f} s for its turn by the formula of Pollaczek and Khinchine, "
        f"{statistics.fmean(played):.2f} s in a simulation of 400 instances with 500 messages each (p95 "
        f"{ordered[int(len(ordered) * 0.95)]:.1f} s): pace, not the machine, is what a customer waits for."
    )


def play(rate: float, instances: int, messages: int, chance: random.Random) -> list[float]:
    found = []
    for _ in range(instances):
        now = free = 0.0
        for _ in range(messages):
            now += chance.expovariate(rate)
            found.append(max(0.0, free - now))
            free = max(now, free) + chance.uniform(*PAUSES)
    return found


def spread() -> str:
    nodes = int(SESSIONS / NODE_SESSIONS)
    rows = [[f"{shards:,}", f"{fullest(shards, nodes, random.Random(1)):,.0f}"] for shards in SHARDS]
    return (
        f"Spread: {SESSIONS:,} instances in shards by chance, dealt evenly to {nodes} nodes. What the fullest "
        f"node holds, where {NODE_SESSIONS:,} would be even, is why SHARD_COUNT (fixed when the database is made) has "
        f"to be large for a large installation:\n\n{table(['shards', 'sessions of the fullest node'], rows)}"
    )


def fullest(shards: int, nodes: int, chance: random.Random) -> int:
    sizes = Counter(chance.randrange(shards) for _ in range(SESSIONS))
    held: Sequence[int] = [sum(sizes[shard] for shard in range(node, shards, nodes)) for node in range(nodes)]
    return max(held)


if __name__ == "__main__":
    main()
