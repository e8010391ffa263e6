"""Events: read what a webhook missed, replay it, see each attempt, list and drop what gave up, send a test."""

import time
from uuid import UUID

import orjson

from common.requests.webhooks import ReadEventDeadLetters, ReadEvents, ReplayEvents, TryWebhook
from common.tables import event as table
from common.tables import event_dead_letter as letters
from common.tables.event import NewEvent
from frontend import paging, problems
from frontend.operation import Call, Operation, Read, Write
from frontend.operations.rings import ring
from frontend.replies.common import milliseconds
from frontend.replies.webhooks import (
    Attempts,
    Discarded,
    EventDeadLetters,
    Events,
    Replaying,
    ShownAttempt,
    ShownDeadLetter,
    ShownEvent,
    Testing,
)
from frontend.services import Services

MOST_AT_ONCE = 1_000
MOST_ATTEMPTS = 50
LARGEST = 2**53


async def list_events(services: Services, call: Call[ReadEvents, None]) -> Events:
    """In their order, as long as they are kept: whoever has all numbers has all events."""
    asked, instance = call.query, call.access.id
    since = services.clock.now() - 2 * services.events_kept
    async with services.pool.acquire() as connection:
        found = await table.list_after(connection, instance, asked.after, asked.limit + 1, since)
        last = await connection.fetchval(table.LAST_NUMBER, instance)
    shown = [
        ShownEvent(
            seq=each.seq,
            id=_id(call.access.id, each.seq),
            webhook=each.slot,
            type=each.type,
            createdAt=milliseconds(each.created_at),
            body=orjson.loads(each.body),
        )
        for each in found[: asked.limit]
    ]
    return Events(events=shown, last=last, hasMore=len(found) > asked.limit)


async def list_attempts(services: Services, call: Call[None, None]) -> Attempts:
    seq = _number(call.variable)
    since = services.clock.now() - 2 * services.events_kept
    found = await letters.list_attempts(services.pool, call.access.id, seq, MOST_ATTEMPTS, since)
    attempts = [
        ShownAttempt(
            attempt=each.attempt,
            node=each.node,
            url=each.url,
            endedAt=milliseconds(each.ended_at),
            milliseconds=each.took_ms,
            outcome=each.outcome,
            statusCode=each.status_code,
            error=each.error,
        )
        for each in found
    ]
    return Attempts(seq=seq, attempts=attempts)


async def replay(services: Services, call: Call[None, ReplayEvents]) -> Replaying:
    """Under their own numbers and ids, the same bytes, marked as replays."""
    asked = call.body
    if asked.onlyFailed:
        rows = await letters.replay_dead(services.pool, call.access.id, asked.first, asked.last, MOST_AT_ONCE)
    else:
        since = services.clock.now() - 2 * services.events_kept
        rows = await letters.replay(services.pool, call.access.id, asked.first, asked.last, MOST_AT_ONCE, since)
    if rows:
        await ring(services, call.access.shard, call.access.id)
    return Replaying(replayed=len(rows), hasMore=len(rows) == MOST_AT_ONCE)


async def replay_one(services: Services, call: Call[None, None]) -> Replaying:
    """An event that is kept, or a dead letter."""
    seq = _number(call.variable)
    since = services.clock.now() - 2 * services.events_kept
    rows = await letters.replay_dead(services.pool, call.access.id, seq, seq, 1)
    rows = rows or await letters.replay(services.pool, call.access.id, seq, seq, 1, since)
    if not rows:
        raise problems.not_found("event not found, or it is on its way")
    await ring(services, call.access.shard, call.access.id)
    return Replaying(replayed=len(rows), hasMore=False)


async def list_dead_letters(services: Services, call: Call[ReadEventDeadLetters, None]) -> EventDeadLetters:
    """The oldest first."""
    size = call.query.pageSize
    _, after = paging.read(call.query.pagingState)
    found = await letters.list_page(services.pool, call.access.id, after, size + 1)
    has_more = len(found) > size
    shown = [
        ShownDeadLetter(
            seq=each.seq,
            id=_id(call.access.id, each.seq),
            webhook=each.slot,
            type=each.type,
            createdAt=milliseconds(each.created_at),
            body=orjson.loads(each.body),
            attempts=each.attempts,
            failedAt=milliseconds(each.failed_at),
            url=each.url,
            statusCode=each.status_code,
            errorClass=each.error_class,
            error=each.error,
        )
        for each in found[:size]
    ]
    return EventDeadLetters(
        events=shown, pagingState=paging.written(0, shown[-1].seq) if has_more else None, hasMore=has_more
    )


async def discard(services: Services, call: Call[None, None]) -> Discarded:
    seq = _number(call.variable)
    rows = await services.pool.fetch(letters.DISCARD, call.access.id, seq, seq)
    if not rows:
        raise problems.not_found("dead letter not found")
    return Discarded(discarded=1)


async def discard_all(services: Services, call: Call[None, None]) -> Discarded:
    rows = await services.pool.fetch(letters.DISCARD, call.access.id, 1, LARGEST)
    return Discarded(discarded=len(rows))


async def send_test(services: Services, call: Call[None, TryWebhook]) -> Testing:
    """An event like any other, of a type of its own, to the address of that webhook."""
    instance = call.access.id
    body = {"type": "TestCallback", "instanceId": instance.hex.upper(), "momment": int(time.time() * 1000)}
    event = NewEvent(instance, call.body.webhook, "TestCallback", orjson.dumps(body))
    async with services.pool.acquire() as connection, connection.transaction():
        if not await table.append(connection, [event], keeps_all=False):
            raise problems.bad_request("webhook: no address is set for it")
        seq = await connection.fetchval(table.LAST_NUMBER, instance)
    await ring(services, call.access.shard, instance)
    return Testing(seq=seq, id=_id(call.access.id, seq))


def _id(instance: UUID, seq: int) -> str:
    return f"evt_{instance.hex}_{seq}"


def _number(text: str) -> int:
    """A number, or the id of an event, whose end it is."""
    digits = text.rpartition("_")[2]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise problems.not_found("event not found")
    return int(digits)


OPERATIONS = (
    Operation("GET", "events", Read(list_events), "Events after a number", Events, query=ReadEvents, tag="events"),
    Operation(
        "GET",
        "events/{seq}/attempts",
        Read(list_attempts),
        "The latest attempts to deliver one event",
        Attempts,
        tag="events",
        refusals=(404,),
    ),
    Operation(
        "POST",
        "events/{seq}/replay",
        Write(replay_one),
        "Deliver one event again",
        Replaying,
        tag="events",
        refusals=(404,),
    ),
    Operation(
        "POST",
        "events/replay",
        Write(replay),
        "Deliver a range of events again, or only what gave up",
        Replaying,
        body=ReplayEvents,
        body_optional=True,
        tag="events",
        example={"from": 1, "to": 100, "onlyFailed": True},
    ),
    Operation(
        "GET",
        "event-dead-letters",
        Read(list_dead_letters),
        "Events that their webhook never took, page by page",
        EventDeadLetters,
        query=ReadEventDeadLetters,
        tag="events",
    ),
    Operation(
        "DELETE",
        "event-dead-letters/{seq}",
        Write(discard),
        "Forget one of them",
        Discarded,
        tag="events",
        refusals=(404,),
    ),
    Operation("DELETE", "event-dead-letters", Write(discard_all), "Forget all of them", Discarded, tag="events"),
    Operation(
        "POST",
        "test-webhook",
        Write(send_test),
        "Send a test to one of the webhooks",
        Testing,
        body=TryWebhook,
        body_optional=True,
        tag="webhooks",
        example={"webhook": "received"},
    ),
)
