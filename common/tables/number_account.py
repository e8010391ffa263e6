"""number_account: which address WhatsApp gave for a number."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from common.addresses import Jid
from common.postgres import Executor

Found = tuple[Jid | None, datetime]
"""The address (None: no account) and when WhatsApp said so."""

FIND = """
    SELECT phone, address, checked_at
    FROM number_account
    WHERE phone = ANY($1::text[])"""

# What is lost with the server is asked again, so nobody waits until it is on disk.
RECORD = """
    WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO number_account (phone, address, checked_at)
    SELECT phone, address, checked_at
    FROM quickly, unnest($1::text[], $2::text[], $3::timestamptz[]) AS learned (phone, address, checked_at)
    ORDER BY phone
    ON CONFLICT (phone) DO UPDATE
    SET address = excluded.address, checked_at = excluded.checked_at
    WHERE number_account.checked_at < excluded.checked_at"""


async def find(executor: Executor, phones: Sequence[str]) -> dict[str, Found]:
    """Those that WhatsApp was ever asked for."""
    return {row[0]: (row[1], row[2]) for row in await executor.fetch(FIND, phones)}


async def record(executor: Executor, learned: Mapping[str, Found]) -> None:
    addresses, times = zip(*learned.values(), strict=True)
    await executor.execute(RECORD, list(learned), addresses, times)
