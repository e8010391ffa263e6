"""`./pombo bench media --bucket-away 60`: the bucket goes away under load and comes back: what is accepted meanwhile,
what is sent, and when its files are where they belong."""

import asyncio
import base64
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles

import asyncpg

from loadtests.measure.bucket_server import BucketServer
from loadtests.measure.link import Link
from loadtests.measure.report import table
from loadtests.measure.stack import BenchInstance, BenchStack, prepare

INSTANCES = 16
PER_SECOND = 8  # files
SIZE = 200_000  # bytes of one
AROUND = 10.0  # seconds of load before and after
PATIENCE = 300.0  # seconds for what is left afterwards
PHASES = ("before", "away", "after")

PLACES = """
    SELECT place, count(*)
    FROM media
    GROUP BY place"""

SENT = """
    SELECT message_id
    FROM message_history
    WHERE status <> 'canceled'"""


@dataclass(slots=True)
class Found:
    """What clients were answered, by phase; and when everything was well again, in seconds after the return."""

    answers: dict[str, Counter[str]] = field(default_factory=lambda: {phase: Counter() for phase in PHASES})
    took: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in PHASES})
    accepted: set[str] = field(default_factory=set)
    most_on_disk: int = 0
    moved_after: float = 0.0
    sent_after: float = 0.0
    lost: int = 0


async def measure(stack: BenchStack, away: float) -> str:
    instances = await prepare(stack, INSTANCES)
    with BucketServer(stack.folder / "bucket.log").running() as bucket:
        link = Link(bucket.port)
        await link.open()
        try:
            settings = {**bucket.settings, "S3_ENDPOINT": f"http://127.0.0.1:{link.port}"}
            stack.start_frontend(**settings)
            stack.start_sender(**settings, MEDIA_LOCAL_STORAGE_PATH=str(stack.folder / "sender-media"))
            found = await _run(stack, instances, link, away)
        finally:
            stack.stop("frontend")
            stack.stop("sender")
            await link.close()
    rows = [
        [
            phase,
            found.answers[phase]["accepted"],
            found.answers[phase]["refused"],
            *(f"{value * 1000:.0f}" for value in _shares(found.took[phase])),
        ]
        for phase in PHASES
    ]
    verdict = "None of them was lost" if not found.lost else f"{found.lost} OF THEM WERE NEVER SENT"
    return (
        f"The bucket away for {away:.0f} s under {PER_SECOND} files of {SIZE // 1000} kB a second, simulated engine, "
        f"frontend and sender with disks of their own.\n\n"
        + table(["the bucket", "accepted", "refused", "p50 (ms)", "p99 (ms)"], rows)
        + f"\n\n{len(found.accepted)} messages were accepted. {verdict}: the last was sent {found.sent_after:.1f} s "
        f"after the bucket's return. {found.most_on_disk} files were on disk at most; all were in the bucket "
        f"{found.moved_after:.1f} s after its return."
    )


async def _places(connection: asyncpg.Connection) -> dict[str, int]:
    """Files by where they are."""
    return {row[0]: row[1] for row in await connection.fetch(PLACES)}


async def _run(stack: BenchStack, instances: list[BenchInstance], link: Link, away: float) -> Found:
    found = Found()
    connection = await asyncpg.connect(stack.dsn)
    try:
        async with asyncio.TaskGroup() as tasks:
            for phase, seconds in zip(PHASES, (AROUND, away, AROUND), strict=True):
                if phase == "away":
                    await link.close()
                if phase == "after":
                    found.most_on_disk = (await _places(connection)).get("disk", 0)
                    await link.open()
                    back = time.monotonic()
                await _load(tasks, stack, instances, found, phase, seconds)
        deadline = back + PATIENCE
        left = found.accepted
        while left or set(await _places(connection)) != {"bucket"}:
            if time.monotonic() > deadline:
                break
            left = found.accepted - {row[0] for row in await connection.fetch(SENT)}
            if not left and not found.sent_after:
                found.sent_after = time.monotonic() - back
            await asyncio.sleep(0.2)
        found.moved_after = time.monotonic() - back
        found.lost = len(left)
    finally:
        await connection.close()
    return found


async def _load(
    tasks: asyncio.TaskGroup,
    stack: BenchStack,
    instances: list[BenchInstance],
    found: Found,
    phase: str,
    seconds: float,
) -> None:
    """At a fixed rate, whatever the answers take."""
    started = time.monotonic()
    for number in range(int(seconds * PER_SECOND)):
        await asyncio.sleep(max(0.0, started + number / PER_SECOND - time.monotonic()))
        tasks.create_task(_post(stack, instances[number % len(instances)], found, phase))


async def _post(stack: BenchStack, instance: BenchInstance, found: Found, phase: str) -> None:
    content = base64.b64encode(b"%PDF-1.4 " + os.urandom(SIZE)).decode()
    body = json.dumps({"phone": "5511988887777", "document": f"data:application/pdf;base64,{content}"}).encode()
    head = (
        f"POST {instance.path}/send-document/pdf HTTP/1.1\r\nhost: 127.0.0.1\r\nclient-token: {stack.client_token}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.ports["frontend"])
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    found.took[phase].append(time.monotonic() - started)
    status, _, payload = answer.partition(b"\r\n\r\n")
    if b" 200 " in status[:20]:
        found.answers[phase]["accepted"] += 1
        found.accepted.add(json.loads(payload[payload.index(b"{") : payload.rindex(b"}") + 1])["messageId"])
    else:
        found.answers[phase]["refused"] += 1


def _shares(values: list[float]) -> tuple[float, float]:
    """Median and 99th of a hundred."""
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]
