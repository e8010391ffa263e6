"""Retention: day partitions made ahead and dropped when old; small tables trimmed in batches that do not block."""

import re
from datetime import UTC, datetime, timedelta

from common.postgres import Pool
from common.tables import audit

BATCH = 5000

ENSURE_DAYS = """
    SELECT ensure_day_partitions($1::date, $2::date), ensure_received_days($1::date, $2::date)"""

LIST_DAYS = """
    SELECT child.relname::text
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
    JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
    WHERE parent.relname = ANY(ARRAY['message_history', 'message_attempt', 'received_message'])
    ORDER BY child.relname"""

FORGET_KEYS = """
    DELETE FROM idempotency
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency WHERE created_at < $1 LIMIT $2))"""

FORGET_DEAD_LETTERS = """
    DELETE FROM message_dead_letter
    WHERE id = ANY(ARRAY(SELECT id FROM message_dead_letter WHERE finished_at < $1 LIMIT $2))"""

FORGET_NUMBERS = """
    DELETE FROM number_account
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM number_account WHERE checked_at < $1 LIMIT $2))"""

FORGET_PICTURES = """
    DELETE FROM profile_picture
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM profile_picture WHERE asked_at < $1 LIMIT $2))"""

_DAY = re.compile(r"(?:message_history|message_attempt|received_message)_(\d{8})")
AHEAD = timedelta(days=14)
NUMBERS_KEPT = timedelta(days=30)
PICTURES_KEPT = timedelta(days=30)  # since the link was last asked for


async def clean(
    pool: Pool,
    now: datetime,
    completed: timedelta,
    failed: timedelta,
    keys: timedelta,
    audited: timedelta = timedelta(days=90),
) -> None:
    """One round. Any number of nodes may run it at once; each step is idempotent."""
    await pool.fetch(ENSURE_DAYS, now.date(), (now + AHEAD).date())
    for (name,) in await pool.fetch(LIST_DAYS):
        if (match := _DAY.fullmatch(name)) is None:
            continue
        end = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
        if end <= now - completed:
            async with pool.acquire() as connection, connection.transaction():
                # Dropping waits for every reader of the parent; give up quickly and try in the next round.
                await connection.execute("SET LOCAL lock_timeout = '2s'")
                await connection.execute(f'DROP TABLE IF EXISTS "{name}"')
    old = (
        (FORGET_KEYS, now - keys),
        (FORGET_DEAD_LETTERS, now - failed),
        (FORGET_NUMBERS, now - NUMBERS_KEPT),
        (FORGET_PICTURES, now - PICTURES_KEPT),
        (audit.FORGET, now - audited),
    )
    for statement, before in old:
        while (await pool.execute(statement, before, BATCH)) == f"DELETE {BATCH}":
            continue
