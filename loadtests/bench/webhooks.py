"""`./pombo bench webhooks`: one sender that delivers events to a fast receiver: its rate, its cost against a bare
aiohttp loop in the same run, and the time from an event to its first attempt under a steady load."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from common.local.http import request
from common.local.programs import ROOT
from loadtests.bench import webhook_chaos
from loadtests.measure.history import FILL_QUEUE
from loadtests.measure.processor import Meter
from loadtests.measure.report import keep, keep_figures, table
from loadtests.measure.stack import BenchStack, bench_stack, prepare

INSTANCES = 100
EVENTS = 20_000
CUSTOMERS, INSTANCES_OF_ONE = 100, 2
TURNS = 3
BODY = 200  # bytes, about those of a status
PATIENCE = 300.0
AIM = 2.5

TELL = """
    UPDATE instance
    SET delivery_callback_url = $1, message_status_callback_url = $1, received_callback_url = $1,
        connected_callback_url = NULL"""
HAPPEN = """
    WITH made AS (
        SELECT id, n FROM instance, generate_series(1, $1::integer) AS series (n)
    ), counted AS (
        INSERT INTO event_sequence (instance_id, last) SELECT id, $1 FROM instance
    ), logged AS (
        INSERT INTO event (instance_id, seq, slot, type, body, created_at)
        SELECT id, n, 'received', 'ReceivedCallback',
               convert_to(json_build_object('type', 'ReceivedCallback', 'filler', repeat('x', $2::integer))::text,
                          'UTF8'),
               now()
        FROM made
    )
    INSERT INTO event_outbox (instance_id, slot, seq, created_at)
    SELECT id, 'received', n, now() FROM made"""
SPAN = """
    SELECT count(*), coalesce(extract(epoch FROM max(ended_at) - min(ended_at)), 0)::float8
    FROM event_attempt WHERE outcome = 'delivered'"""
FIRST_ATTEMPTS = """
    SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY
        extract(epoch FROM event_attempt.ended_at - event.created_at) * 1000 - took_ms), count(*)
    FROM event_attempt
    JOIN event USING (instance_id, seq)
    WHERE attempt = 1"""
PERSISTED = """
    SELECT percentile_cont(0.95) WITHIN GROUP (
        ORDER BY extract(epoch FROM event.created_at - message_history.finished_at)) * 1000
    FROM event
    JOIN message_history ON message_history.instance_id = event.instance_id
     AND convert_from(event.body, 'UTF8') LIKE '%' || upper(replace(message_history.zaap_id::text, '-', '')) || '%'
    WHERE event.slot = 'delivery' AND message_history.id % 50 = 0"""
LEFT = """
    SELECT (SELECT count(*) FROM message_queue)
         + (SELECT count(*) FROM event_outbox WHERE instance_id = ANY($1::uuid[]))"""
FIRST_OF_OTHERS = """
    SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY
        extract(epoch FROM event_attempt.ended_at - event.created_at) * 1000 - took_ms)
    FROM event_attempt
    JOIN event USING (instance_id, seq)
    WHERE attempt = 1 AND instance_id = ANY($1::uuid[]) AND created_at > $2"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench webhooks")
    parser.add_argument(
        "--events", type=int, help="of the part that measures the rate (20,000), or of the faults (50,000)"
    )
    parser.add_argument("--rate", type=int, default=150, help="messages a second of the steady part (3 events each)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the steady part")
    parser.add_argument("--chaos", action="store_true", help="faults instead of figures")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--outage", type=float, default=120.0, help="seconds for which the receiver is dead")
    options = parser.parse_args()
    if options.chaos:
        plan = webhook_chaos.Plan(seed=options.seed, outage=options.outage)
        webhook_chaos.main(replace(plan, events=options.events or plan.events))
    parts = []
    for part in (rate, steady, fairness):
        with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
            parts.append(uvloop.run(part(stack, options)))
    text = "\n\n".join(parts)
    sys.stdout.write(f"{text}\n\nkept in {keep('webhooks', 'Delivering events', text)}\n")


async def rate(stack: BenchStack, options: argparse.Namespace) -> str:
    """A backlog over many instances, and one sender that finds it; then the bare loop, on the same receiver."""
    events = options.events or EVENTS
    await prepare(stack, INSTANCES)
    port = _start_sink(stack)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(TELL, f"http://127.0.0.1:{port}/hook")
    await connection.execute(HAPPEN, events // INSTANCES, BODY)
    await connection.execute("VACUUM ANALYZE")
    total = events // INSTANCES * INSTANCES
    stores = Meter({name: stack.pids[name] for name in ("postgres", "valkey")})
    _start_sender(stack)
    sender = Meter({"sender": stack.pids["sender"]})
    count, seconds = await _until(connection, total)
    used = {**stores.read(), **sender.read()}
    await connection.close()
    stack.stop("sender")
    bare = await asyncio.to_thread(_post, port, total)
    keep_figures("webhooks", {"us of an event": {name: value / count * 1e6 for name, value in used.items()}})
    cost, yardstick = used["sender"] / count * 1e6, bare["processor"] / total * 1e6
    rows = [
        ["sender", f"{count / seconds:,.0f}", f"{cost:.0f}"],
        ["bare aiohttp loop", f"{total / bare['seconds']:,.0f}", f"{yardstick:.0f}"],
        ["Postgres", "", f"{used['postgres'] / count * 1e6:.0f}"],
    ]
    return (
        f"{count:,} events of {INSTANCES} instances, {BODY} bytes each, to one receiver on the same machine, signed, "
        f"in order, each attempt recorded: {cost / yardstick:.2f} of the processor time of a bare aiohttp POST loop "
        f"(aim <= {AIM}).\n\n" + table(["", "events per second", "processor us of an event"], rows)
    )


async def steady(stack: BenchStack, options: argparse.Namespace) -> str:
    """Messages at a steady rate through the whole sender, each with three events."""
    instances = await prepare(stack, INSTANCES)
    port = _start_sink(stack)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(TELL, f"http://127.0.0.1:{port}/hook")
    _start_sender(stack, SWEEP_INTERVAL="100ms")
    await asyncio.sleep(3)
    ids: list[UUID] = [one.id for one in instances]
    messages = await _send_steadily(connection, ids, 0, int(options.rate * options.seconds), options.rate)
    count, _ = await _until(connection, messages * 3)
    (half, most, nearly_all), _ = (await connection.fetch(FIRST_ATTEMPTS))[0]
    persisted = await connection.fetchval(PERSISTED)
    await connection.close()
    return (
        f"{options.rate} messages a second for {options.seconds:.0f} s, {count:,} events. From the event to its "
        f"first attempt: p50 {half:.0f} ms, p95 {most:.0f} ms, p99 {nearly_all:.0f} ms (aim p99 < 1 s). From "
        f"WhatsApp's answer to the transaction that stores the event: p95 {persisted:.0f} ms (aim < 50 ms)."
    )


async def fairness(stack: BenchStack, options: argparse.Namespace) -> str:
    """The same load with and without a customer whose server never answers, in turns; what the others notice."""
    instances = await prepare(stack, CUSTOMERS * INSTANCES_OF_ONE)
    port = _start_sink(stack)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(TELL, f"http://127.0.0.1:{port}/hook")
    dead = [one.id for one in instances[:INSTANCES_OF_ONE]]
    others = [one.id for one in instances[INSTANCES_OF_ONE:]]
    await connection.execute(f"{TELL} WHERE id = ANY($2::uuid[])", f"http://127.0.0.1:{port}/dead", dead)
    _start_sender(stack, SWEEP_INTERVAL="100ms")
    await asyncio.sleep(3)
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    filled = 0
    for number in range(-1, TURNS * 2):  # the first turn only warms up
        has_dead = bool(number % 2) and number > 0
        began = await connection.fetchval("SELECT now()")
        turn = options.seconds / 2
        ids = [*others, *dead] if has_dead else others
        filled += await _send_steadily(connection, ids, filled, int(options.rate * turn), options.rate)
        await _until_told(connection, others)
        await connection.execute("DELETE FROM event_outbox WHERE instance_id = ANY($1::uuid[])", dead)
        if number >= 0:
            half, most = await connection.fetchval(FIRST_OF_OTHERS, others, began)
            found[has_dead].append((half, most))
    await connection.close()
    quiet, disturbed = (min(most for _, most in found[each]) for each in (False, True))
    rows = [
        [name, *(f"{most:.0f}" for _, most in found[each])]
        for name, each in (("all well", False), ("one customer dead", True))
    ]
    return (
        f"Fairness: {CUSTOMERS} customers with {INSTANCES_OF_ONE} instances each, {options.rate} messages a second, "
        f"in turns with and without one customer whose server takes connections and never answers. p95 from an event "
        f"to its first attempt, of the others: {quiet:.0f} ms and {disturbed:.0f} ms at best, "
        f"{(disturbed / quiet - 1):+.1%} (aim < 10 %).\n\n"
        + table(["p95 in ms", *(f"turn {number + 1}" for number in range(TURNS))], rows)
    )


async def _send_steadily(connection: asyncpg.Connection, ids: list[UUID], filled: int, count: int, rate: int) -> int:
    """How many messages were put into the queue, spread over `ids`, which is all of them."""
    started, queued = time.monotonic(), 0
    while queued < count:
        await asyncio.sleep(0.1)
        due = min(count, int((time.monotonic() - started) * rate)) - queued
        if due > 0:
            await connection.execute(FILL_QUEUE, ids, filled + queued + 1, filled + queued + due)
            queued += due
    return queued


async def _until_told(connection: asyncpg.Connection, ids: list[UUID]) -> None:
    deadline = time.monotonic() + PATIENCE
    while await connection.fetchval(LEFT, ids):
        if time.monotonic() > deadline:
            raise TimeoutError("events are left")
        await asyncio.sleep(0.1)


def _start_sink(stack: BenchStack) -> int:
    return stack.start("sink", "loadtests.measure.sink", "HTTP_ADDR", "/count")


def _start_sender(stack: BenchStack, **settings: str) -> None:
    stack.start_sender(WEBHOOK_HTTP_HOSTS="127.0.0.1", OUTBOUND_ALLOWED_NETWORKS="127.0.0.0/8", **settings)


async def _until(connection: asyncpg.Connection, total: int) -> tuple[int, float]:
    deadline = time.monotonic() + PATIENCE
    while True:
        count, seconds = (await connection.fetch(SPAN))[0]
        if count >= total:
            return count, seconds
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {total} events were delivered")
        await asyncio.sleep(0.2)


def _post(port: int, count: int) -> dict[str, float]:
    status, _ = request("GET", f"http://127.0.0.1:{port}/count", None, {})
    assert status == 200
    command = [sys.executable, "-m", "loadtests.measure.poster", f"http://127.0.0.1:{port}/hook", str(INSTANCES)]
    done = subprocess.run(
        [*command, str(count), str(BODY)], cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
