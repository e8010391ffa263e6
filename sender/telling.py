"""Telling: what the policies decide of messages in doubt becomes events, in the transaction that decides."""

from collections.abc import Sequence

from common.clock import Clock
from common.postgres import Connection
from common.tables.uncertain import Settled
from sender.news import News

NEVER_KNOWN = "its outcome never became known"


class Telling:
    """The witness of `uncertain.py`. Who settles says afterwards which instances to wake."""

    def __init__(self, clock: Clock, *, keeps_all_events: bool) -> None:
        self._clock = clock
        self._keeps_all = keeps_all_events

    async def settled(self, connection: Connection, outcome: str, messages: Sequence[Settled]) -> None:
        if outcome not in ("sent", "failed"):
            return  # it is sent again, and told then
        last = self._clock.now() if outcome == "sent" else NEVER_KNOWN
        news = News(self._keeps_all)
        rows = [(each.instance_id, each.zaap_id, each.message_id, each.chat, last) for each in messages]
        news.decided(rows, is_sent=outcome == "sent")
        await news.write(connection)
