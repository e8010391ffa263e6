"""Owned instances: what their owner writes of them, fenced, with the events of it in the same transaction."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from common import logs
from common.postgres import OUTAGES, Pool
from common.tables.event import NewEvent, append
from common.tables.session import SessionOwner

log = logs.get(__name__)

AGAIN = 0.5  # seconds between two tries while Postgres is away

Tell = Callable[[Any], NewEvent | None]
"""From the row that a statement returned to what is told of it."""


class OwnedInstances:
    """`announce` is told which instances have events to deliver, once those are committed."""

    def __init__(
        self,
        pool: Pool,
        epoch_of: Callable[[int], int | None],
        announce: Callable[[Iterable[UUID]], None],
        *,
        keeps_all_events: bool,
    ) -> None:
        self._pool = pool
        self._epoch_of = epoch_of
        self._announce = announce
        self._keeps_all = keeps_all_events

    async def write(self, statement: str, owner: SessionOwner, tell: Tell, *values: str | None) -> bool:
        """Whether it was written, with the event of it: not when the shard is another's by now. Waits out an outage
        of Postgres."""
        while (epoch := self._epoch_of(owner.shard)) is not None:
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    rows = await connection.fetch(statement, owner.id, owner.shard, epoch, *values)
                    events = [happened for row in rows if (happened := tell(row)) is not None]
                    to_deliver = await append(connection, events, keeps_all=self._keeps_all)
            except OUTAGES as error:
                log.warning("session state not written yet", instance=owner.id, error=type(error).__name__)
                await asyncio.sleep(AGAIN)
            else:
                self._announce(to_deliver)
                return bool(rows)
        return False
