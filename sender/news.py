"""News: the events of one transaction, collected while its statements run and written as its last."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from common import callbacks, logs
from common.addresses import Jid, to_phone
from common.callbacks import Told
from common.postgres import Connection
from common.tables import event as table
from common.tables import profile_picture
from common.tables.event import NewEvent
from sender.translation.received import sent_here
from sender.translation.scene import Account

log = logs.get(__name__)

_Decided = tuple[tuple[Any, ...], bool]
_Receipt = tuple[UUID, tuple[str, ...], str, datetime, Jid, Jid | None]


class News:
    """Bodies are made at the end, and only for instances that listen: most of a busy gateway's may not."""

    def __init__(self, keeps_all: bool, contents: Mapping[UUID, bytes] = MappingProxyType({})) -> None:
        """`contents` are messages as they left, by zaap id."""
        self._keeps_all = keeps_all
        self._contents = contents
        self._decided: list[_Decided] = []
        self._late: list[Any] = []
        self._receipts: list[_Receipt] = []
        self._ours: dict[tuple[UUID, str], tuple[str, Jid]] = {}

    def decided(self, rows: Sequence[Any], *, is_sent: bool) -> None:
        """Rows of (instance, zaap id, message id, chat, moment or error) of messages sent, failed or in doubt."""
        self._decided += [(row, is_sent) for row in rows]

    def overtaken(self, rows: Sequence[Any]) -> None:
        """Rows as of `decided`, of messages that were told as sent before anybody had their contents."""
        self._late += rows

    def received(self, receipts: Sequence[Any], rows: Sequence[Any]) -> None:
        """Receipts as they were told, and rows of (instance, wire id, message id, chat) of what they are about."""
        self._receipts += receipts
        self._ours.update({(row[0], row[1]): (row[2], row[3]) for row in rows})

    async def write(self, connection: Connection) -> set[UUID]:
        """The instances that have something to deliver once the transaction is committed."""
        about = {row[0] for row, _ in self._decided} | {each[0] for each in (*self._receipts, *self._late)}
        if not about:
            return set()
        rows = await connection.fetch(table.LISTENING, list(about), self._keeps_all)
        if not rows:
            return set()
        heard = {row[0] for row in rows}
        pictures = await self._pictures(connection, {row[0] for row in rows if row[1]})
        wants_own = {
            row[0]: Account(row[0], row[2] or "", row[3], row[4], picture=row[5], pictures=pictures.get(row[0], {}))
            for row in rows
            if row[1]
        }
        events: list[NewEvent] = []
        for (instance, zaap_id, message_id, chat, last), is_sent in self._decided:
            if instance in heard:
                error = None if is_sent else last
                told = Told(instance, zaap_id, message_id, chat, error)
                events.append(callbacks.delivery(told))
                if is_sent:
                    if (account := wants_own.get(instance)) is not None:
                        events += self._own_message(told, last, account)
                    events.append(callbacks.message_status(instance, "sent", [message_id], last, chat))
        for instance, zaap_id, message_id, chat, last in self._late:
            if (account := wants_own.get(instance)) is not None:
                events += self._own_message(Told(instance, zaap_id, message_id, chat), last, account)
        events += [self._status(receipt) for receipt in self._receipts if receipt[0] in heard]
        return await table.append(connection, events, keeps_all=self._keeps_all)

    async def _pictures(self, connection: Connection, wanting: set[UUID]) -> Mapping[UUID, Mapping[str, str]]:
        """What the chats of own messages show, as far as that was learned from what they wrote."""
        wanted = {(row[0], to_phone(row[3])) for row, is_sent in self._decided if is_sent and row[0] in wanting}
        found: dict[UUID, dict[str, str]] = defaultdict(dict)
        for known in await profile_picture.find(connection, wanted) if wanted else ():
            if known.link is not None and known.is_valid(datetime.now(UTC)):
                found[known.instance_id][known.phone] = known.link
        return found

    def _own_message(self, told: Told, at: datetime, account: Account) -> list[NewEvent]:
        content = self._contents.get(told.zaap_id)
        if not content:
            return []
        try:
            event = sent_here(content, told, at, account)
        except Exception:
            # What a customer is told must not undo what was sent.
            log.exception("own message not translated", instance=told.instance_id)
            return []
        return [event] if event is not None else []

    def _status(self, receipt: _Receipt) -> NewEvent:
        """Under the ids and the chat that the sender of the messages knows, where they were sent through us."""
        instance, wires, kind, at, chat, sender = receipt
        ids = []
        for wire in wires:
            message_id, chat = self._ours.get((instance, wire), (wire, chat))
            ids.append(message_id)
        return callbacks.message_status(instance, kind, ids, at, chat, sender)
