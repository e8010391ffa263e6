"""What a message costs, in figures that hold on a noisy machine: statements that reach Postgres, counted, and the
processor time of this thread beside that of a yardstick, the lowest of some turns."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp, Message

from common.postgres import Pool
from common.tables import message
from common.tables.message import NewMessage
from loadtests.measure.statements import Statements
from tests.builders import new_message
from tests.frontend.gateway import CLIENT_TOKEN, Caller
from tests.sender.station import Station

SINGLES = 20  # messages one after the other, so that no batch hides a statement
SLACK = 5  # statements that asyncpg needs when a connection meets a type for the first time
TOGETHER = 200
INSTANCES = 20
CHATS = 10


async def statements_of_accepts(statements: Statements, caller: Caller) -> Counter[str]:
    await caller.send_text("the first one reads the instance")
    statements.clear()
    for number in range(SINGLES):
        assert (await caller.send_text(str(number))).status_code == 200
    return statements.counted


async def statements_of_deliveries(statements: Statements, station: Station, writing: Pool) -> Counter[str]:
    """Enqueued by a pool that is not counted."""
    instance = await station.instance()
    for number in range(SINGLES + 1):
        await writing.fetch(*enqueuing([new_message(instance, str(number))]))
        station.couriers.wake(instance)
        await station.rest()
        if not number:
            statements.clear()
    return statements.counted


def too_many(counted: Counter[str], allowed: int) -> str | None:
    """What to say when more than `allowed` statements were made for a message."""
    if counted.total() <= allowed * SINGLES + SLACK:
        return None
    lines = [f"{count / SINGLES:.1f} x {text}" for text, count in counted.most_common()]
    return "\n".join([f"{counted.total() / SINGLES:.2f} statements for a message, {allowed} are allowed:", *lines])


Turn = Callable[[], Awaitable[float]]
"""Seconds of this thread for one message."""


async def lowest_ratio(ours: Turn, yardstick: Turn, enough: float, turns: int = 15) -> float:
    """The lowest of some turns, of which each has both: a disturbed turn says nothing, one good turn says all. No more
    turns than it takes to be below `enough`."""
    lowest = float("inf")
    for turn in range(turns + 1):
        ratio = await ours() / await yardstick()
        if turn:  # the first one only warms up
            lowest = min(lowest, ratio)
        if lowest <= enough:
            break
    return lowest


def accepting(app: ASGIApp, path: str) -> Turn:
    """Many requests at once, without a socket between."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip
    headers = [
        (b"host", b"pombo.test"),
        (b"content-type", b"application/json"),
        (b"client-token", CLIENT_TOKEN.encode()),
    ]

    async def ask(number: int) -> None:
        body = json.dumps({"phone": f"55119888877{number % CHATS:02d}", "message": f"Order {number}"}).encode()
        length = (b"content-length", str(len(body)).encode())
        statuses = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Message) -> None:
            if event["type"] == "http.response.start":
                statuses.append(event["status"])

        await app({**scope, "headers": [*headers, length]}, receive, send)
        assert statuses == [200]

    async def turn() -> float:
        with measured() as seconds:
            await asyncio.gather(*map(ask, range(TOGETHER)))
        return seconds[0] / TOGETHER

    return turn


async def delivering(station: Station, writing: Pool) -> Turn:
    """Many messages that wait in the queues of several instances. `writing` puts them there."""
    instances = [await station.instance() for _ in range(INSTANCES)]

    async def turn() -> float:
        messages = [
            new_message(instances[number % INSTANCES], str(number), phone=f"55119888877{number % CHATS:02d}")
            for number in range(TOGETHER)
        ]
        await writing.fetch(*enqueuing(messages))
        with measured() as seconds:
            for instance in instances:
                station.couriers.wake(instance)
            await station.rest()
        return seconds[0] / TOGETHER

    return turn


async def plain_python() -> float:
    """A fixed piece of work of about the kind that programs here do."""
    with measured() as seconds:
        for number in range(TOGETHER):
            row = {"phone": str(number), "message": "Order", "parts": [{"id": place} for place in range(10)]}
            seen = {key: str(value).upper() for key, value in json.loads(json.dumps(row)).items()}
            sorted(seen.items(), key=lambda item: item[1])
    return seconds[0] / TOGETHER


def burn(seconds: float) -> None:
    """Keep the processor busy."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@contextmanager
def measured() -> Iterator[list[float]]:
    """Holds the seconds that this thread used, once it is over."""
    seconds: list[float] = []
    began = time.thread_time()
    yield seconds
    seconds.append(time.thread_time() - began)


def enqueuing(messages: Sequence[NewMessage]) -> tuple[Any, ...]:
    return message.ENQUEUE, *message.columns_of(messages)
