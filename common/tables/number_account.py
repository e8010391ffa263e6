"""number_account: which address WhatsApp gave for a number."""

from datetime import datetime

from common.addresses import Jid
from common.postgres import Executor

FIND = """
    SELECT address, checked_at
    FROM number_account
    WHERE phone = $1"""

RECORD = """
    INSERT INTO number_account (phone, address, checked_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (phone) DO UPDATE
    SET address = excluded.address, checked_at = excluded.checked_at
    WHERE number_account.checked_at < excluded.checked_at"""


async def find(executor: Executor, phone: str) -> tuple[Jid | None, datetime] | None:
    """The address (None: no account) and when WhatsApp said so; None if it was never asked."""
    row = await executor.fetchrow(FIND, phone)
    return None if row is None else (row[0], row[1])


async def record(executor: Executor, phone: str, address: Jid | None, at: datetime) -> None:
    await executor.execute(RECORD, phone, address, at)
