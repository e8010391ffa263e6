"""Numbers: the address under which WhatsApp knows an account, asked for once and remembered, never guessed."""

from collections import OrderedDict
from datetime import datetime, timedelta

from common.addresses import USER, Jid, server_of, user_of
from common.clock import Clock
from common.errors import NotOnWhatsApp
from common.postgres import Pool
from common.tables import number_account
from sender.whatsapp.session import NumberLookup, Session

KEPT = timedelta(days=30)
KEPT_MISSING = timedelta(minutes=10)  # somebody may join at any time
IN_MEMORY = 50_000  # numbers; the table has them all


class Numbers:
    """Shared by all instances of a node: which account a number has does not depend on who asks."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._known: OrderedDict[str, tuple[Jid | None, datetime]] = OrderedDict()

    async def resolve(self, chat: Jid, session: Session) -> Jid:
        """Where a message to this chat has to go. Raises NotOnWhatsApp, and what the session raises."""
        if server_of(chat) != USER or not isinstance(session, NumberLookup):
            return chat
        phone = user_of(chat)
        found = self._known.get(phone) or await number_account.find(self._pool, phone)
        if found is None or not self._is_fresh(*found):
            found = await session.look_up_number(phone), self._clock.now()
            await number_account.record(self._pool, phone, *found)
        self._remember(phone, found)
        address, _ = found
        if address is None:
            raise NotOnWhatsApp
        return address

    def _is_fresh(self, address: Jid | None, at: datetime) -> bool:
        return self._clock.now() - at < (KEPT if address is not None else KEPT_MISSING)

    def _remember(self, phone: str, found: tuple[Jid | None, datetime]) -> None:
        self._known[phone] = found
        self._known.move_to_end(phone)
        if len(self._known) > IN_MEMORY:
            self._known.popitem(last=False)
