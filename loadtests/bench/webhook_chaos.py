"""`./pombo bench webhooks --chaos`: two senders that are killed at random tell a receiver that fails in every way."""

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.request import Request, urlopen
from uuid import UUID

import asyncpg
import uvloop

from loadtests.history.callbacks import Event, Verdict, judge
from loadtests.measure.history import FILL_QUEUE
from loadtests.measure.report import keep, table
from loadtests.measure.rough_receiver import CLASSES, read_log
from loadtests.measure.stack import BenchStack, bench_stack, prepare

EVENTS_OF_A_MESSAGE = 3
DOOMED = 20  # the number of the event of an instance that is never taken
SENDERS = ("sender-1", "sender-2")

TELL_EACH = """
    UPDATE instance
    SET delivery_callback_url = $1 || id, message_status_callback_url = $1 || id, connected_callback_url = $1 || id"""
MESSAGES_LEFT = """
    SELECT count(*) FROM message_queue WHERE status <> 'uncertain'"""
EVENTS_LEFT = """
    SELECT count(*) FROM event_outbox"""
GIVEN = """
    SELECT instance_id, last FROM event_sequence"""
LETTERS = """
    SELECT instance_id, seq, error_class FROM event_dead_letter"""


@dataclass(frozen=True, slots=True)
class Plan:
    """`outage` is for how many seconds the receiver is dead, `delays` must outlast it."""

    events: int = 50_000
    instances: int = 100
    seed: int = 1
    rate: int = 100  # messages a second
    share: float = 0.05
    outage: float = 120.0
    between_kills: tuple[float, float] = (8.0, 20.0)
    most_kills: int | None = None
    delays: str = "0s,200ms,500ms,1s,2s,3s,5s,10s,20s,30s,30s,30s,30s,30s,30s"
    cooldown: str = "2s"
    patience: float = 1500.0
    """Seconds until everything must have been told."""

    @property
    def messages(self) -> int:
        return self.events // EVENTS_OF_A_MESSAGE + 1


SHORT = Plan(
    events=400, instances=9, rate=100, share=0.08, outage=0.7, between_kills=(0.3, 1.0), most_kills=4,
    delays="0s,100ms,100ms,200ms,300ms,500ms,500ms,1s,1s,2s,4s", cooldown="200ms", patience=120.0,
)  # fmt: skip
"""What the suite runs."""


@dataclass(slots=True)
class Storm:
    """What was done to a stack, and what came of it."""

    kills: int = 0
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)


def main(plan: Plan) -> None:
    with tempfile.TemporaryDirectory(prefix="pombo-chaos-") as folder, bench_stack(Path(folder)) as stack:
        found = uvloop.run(storm(stack, plan))
    verdict = found.verdict
    rows = [[name, count] for name, count in sorted(verdict.letters.items())]
    text = (
        f"Seed {plan.seed}: {plan.messages:,} messages of {plan.instances} instances at {plan.rate} a second through "
        f"two senders, of which one was killed (kill -9) and started again {found.kills} times. The receiver fails "
        f"{plan.share:.0%} of the attempts (500, 503, 429 with Retry-After, 408, reset, hang, garbage), is slow at "
        f"others, and was dead for {plan.outage:.0f} s; one event of each class below is never taken.\n\n"
        f"{verdict.events:,} events in {found.seconds:.0f} s, {verdict.requests:,} requests. Missing: "
        f"{len(verdict.missing)}. Out of order after dropping repeats: {len(verdict.disordered)}. Taken and told "
        f"again: {verdict.told_again} ({verdict.told_again / max(1, verdict.events):.3%}). Dead letters that should "
        f"not be, or are missing: {len(verdict.unfounded)}.\n\n" + table(["class", "dead letters"], rows)
    )
    sys.stdout.write(f"{text}\n\nkept in {keep('webhooks_chaos', 'Webhooks under faults', text)}\n")
    sys.exit(0 if verdict.holds else 1)


async def storm(stack: BenchStack, plan: Plan) -> Storm:
    """Run the plan on an empty stack."""
    instances = [one.id for one in await prepare(stack, plan.instances)]
    doomed = {(one.hex.upper(), DOOMED): answer for one, answer in zip(instances, CLASSES, strict=False)}
    log, found = stack.folder / "requests", Storm()
    receiver = await asyncio.to_thread(_start_receiver, stack, log, plan, doomed)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(TELL_EACH, receiver)
    started = time.monotonic()
    async with _killing(stack, plan, found):
        filling = asyncio.create_task(_fill(stack.dsn, instances, plan))
        await asyncio.sleep(plan.messages / plan.rate / 3)
        await asyncio.to_thread(_send_away, receiver, plan.outage)
        await filling
        await _until_none(connection, MESSAGES_LEFT, plan.patience)
    await _until_none(connection, EVENTS_LEFT, plan.patience)
    found.seconds = time.monotonic() - started
    given = {row[0].hex.upper(): row[1] for row in await connection.fetch(GIVEN)}
    letters = {(row[0].hex.upper(), row[1]): row[2] for row in await connection.fetch(LETTERS)}
    await connection.close()
    expected = {event: CLASSES[answer] for event, answer in doomed.items()}
    found.verdict = judge(given, read_log(log), letters, expected)
    return found


def _start_receiver(stack: BenchStack, log: Path, plan: Plan, doomed: Mapping[Event, str]) -> str:
    """Its address."""
    settings = {
        "ROUGH_LOG": str(log),
        "ROUGH_SEED": str(plan.seed),
        "ROUGH_SHARE": str(plan.share),
        "ROUGH_DOOMED": json.dumps({f"{instance}:{seq}": how for (instance, seq), how in doomed.items()}),
    }
    port = stack.start("receiver", "loadtests.measure.rough_receiver", "HTTP_ADDR", "/ready", **settings)
    return f"http://127.0.0.1:{port}/"


def _send_away(receiver: str, seconds: float) -> None:
    with urlopen(Request(f"{receiver}away?seconds={seconds}", method="PUT")):
        pass


@asynccontextmanager
async def _killing(stack: BenchStack, plan: Plan, found: Storm) -> AsyncIterator[None]:
    """Two senders, one of which is killed and started again after the other, now and then."""
    await asyncio.gather(*(_start(stack, name, plan) for name in SENDERS))
    chance = Random(plan.seed)

    over = asyncio.Event()

    async def kill() -> None:
        while not over.is_set() and (plan.most_kills is None or found.kills < plan.most_kills):
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), chance.uniform(*plan.between_kills))
                return
            name = chance.choice(SENDERS)
            await _kill(stack, name)
            found.kills += 1
            await _start(stack, name, plan)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kill())
        try:
            yield
        finally:
            over.set()


async def _kill(stack: BenchStack, name: str) -> None:
    process = stack.processes.pop(name)
    process.send(signal.SIGKILL)
    await asyncio.to_thread(process.wait, 10.0)


async def _start(stack: BenchStack, name: str, plan: Plan) -> None:
    settings = {
        "WEBHOOK_HTTP_HOSTS": "127.0.0.1",
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_TIMEOUT": "500ms",
        "EVENT_RETRY_DELAYS": plan.delays,
        "WEBHOOK_BREAKER_COOLDOWN": plan.cooldown,
        "EVENT_SWEEP_INTERVAL": "2s",
        "SWEEP_INTERVAL": "500ms",
        "REDIS_LOCK_TTL": "3s",
        "REDIS_LOCK_REFRESH_INTERVAL": "500ms",
        "UNCERTAIN_GRACE": "200ms",
        "NODE_ID": name,
    }
    await asyncio.to_thread(stack.start_sender, name, **settings)


async def _fill(dsn: str, instances: list[UUID], plan: Plan) -> None:
    connection = await asyncpg.connect(dsn)
    started, queued = time.monotonic(), 0
    while queued < plan.messages:
        due = min(plan.messages, int((time.monotonic() - started) * plan.rate)) - queued
        if due > 0:
            await connection.execute(FILL_QUEUE, instances, queued + 1, queued + due)
            queued += due
        await asyncio.sleep(0.1)
    await connection.close()


async def _until_none(connection: asyncpg.Connection, statement: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while left := await connection.fetchval(statement):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} left: {' '.join(statement.split())}")
        await asyncio.sleep(0.2)
