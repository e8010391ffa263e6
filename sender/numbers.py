"""Numbers: the address under which WhatsApp knows an account, asked for once and remembered, never guessed."""

import asyncio
from collections import OrderedDict
from datetime import timedelta

from common import logs
from common.addresses import USER, Jid, server_of, user_of
from common.clock import Clock
from common.errors import NotOnWhatsApp
from common.postgres import OUTAGES, Pool
from common.tables import number_account
from common.tables.number_account import Found
from common.together import Together
from sender.whatsapp.session import NumberLookup, Session

KEPT = timedelta(days=30)
KEPT_MISSING = timedelta(minutes=10)  # somebody may join at any time
IN_MEMORY = 50_000  # numbers; the table has them all

log = logs.get(__name__)


class Numbers:
    """Shared by all instances of a node: which account a number has does not depend on who asks.

    `run` must be running. Many numbers are read and written by one statement. What is learned is written afterwards;
    what is lost on the way is asked again.
    """

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._known: OrderedDict[str, Found] = OrderedDict()
        self._table: Together[str, Found] = Together(lambda phones: number_account.find(pool, phones))
        self._learned: dict[str, Found] = {}
        self._has_learned = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._table.run())
            tasks.create_task(self._record_forever())

    async def resolve(self, chat: Jid, session: Session) -> Jid:
        """Where a message to this chat has to go. Raises NotOnWhatsApp, and what the session raises."""
        if server_of(chat) != USER:
            return chat
        phone = user_of(chat)
        found = self._known.get(phone)
        if found is None or not self._is_fresh(found):
            if not isinstance(session, NumberLookup):
                return chat
            found = await self._find(phone, session)
        address, _ = found
        if address is None:
            raise NotOnWhatsApp
        return address

    async def _find(self, phone: str, session: NumberLookup) -> Found:
        found = await self._table.get(phone)
        if found is None or not self._is_fresh(found):
            found = await session.look_up_number(phone), self._clock.now()
            self._learned[phone] = found
            self._has_learned.set()
        self._known[phone] = found
        self._known.move_to_end(phone)
        if len(self._known) > IN_MEMORY:
            self._known.popitem(last=False)
        return found

    def _is_fresh(self, found: Found) -> bool:
        address, at = found
        return self._clock.now() - at < (KEPT if address is not None else KEPT_MISSING)

    async def _record_forever(self) -> None:
        while True:
            await self._has_learned.wait()
            self._has_learned.clear()
            learned, self._learned = self._learned, {}
            try:
                await number_account.record(self._pool, learned)
            except OUTAGES as error:
                log.warning("numbers not written", error=type(error).__name__, count=len(learned))
