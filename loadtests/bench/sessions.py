"""`./pombo bench sessions`: real sessions at the emulator: what one costs to link, to keep and to send through."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from loadtests.measure.processor import Meter
from loadtests.measure.real_sessions import RealSessions, Taken, mebibytes, real_sessions
from loadtests.measure.report import keep, keep_figures, table
from loadtests.measure.stack import BenchStack, bench_stack

CONTACTS = [f"551198888{number:04d}" for number in range(50)]
GIGABYTE = 1024**3
SETTLE = 15.0  # seconds, in which connections that are not used any more are closed

NOW = """
    SELECT clock_timestamp()"""
SENT = """
    SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))::float8
    FROM message_history
    WHERE started_at > $1"""


@dataclass(frozen=True, slots=True)
class Level:
    sessions: int
    back: float
    taken: dict[str, Taken]
    connections: tuple[int, int]
    most_connections: int
    idle: dict[str, float]

    @property
    def memory(self) -> int:
        return sum(each.memory for each in self.taken.values())

    @property
    def row(self) -> list[object]:
        node, hosts = self.taken["node"], self.taken["hosts"]
        each = self.memory / self.sessions
        return [
            self.sessions,
            hosts.processes,
            f"{mebibytes(node.memory)} + {mebibytes(hosts.memory)}",
            f"{each / 1024 / 1024:.2f}",
            f"{GIGABYTE / each:,.0f}",
            f"{(node.threads + hosts.threads) / self.sessions:.2f}",
            " + ".join(str(count) for count in self.connections),
            self.most_connections,
            f"{(self.idle['sender']) / self.sessions * 100:.2%}",
            f"{self.back:.1f} s",
        ]


HEAD = (
    "sessions",
    "hosts",
    "MB of node + hosts",
    "MB a session",
    "sessions a GB",
    "threads a session",
    "Postgres connections, store + others",
    "of the store at most, while all come back",
    "idle processor share of 100 sessions",
    "all back after a restart",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench sessions")
    parser.add_argument("--levels", type=int, nargs="+", default=[50, 200, 500], help="sessions that are kept at once")
    parser.add_argument("--sends", type=int, default=2_000, help="messages through the sessions of the last level")
    parser.add_argument("--seconds", type=float, default=30.0, help="of quiet in which idle cost is measured")
    parser.add_argument("--host-sessions", type=int, default=0, help="instead of the default of HOST_SESSIONS")
    options = parser.parse_args()
    chosen = {"HOST_SESSIONS": str(options.host_sessions)} if options.host_sessions else {}
    # Enough for every session to be busy at once: how many there really are is one of the questions.
    settings = {"max_connections": str(2 * max(options.levels) + 100)}
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder), settings) as stack:
        text = uvloop.run(measure(stack, options, chosen))
    sys.stdout.write(f"{text}\n\nkept in {keep('sessions', 'Real sessions', text)}\n")


async def measure(stack: BenchStack, options: argparse.Namespace, chosen: dict[str, str]) -> str:
    levels: list[Level] = []
    took: list[float] = []
    async with real_sessions(stack, max(options.levels), **chosen) as real:
        await real.emulator.make(CONTACTS)
        meter = Meter(real.stack.pids)
        linked, paired = 0, 0.0
        used = dict.fromkeys(real.stack.pids, 0.0)
        for sessions in sorted(options.levels):
            meter.read()
            took += await real.link(linked, sessions)
            paired += sessions - linked
            used = {name: used[name] + value for name, value in meter.read().items()}
            linked = sessions
            levels.append(await hold(real, sessions, options.seconds))
            meter = Meter(real.stack.pids)
            sys.stderr.write(f"{levels[-1].row}\n")
        sending, costs, most = await send(real, linked, options.sends)
    took.sort()
    keep_figures(
        "sessions",
        {
            "MB a session": levels[-1].memory / levels[-1].sessions / 1024 / 1024,
            "idle processor share of a session": levels[-1].idle["sender"] / levels[-1].sessions,
            "connections of a node": levels[-1].connections[1],
            "most connections of the session store": most,
            "sessions": linked,
            "processor ms of a send": costs,
        },
    )
    return (
        f"After a restart of the sender, with the sessions paired, connected and quiet. Memory is what the processes "
        f"hold, with what they share counted once.\n\n{table(HEAD, [level.row for level in levels])}\n\n"
        f"Linking, from the question for a code to the connected session, four at a time beside the emulator on the "
        f"same machine: p50 {_share(took, 0.5):.2f} s, p99 {_share(took, 0.99):.2f} s; "
        f"{used['sender'] / paired:.2f} s of processor each, the throw-away host included.\n\n{sending}"
    )


async def hold(real: RealSessions, sessions: int, seconds: float) -> Level:
    """Start the sender anew, as after an upgrade, and look at it once everything is at rest."""
    real.stack.stop("sender")
    began = await real.fetchval(NOW)
    real.start_sender()
    watch = asyncio.create_task(most_connections(real))
    back = await real.connected_since(began, sessions)
    watch.cancel()
    most = await watch
    await asyncio.sleep(SETTLE)
    meter = Meter(real.stack.pids)
    await asyncio.sleep(seconds)
    idle = {name: value / seconds for name, value in meter.read().items()}
    return Level(sessions, back, real.taken(), await real.connections(), most, idle)


async def most_connections(real: RealSessions) -> int:
    """Of the session store, until cancelled."""
    most = 0
    try:
        while True:
            most = max(most, (await real.connections())[0])
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return most


async def send(real: RealSessions, sessions: int, count: int) -> tuple[str, dict[str, float], int]:
    """Texts over all sessions to contacts that decrypt and acknowledge them: what is said of it, the costs, and the
    most connections to the session store."""
    began = await real.fetchval(NOW)
    # Everybody writes once first: a first message to somebody costs a lookup and a key exchange.
    await _through(real, sessions, sessions, began)
    began = await real.fetchval(NOW)
    meter = Meter(real.stack.pids)
    watch = asyncio.create_task(most_connections(real))
    seconds = await _through(real, sessions, count, began)
    watch.cancel()
    most = await watch
    used = {name: value / count * 1e3 for name, value in meter.read().items()}
    costs = {name: used[name] for name in ("sender", "emulator", "postgres", "frontend")}
    text = (
        f"{count:,} texts through {sessions} sessions, all of them busy at once, ids made safe before the bytes left: "
        f"{count / seconds:,.0f} a second; at most {most} connections to the session store.\n\n"
        f"{table(['', 'processor ms of a send'], [[name, f'{cost:.2f}'] for name, cost in costs.items()])}\n\n"
        f"The sender's share includes its session hosts."
    )
    return text, costs, most


async def _through(real: RealSessions, sessions: int, count: int, began: object) -> float:
    slots = asyncio.Semaphore(16)

    async def one(number: int) -> None:
        async with slots:
            place = number % sessions
            await real.send(place, CONTACTS[place % len(CONTACTS)], f"text {number}")

    await asyncio.gather(*(one(number) for number in range(count)))
    deadline = time.monotonic() + 300
    done, seconds = 0, 0.0
    while done < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{done} of {count} messages were sent")
        await asyncio.sleep(0.1)
        done, seconds = (await real.fetch(SENT, began))[0]
    return seconds


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    main()
