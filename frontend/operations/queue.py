"""The queue as its owner sees it: list, count, cancel, and the story of one message."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson

from common.addresses import Jid, to_phone
from common.callbacks import Told
from common.requests.queue import LARGEST_OLD_PAGE, LARGEST_PAGE, PAGE, EmptyQueue, ReadOldQueue, ReadQueue
from common.settings import parse_duration
from common.tables import callback as callback_table
from common.tables import message as table
from common.tables import story as story_table
from common.tables import waiting as waiting_table
from common.tables.callback import Callback as StoredCallback
from common.tables.instance import Access
from common.tables.story import Attempt, Story
from frontend import paging, problems
from frontend.operation import Call, Operation, Read, Write
from frontend.operations import dead_letters, pausing, uncertain
from frontend.operations.dead_letters import read_id
from frontend.operations.rings import ring
from frontend.operations.telling import tell
from frontend.operations.waiting import explain
from frontend.replies.common import Nothing, milliseconds, written
from frontend.replies.queue import (
    AttemptMade,
    Callback,
    Count,
    MessageStory,
    OldQueue,
    OldQueuedMessage,
    QueuedMessage,
    QueuePage,
)
from frontend.services import WHOLE_QUEUE, Services

NOTHING = Nothing()

GONE_OUT = ("sending", "uncertain", "sent", "delivered", "read", "played")
_SHOWN = {"queued": "pending", "sending": "processing"}


async def list_queue(services: Services, call: Call[None, ReadQueue]) -> QueuePage:
    """In the order in which they will be sent, scheduled ones last."""
    asked = call.body
    size = min(asked.pageSize or PAGE, LARGEST_PAGE)
    rows, after = await _page(services, call.access, asked.pagingState, size)
    messages = []
    for row in rows:
        shown = _shown(row, call.access)
        created_at = written(row["accepted_at"]).replace("Z", "+00:00")
        messages.append(QueuedMessage(**shown, CreatedAt=created_at, Beta=False))
    return QueuePage(messages=messages, pagingState=after, hasMore=after is not None)


async def list_old_queue(services: Services, call: Call[ReadOldQueue, None]) -> OldQueue:
    rows, _ = await _page(services, call.access, None, min(call.query.pageSize, LARGEST_OLD_PAGE))
    return OldQueue(messages=[OldQueuedMessage(**_shown(row, call.access)) for row in rows])


async def count_queue(services: Services, call: Call[None, None]) -> Count:
    return Count(count=await services.pool.fetchval(table.COUNT, call.access.id))


async def cancel_all(services: Services, call: Call[EmptyQueue, None]) -> Nothing:
    """Everything that has not started; idempotent on an empty queue."""
    if call.query.olderThan is None:
        await _cancel(services, call.access, table.CANCEL_ALL)
    else:
        before = read_moment(call.query.olderThan, services.clock.now())
        await _cancel(services, call.access, table.CANCEL_OLDER, before)
    return NOTHING


async def cancel_one(services: Services, call: Call[None, None]) -> Nothing:
    """An id that is not known, or that is canceled already, is fine; one that has started is 409."""
    zaap_id = read_id(call.variable)
    if zaap_id is None:
        return NOTHING
    if await _cancel(services, call.access, table.CANCEL_ONE, zaap_id):
        return NOTHING
    story = await story_table.find(services.pool, call.access.id, zaap_id)
    if story is not None and story.status in GONE_OUT:
        raise problems.Problem(409, f"the message is already {shown_status(story)} and cannot be canceled")
    return NOTHING


async def tell_story(services: Services, call: Call[None, None]) -> MessageStory:
    zaap_id = read_id(call.variable)
    story = None if zaap_id is None else await story_table.find(services.pool, call.access.id, zaap_id)
    if story is None:
        raise problems.not_found("message not found")
    attempts = await story_table.list_attempts(services.pool, story)
    circumstances = await waiting_table.look(services.pool, call.access.id, story.zaap_id)
    callbacks = await callback_table.list_about(services.pool, call.access.id, story.message_id)
    was_sent = story.status in ("sent", "delivered", "read", "played")
    sent_at = _sent_at(attempts[-1], story.finished_at) if attempts else story.finished_at
    return MessageStory(
        zaapId=story.zaap_id.hex.upper(),
        messageId=story.message_id,
        whatsappId=story.whatsapp_id,
        instanceId=call.access.id.hex.upper(),
        kind=story.kind,
        phone=to_phone(Jid(story.chat)),
        status=shown_status(story),
        attempts=[
            AttemptMade(
                attempt=attempt.attempt,
                node=attempt.node,
                epoch=attempt.epoch,
                startedAt=written(attempt.started_at),
                endedAt=written(attempt.ended_at),
                outcome=attempt.outcome,
                error=attempt.error,
            )
            for attempt in attempts
        ],
        maxAttempts=story.max_attempts,
        acceptedAt=written(story.accepted_at),
        scheduledFor=_maybe(story.scheduled_at),
        expiresAt=_maybe(story.expires_at),
        nextAttemptAt=_maybe(story.next_attempt_at),
        sentAt=_maybe(sent_at) if was_sent else None,
        deliveredAt=_maybe(_not_before(sent_at, story.delivered_at)),
        readAt=_maybe(_not_before(sent_at, story.read_at)),
        playedAt=_maybe(_not_before(sent_at, story.played_at)),
        finishedAt=_maybe(sent_at if was_sent else story.finished_at),
        error=story.error,
        errorClass=story.error_class,
        replays=len(story.replayed),
        waiting=None if circumstances is None else explain(circumstances),
        callbacks=[shown_callback(callback) for callback in callbacks],
    )


def shown_callback(callback: StoredCallback) -> Callback:
    return Callback(
        sequence=callback.seq,
        type=callback.type,
        status=callback.status,
        createdAt=written(callback.created_at),
        state=callback.state,
        attempts=callback.attempts,
        lastAttemptAt=_maybe(callback.last_attempt_at),
        nextAttemptAt=_maybe(callback.next_attempt_at),
        statusCode=callback.status_code,
        error=callback.error,
    )


def shown_status(story: Story) -> str:
    """The API's word for where a message is."""
    if story.status == "queued" and story.attempts > 0:
        return "retrying"
    return _SHOWN.get(story.status, story.status)


def read_moment(text: str, now: datetime) -> datetime:
    """The time that `olderThan` means: a time, or an age before now. Raises a Problem."""
    # A plus sign that was not escaped arrives as a space; no other space has a place in a time.
    moment = text.strip().replace(" ", "+")
    try:
        if moment[-1:].isalpha() and "T" not in moment.upper():
            age = parse_duration(moment)
            return now - age if isinstance(age, timedelta) else _refuse()
        at = datetime.fromisoformat(moment)
        return at.astimezone(UTC) if at.tzinfo is not None else _refuse()
    except (ValueError, OverflowError, TypeError):
        return _refuse()


def _refuse() -> datetime:
    raise problems.bad_request("olderThan: write a time with its offset (2027-01-05T10:20:30Z) or an age (90m, 2d)")


async def _page(
    services: Services, access: Access, cursor: str | None, size: int
) -> tuple[Sequence[asyncpg.Record], str | None]:
    """One page and the cursor after it, None when it was the last."""
    bucket, position = paging.read(cursor)
    rows = await services.pool.fetch(table.LIST_PAGE, access.id, bucket, position, size + 1)
    if len(rows) <= size:
        return rows, None
    rows = rows[:size]
    return rows, paging.written(0 if rows[-1]["is_due"] else 1, rows[-1]["id"])


def _shown(row: asyncpg.Record, access: Access) -> dict[str, Any]:
    payload = orjson.loads(row["payload"])
    zaap_id = row["zaap_id"].hex.upper()
    return {
        "own_id": zaap_id,
        "ZaapId": zaap_id,
        "MessageId": row["message_id"],
        "InstanceId": access.id.hex.upper(),
        "Phone": payload.get("phone", ""),
        "Message": payload.get("message") or payload.get("caption") or "",
        "DelayMessage": row["delay_message"] or -1,
        "DelayTyping": row["delay_typing"],
        "Created": milliseconds(row["accepted_at"]),
        "IsTrial": not access.is_subscribed,
    }


async def _cancel(services: Services, access: Access, statement: str, *arguments: object) -> bool:
    """Whether there was anything to cancel."""
    async with services.pool.acquire() as connection, connection.transaction():
        gone = await connection.fetch(statement, access.id, *arguments, timeout=WHOLE_QUEUE)
        if services.tells_canceled:
            await tell(services, connection, [Told(*row) for row in gone])
    if gone:
        services.metrics.canceled.inc(len(gone))
        await ring(services, access.shard, access.id)
    return bool(gone)


def _sent_at(attempt: Attempt, told: datetime | None) -> datetime | None:
    """WhatsApp tells whole seconds, so a send may seem to have happened before it began; we saw it end."""
    if told is not None and attempt.ended_at is not None and told <= attempt.ended_at < told + timedelta(seconds=1):
        return attempt.ended_at
    return _not_before(attempt.started_at, told)


def _not_before(earliest: datetime | None, moment: datetime | None) -> datetime | None:
    return moment if moment is None or earliest is None else max(earliest, moment)


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)


OPERATIONS = (
    Operation(
        "POST",
        "queue",
        Read(list_queue),
        "List queued messages page by page",
        QueuePage,
        body=ReadQueue,
        tag="queue",
        example={"pageSize": 10},
    ),
    Operation(
        "GET",
        "queue",
        Read(list_old_queue),
        "List queued messages (old form)",
        OldQueue,
        query=ReadOldQueue,
        tag="queue",
        deprecated=True,
    ),
    Operation("GET", "queue/count", Read(count_queue), "How many messages are queued", Count, tag="queue"),
    Operation(
        "DELETE",
        "queue",
        Write(cancel_all),
        "Cancel all waiting messages, or those accepted before some time",
        Nothing,
        query=EmptyQueue,
        tag="queue",
    ),
    Operation(
        "DELETE",
        "queue/{zaapId}",
        Write(cancel_one),
        "Cancel one waiting message",
        Nothing,
        tag="queue",
        refusals=(409,),
    ),
    Operation(
        "GET",
        "queue/{zaapId}",
        Read(tell_story),
        "One message's story: where it is, why it waits, every attempt, its receipts",
        MessageStory,
        tag="queue",
        refusals=(404,),
    ),
    *pausing.OPERATIONS,
    *uncertain.OPERATIONS,
    *dead_letters.OPERATIONS,
)
