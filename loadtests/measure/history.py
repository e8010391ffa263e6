"""Rows of long use: finished and waiting messages, made inside Postgres by generate_series."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

STEP = 500_000  # rows of one statement

FILL_HISTORY = """
    INSERT INTO message_history (
        id, instance_id, zaap_id, message_id, kind, chat, payload, status, attempts, max_attempts, accepted_at,
        started_at, finished_at, epoch, node, whatsapp_id, metadata)
    SELECT get_next_message_sequence(NULL), ($1::uuid[])[1 + n % cardinality($1::uuid[])], gen_random_uuid(),
           '3EB0' || upper(substr(md5(n::text), 1, 18)), 'text', (5511910000000 + n % 5000) || '@s.whatsapp.net',
           jsonb_build_object('phone', (5511910000000 + n % 5000)::text, 'message', 'Message ' || n), 'delivered', 1, 3,
           now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour', 1, 'bench',
           '3EB0' || upper(substr(md5(n::text), 1, 18)), '{}'
    FROM generate_series($2::bigint, $3::bigint) AS series (n)"""

FILL_QUEUE = """
    INSERT INTO message_queue (id, instance_id, shard, zaap_id, message_id, kind, chat, payload, max_attempts)
    SELECT get_next_message_sequence(NULL), id, shard, gen_random_uuid(),
           '3EB0' || upper(substr(md5('q' || n), 1, 18)), 'text', (5511910000000 + n % 5000) || '@s.whatsapp.net',
           jsonb_build_object('phone', (5511910000000 + n % 5000)::text, 'message', 'Message ' || n), 3
    FROM generate_series($2::bigint, $3::bigint) AS series (n)
    JOIN LATERAL (
        SELECT id, shard FROM instance WHERE id = ($1::uuid[])[1 + n % cardinality($1::uuid[])]
    ) AS chosen ON true"""


async def fill(dsn: str, instances: Sequence[UUID], finished: int, queued: int) -> None:
    """Add rows, then do what autovacuum and a checkpoint would have done in the meantime."""
    connection = await asyncpg.connect(dsn)
    for statement, count in ((FILL_HISTORY, finished), (FILL_QUEUE, queued)):
        for first in range(1, count + 1, STEP):
            await connection.execute(statement, instances, first, min(count, first + STEP - 1))
    for table in ("message_history", "message_queue"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("CHECKPOINT")
    await connection.close()
