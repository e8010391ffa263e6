"""Recalling: a message that was sent is made anew from its row, for a receiver who could not read it."""

import asyncio
from datetime import timedelta
from uuid import UUID

from common.postgres import Pool
from common.tables import earlier
from sender.composers.occasion import Deed, Elsewhere
from sender.courier import Compose
from sender.ledger import Ownership
from sender.whatsapp.session import Recalled, Session


class Recalling:
    """No row is written: the message was sent, and what is made of it goes under the id that it has. `age` is how long
    ago it may have been sent, `patience` how many seconds it may take to compose."""

    def __init__(self, pool: Pool, ownership: Ownership, compose: Compose, age: timedelta, patience: timedelta) -> None:
        self._pool = pool
        self._ownership = ownership
        self._compose = compose
        self._age = age
        self._patience = patience

    async def recall(self, instance: str, whatsapp_id: str, session: Session) -> Recalled | None:
        """None: it was not sent through us, or it is too old, or its row is gone, or not ours any more. Raises
        DeliveryError, OUTAGES or TimeoutError."""
        row = await earlier.recall(self._pool, UUID(instance), whatsapp_id, self._age)
        epoch = self._ownership.epoch_of(row.shard) if row is not None else None
        if row is None or epoch is None:
            return None
        shard = row.shard
        async with asyncio.timeout(self._patience.total_seconds()):
            composed = await self._compose(row, session)
        if isinstance(composed, Deed):
            return None
        chat, message = row.chat, composed
        if isinstance(composed, Elsewhere):
            chat, message = composed.chat, composed.message
        return Recalled(chat, message, lambda: self._ownership.may_leave(shard, epoch))
