"""`./pombo bench inbound`: contacts write to a real session while its node ends: what is told of it, and how often."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGKILL

import uvloop

from common.local.processes import stop_all
from loadtests.measure.real_sessions import RealSessions, real_sessions
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchStack, bench_stack

CONTACTS = [f"551198888{number:04d}" for number in range(4)]
QUIET = 25.0  # seconds without anything new after which nothing more is expected

# Nobody answers at that address; what counts here are the events that wait for it.
LISTEN = """
    UPDATE instance SET received_callback_url = 'http://127.0.0.1:9/hook'"""
TOLD = """
    SELECT convert_from(body, 'UTF8')::jsonb->'text'->>'message', count(*)
    FROM event
    WHERE type = 'ReceivedCallback' AND convert_from(body, 'UTF8')::jsonb->'text'->>'message' LIKE $1
    GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Part:
    """`rate` messages a second, 0: as fast as the contacts can. `how` the node is ended, `ends` times."""

    name: str
    rate: float
    how: str
    ends: int


PARTS = (
    Part("kill -9 in a flood", 0, "node", 5),
    Part("kill -9 at 20 a second", 20, "node", 5),
    Part("SIGKILL to the node and its hosts at once, in a flood", 0, "everything", 3),
    Part("planned stops in a flood", 0, "stop", 3),
)


RELAY_PARTS = (
    Part("kill -9 of the session host, in a flood", 0, "host", 5),
    Part("kill -9 of the node, in a flood", 0, "node", 4),
    Part("SIGKILL to the node and its hosts at once, in a flood", 0, "everything", 4),
    Part("one of these at random, at 40 a second", 40, "random", 5),
)

SUBJECT = "Contacts write to one instance on a real session; counted are the callbacks made of it."
ABOUT = {
    "direct": (
        "The library has acknowledged up to about a hundred messages of a session before it tells the first, so they "
        "live in the session host only: it outlives its node and leaves them to the next owner."
    ),
    "relay": (
        "The session goes through the wire relay, which keeps each message with the keys that open it before the "
        "library sees it; what it did not tell is opened from there."
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench inbound")
    parser.add_argument("--messages", type=int, default=1_000, help="of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wire", choices=("direct", "relay"), default="direct")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        text = uvloop.run(measure(stack, options.messages, Random(options.seed), options.wire))
    name = "inbound" if options.wire == "direct" else "inbound_relay"
    sys.stdout.write(f"{text}\n\nkept in {keep(name, 'Messages that come in while the node dies', text)}\n")


async def measure(stack: BenchStack, messages: int, chance: Random, wire: str) -> str:
    rows = []
    # A node that comes back finds its own leases.
    settings = {"REDIS_LOCK_TTL": "3s", "REDIS_LOCK_REFRESH_INTERVAL": "500ms", "WHATSAPP_WIRE": wire}
    async with real_sessions(stack, 1, **settings) as real:
        await real.emulator.make(CONTACTS)
        await real.fetch(LISTEN)
        await real.link(0, 1)
        for place, part in enumerate(PARTS if wire == "direct" else RELAY_PARTS):
            rows.append(await run(real, place, part, messages, chance))
            sys.stderr.write(f"{rows[-1]}\n")
    head = ("", "messages", "node ended", "told exactly once", "told twice or more", "lost")
    return f"{SUBJECT} {ABOUT[wire]}\n\n{table(head, rows)}"


async def run(real: RealSessions, place: int, part: Part, messages: int, chance: Random) -> list[object]:
    writing = asyncio.create_task(write(real, place, part.rate, messages))
    ends = 0
    while not writing.done() and ends < part.ends:
        await asyncio.sleep(chance.uniform(0.5, 1.5) if not part.rate else chance.uniform(3, 9))
        how = chance.choice(("host", "node", "everything")) if part.how == "random" else part.how
        await asyncio.to_thread(end, real, how)
        ends += 1
        if how != "host":
            real.start_sender()
    await writing
    told = await settled(real, place, messages)
    once = sum(count == 1 for count in told.values())
    return [part.name, messages, f"{ends} times", once, len(told) - once, messages - len(told)]


async def write(real: RealSessions, place: int, rate: float, messages: int) -> None:
    began = time.monotonic()

    async def contact(number: int) -> None:
        for each in range(number, messages, len(CONTACTS)):
            if rate:
                await asyncio.sleep(max(0.0, began + each / rate - time.monotonic()))
            await real.emulator.ask(
                "POST", f"contacts/{CONTACTS[number]}/send", to=real.phones[0], text=f"{place}-{each}"
            )

    await asyncio.gather(*(contact(number) for number in range(len(CONTACTS))))


def end(real: RealSessions, how: str) -> None:
    if how == "stop":
        real.stack.stop("sender")
        return
    hosts = real.hosts()
    if how == "host":
        for host in hosts:
            host.kill()
        return
    process = real.stack.processes.pop("sender")
    if how == "everything":
        for host in hosts:
            host.suspend()  # else it would notice that its node is gone before its turn comes
    stop_all([process], SIGKILL, 5.0)
    if how == "everything":
        for host in hosts:
            host.kill()


async def settled(real: RealSessions, place: int, messages: int) -> Counter[str]:
    told: Counter[str] = Counter()
    changed = time.monotonic()
    while len(told) < messages and time.monotonic() - changed < QUIET:
        await asyncio.sleep(0.5)
        now = Counter(dict(await real.fetch(TOLD, f"{place}-%")))
        if now != told:
            told, changed = now, time.monotonic()
    return told


if __name__ == "__main__":
    main()
