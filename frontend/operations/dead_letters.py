"""Dead letters: what gave up, and the way back to the tail of the queue."""

from uuid import UUID

import orjson

from common.addresses import Jid, to_phone
from common.requests.queue import LARGEST_OLD_PAGE, ReadDeadLetters
from common.tables import dead_letter as table
from frontend import paging, problems
from frontend.operation import Call, Operation, Read, Write
from frontend.operations.rings import ring
from frontend.replies.common import written
from frontend.replies.queue import DeadLetter, DeadLetterPage, Replayed
from frontend.services import Services

MOST_AT_ONCE = 1_000


async def list_dead_letters(services: Services, call: Call[ReadDeadLetters, None]) -> DeadLetterPage:
    """The oldest first."""
    size = min(call.query.pageSize, LARGEST_OLD_PAGE)
    _, after = paging.read(call.query.pagingState)
    letters = await table.list_page(services.pool, call.access.id, after, size + 1)
    has_more = len(letters) > size
    letters = letters[:size]
    return DeadLetterPage(
        messages=[_shown(letter) for letter in letters],
        pagingState=paging.written(0, letters[-1].id) if has_more else None,
        hasMore=has_more,
    )


async def replay_one(services: Services, call: Call[None, None]) -> Replayed:
    zaap_id = read_id(call.variable)
    back = [] if zaap_id is None else await table.replay_one(services.pool, call.access.id, zaap_id)
    if not back:
        raise problems.not_found("dead letter not found")
    await ring(services, call.access.shard, call.access.id, [number for number, _ in back])
    return Replayed(replayed=len(back), hasMore=False)


async def replay_all(services: Services, call: Call[None, None]) -> Replayed:
    back = await table.replay_all(services.pool, call.access.id, MOST_AT_ONCE)
    if back:
        await ring(services, call.access.shard, call.access.id, [number for number, _ in back])
    return Replayed(replayed=len(back), hasMore=len(back) == MOST_AT_ONCE)


def read_id(text: str) -> UUID | None:
    """A zaapId, with or without dashes; None for what cannot be one."""
    if len(text) not in (32, 36):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def _shown(letter: table.DeadLetter) -> DeadLetter:
    payload = orjson.loads(letter.payload)
    return DeadLetter(
        zaapId=letter.zaap_id.hex.upper(),
        messageId=letter.message_id,
        kind=letter.kind,
        phone=to_phone(Jid(letter.chat)),
        message=payload.get("message") or payload.get("caption") or "",
        attempts=letter.attempts,
        maxAttempts=letter.max_attempts,
        acceptedAt=written(letter.accepted_at),
        failedAt=written(letter.finished_at),
        node=letter.node,
        error=letter.error,
        errorClass=letter.error_class,
    )


OPERATIONS = (
    Operation(
        "GET",
        "dead-letters",
        Read(list_dead_letters),
        "List messages that were given up, page by page",
        DeadLetterPage,
        query=ReadDeadLetters,
        tag="dead letters",
    ),
    Operation(
        "POST",
        "dead-letters/{zaapId}/replay",
        Write(replay_one),
        "Put one dead letter back into the queue, at its tail",
        Replayed,
        tag="dead letters",
        refusals=(404,),
    ),
    Operation(
        "POST",
        "dead-letters/replay",
        Write(replay_all),
        "Put the oldest thousand dead letters back into the queue, in their order",
        Replayed,
        tag="dead letters",
    ),
)
