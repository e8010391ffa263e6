"""Audit: each change that was made over the API leaves a row: who, what, from where. Sends are in the queue instead."""

from uuid import UUID

from common import logs
from common.postgres import OUTAGES, Pool
from common.tables import audit as table

log = logs.get(__name__)


class Audit:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, actor: str, action: str, instance: UUID | None, address: str | None, status: int) -> None:
        """The change is made by now, so an outage costs the row and not the answer."""
        try:
            await self._pool.execute(table.INSERT, actor, action, instance, address, status)
        except OUTAGES as error:
            log.error("change not in the audit", actor=actor, action=action, error=type(error).__name__)
