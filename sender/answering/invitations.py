"""Invitations: the link to a group, written to people through the instance's own queue, at its pace."""

from collections.abc import Callable, Sequence
from uuid import UUID

import orjson

from common.addresses import Jid, to_phone
from common.identifiers import new_message_id, new_zaap_id
from common.postgres import Pool
from common.tables import message as table
from common.tables.message import NewMessage
from sender.answering.seats import Seats

KIND = "text"


class Invitations:
    """`wake` is told once the rows are committed."""

    def __init__(self, seats: Seats, pool: Pool, wake: Callable[[UUID], None], max_attempts: int) -> None:
        self._seats = seats
        self._pool = pool
        self._wake = wake
        self._max_attempts = max_attempts

    async def send(self, instance: UUID, people: Sequence[Jid], link: str) -> None:
        shard = self._seats.held(instance).shard
        messages = [
            NewMessage(
                instance_id=instance,
                shard=shard,
                zaap_id=new_zaap_id(),
                message_id=new_message_id(),
                kind=KIND,
                chat=person,
                payload=orjson.dumps({"phone": to_phone(person), "message": link}).decode(),
                max_attempts=self._max_attempts,
            )
            for person in people
        ]
        await self._pool.fetch(table.ENQUEUE, *table.columns_of(messages))
        self._wake(instance)
