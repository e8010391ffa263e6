"""News: the events of one transaction, collected while its statements run and written as its last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.addresses import Jid
from common.postgres import Connection
from common.tables import event as table
from common.tables.event import NewEvent
from sender.translation import own
from sender.translation.own import Told

_Decided = tuple[tuple[Any, ...], bool]
_Receipt = tuple[UUID, tuple[str, ...], str, datetime, Jid, Jid | None]


class News:
    """Bodies are made at the end, and only for instances that listen: most of a busy gateway's may not."""

    def __init__(self, keeps_all: bool) -> None:
        self._keeps_all = keeps_all
        self._decided: list[_Decided] = []
        self._receipts: list[_Receipt] = []
        self._ours: dict[tuple[UUID, str], tuple[str, Jid]] = {}

    def decided(self, rows: Sequence[Any], *, is_sent: bool) -> None:
        """Rows of (instance, zaap id, message id, chat, moment or error) of messages sent, failed or in doubt."""
        self._decided += [(row, is_sent) for row in rows]

    def received(self, receipts: Sequence[Any], rows: Sequence[Any]) -> None:
        """Receipts as they were told, and rows of (instance, wire id, message id, chat) of what they are about."""
        self._receipts += receipts
        self._ours.update({(row[0], row[1]): (row[2], row[3]) for row in rows})

    async def write(self, connection: Connection) -> set[UUID]:
        """The instances that have something to deliver once the transaction is committed."""
        heard = {row[0] for row, _ in self._decided} | {receipt[0] for receipt in self._receipts}
        if heard and not self._keeps_all:
            heard = {row[0] for row in await connection.fetch(table.LISTENING, list(heard))}
        if not heard:
            return set()
        events: list[NewEvent] = []
        for (instance, zaap_id, message_id, chat, last), is_sent in self._decided:
            if instance in heard:
                error = None if is_sent else last
                events.append(own.delivery(Told(instance, zaap_id, message_id, chat, error)))
                if is_sent:
                    events.append(own.message_status(instance, "sent", [message_id], last, chat))
        events += [self._status(receipt) for receipt in self._receipts if receipt[0] in heard]
        return await table.append(connection, events, keeps_all=self._keeps_all)

    def _status(self, receipt: _Receipt) -> NewEvent:
        """Under the ids and the chat that the sender of the messages knows, where they were sent through us."""
        instance, wires, kind, at, chat, sender = receipt
        ids = []
        for wire in wires:
            message_id, chat = self._ours.get((instance, wire), (wire, chat))
            ids.append(message_id)
        return own.message_status(instance, kind, ids, at, chat, sender)
