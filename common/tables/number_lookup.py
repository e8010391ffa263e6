"""number_lookup: what WhatsApp said of numbers that callers asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from common.postgres import Executor


@dataclass(frozen=True, slots=True)
class Lookup:
    """`phone` is the number as WhatsApp spells it; None: it has no account."""

    number: str
    phone: str | None
    lid: str | None


FIND = """
    SELECT number, phone, lid
    FROM number_lookup
    WHERE number = ANY($1::text[])
        AND checked_at > now() - CASE WHEN phone IS NULL THEN $3::interval ELSE $2::interval END"""

# In one order, so that two batches with the same numbers wait for each other instead of for ever.
RECORD = """
    INSERT INTO number_lookup (number, phone, lid, checked_at)
    SELECT number, phone, lid, now()
    FROM unnest($1::text[], $2::text[], $3::text[]) AS found (number, phone, lid)
    ORDER BY number
    ON CONFLICT (number) DO UPDATE
    SET phone = excluded.phone, lid = excluded.lid, checked_at = excluded.checked_at"""

PRUNE = """
    DELETE FROM number_lookup
    WHERE number IN (
        SELECT number FROM number_lookup
        WHERE checked_at < now() - $1::interval
        ORDER BY checked_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED)"""


async def find(
    executor: Executor, numbers: Sequence[str], kept: timedelta, kept_missing: timedelta
) -> dict[str, Lookup]:
    """Those that are fresh enough."""
    return {row[0]: Lookup(*row) for row in await executor.fetch(FIND, list(numbers), kept, kept_missing)}


async def record(executor: Executor, found: Sequence[Lookup], kept: timedelta) -> None:
    """Twice as many old rows as new ones go, so that the table stays as large as what is fresh."""
    await executor.execute(
        RECORD, [one.number for one in found], [one.phone for one in found], [one.lid for one in found]
    )
    await executor.execute(PRUNE, kept, 2 * len(found))
