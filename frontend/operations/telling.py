"""Telling: what a caller decides of messages becomes events, in the transaction that decides."""

from collections.abc import Sequence
from datetime import datetime

from common import callbacks
from common.callbacks import Told
from common.postgres import Connection
from common.tables import event as table
from frontend.services import WHOLE_QUEUE, Services


async def tell(
    services: Services, connection: Connection, decided: Sequence[Told], *, sent_at: datetime | None = None
) -> None:
    """Messages of one instance, as the last statement of their transaction; with `sent_at` they count as sent.

    Whoever decided rings the instance's owner afterwards, who delivers.
    """
    if not decided:
        return
    keeps_all = services.keeps_all_events
    if not await connection.fetch(table.LISTENING, [decided[0].instance_id], keeps_all):
        return
    events = []
    for told in decided:
        events.append(callbacks.delivery(told))
        if sent_at is not None:
            events.append(callbacks.message_status(told.instance_id, "sent", [told.message_id], sent_at, told.chat))
    await table.append(connection, events, keeps_all=keeps_all, timeout=WHOLE_QUEUE)
