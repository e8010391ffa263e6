"""Notices: events of what was done here at a caller's request, which WhatsApp does not tell back."""

from collections.abc import Callable, Iterable
from uuid import UUID

from common.postgres import Pool
from common.tables import event as table
from common.tables.event import NewEvent
from sender.translation.scene import Account


class Notices:
    """`announce` is told which instances have events to deliver, once those are committed."""

    def __init__(
        self, pool: Pool, announce: Callable[[Iterable[UUID]], None], *, keeps_all_events: bool = False
    ) -> None:
        self._pool = pool
        self._announce = announce
        self._keeps_all = keeps_all_events

    async def tell(self, instance: UUID, make: Callable[[Account], NewEvent]) -> None:
        """Nothing is made where nobody listens."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(table.LISTENING, [instance], self._keeps_all)
            events = [make(Account(row[0], row[2] or "", row[3], row[4], picture=row[5])) for row in rows]
            to_deliver = await table.append(connection, events, keeps_all=self._keeps_all)
        self._announce(to_deliver)
