"""event, as the messages of one chat: what its webhook was told of them, for as long as that is kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.postgres import Executor

MOST_READ = 5_000
"""Events that are looked through, from the newest on: a chat that was silent meanwhile has no more than these."""

# Postgres takes no NUL in JSON, which anybody may write into a message: it is left out, and the words for it are not.
# A name that a message has here may be told again, by an edit: older is what came before the first of them.
LIST = r"""
    WITH latest AS MATERIALIZED (
        SELECT seq, CASE WHEN strpos(words, '\u0000') = 0 THEN words
                         ELSE regexp_replace(words, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g') END::jsonb AS told
        FROM event
        CROSS JOIN LATERAL convert_from(body, 'UTF8') AS words
        WHERE instance_id = $1 AND slot = 'received' AND type = 'ReceivedCallback' AND created_at > $2
        ORDER BY seq DESC
        LIMIT $6
    ), here AS MATERIALIZED (
        SELECT seq, told
        FROM latest
        WHERE $3 IN (told ->> 'phone', told ->> 'chatLid') AND NOT told ? 'notification'
    )
    SELECT told::text
    FROM here
    WHERE $4::text IS NULL OR seq < (SELECT min(seq) FROM here WHERE told ->> 'messageId' = $4)
    ORDER BY seq DESC
    LIMIT $5"""


async def list_before(
    executor: Executor, instance: UUID, since: datetime, phone: str, before: str | None, amount: int
) -> Sequence[str]:
    """Callbacks as JSON, the newest first; `before` is the id of a message, None for the newest of all."""
    rows = await executor.fetch(LIST, instance, since, phone, before, amount, MOST_READ)
    return [row[0] for row in rows]
