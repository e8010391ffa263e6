"""Retention of events: days made ahead and dropped when old; what a day still owes becomes a dead letter first."""

import re
from datetime import UTC, datetime, timedelta

from common.postgres import Pool
from common.tables import arrival, event_dead_letter, event_inbox, event_outbox

AHEAD = timedelta(days=14)
BATCH = 5000

ENSURE_DAYS = """
    SELECT ensure_event_days($1::date, $2::date)"""

LIST_DAYS = """
    SELECT child.relname::text
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
    JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
    WHERE parent.relname = ANY(ARRAY['event', 'event_attempt', 'event_message'])
    ORDER BY child.relname"""

_DAY = re.compile(r"event_(?:attempt_|message_)?(\d{8})")


async def clean(pool: Pool, now: datetime, kept: timedelta, failed: timedelta) -> None:
    """One round. Any number of nodes may run it at once; each step is idempotent."""
    await pool.fetch(ENSURE_DAYS, now.date(), (now + AHEAD).date())
    for (name,) in await pool.fetch(LIST_DAYS):
        if (match := _DAY.fullmatch(name)) is None:
            continue
        end = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
        if end > now - kept:
            continue
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute(event_outbox.BURY_OLD, end)
            await connection.execute(f'DROP TABLE IF EXISTS "{name}"')
    await pool.execute(event_inbox.FORGET, now - failed)
    await pool.execute(arrival.FORGET, now - failed)
    while (await pool.execute(event_dead_letter.FORGET, now - failed, BATCH)) == f"DELETE {BATCH}":
        continue
