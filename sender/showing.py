"""Showing: what accounts show of themselves is kept with their instances, and a change of it is told."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.postgres import OUTAGES, Pool
from common.tables import session as table
from common.tables.event import NewEvent
from common.tables.session import Former, SessionOwner
from sender.owned import OwnedInstances
from sender.translation import profile
from sender.translation.scene import Account
from sender.whatsapp.session import KeptNames, Profile

log = logs.get(__name__)


class Showing:
    """`watch_names` must be running: the library keeps a name that was changed elsewhere and says nothing."""

    def __init__(
        self,
        owned: OwnedInstances,
        engine: object,
        pool: Pool,
        held: Callable[[], Mapping[UUID, object]],
        clock: Clock,
        name_interval: timedelta,
    ) -> None:
        self._owned = owned
        self._engine = engine
        self._pool = pool
        self._held = held
        self._clock = clock
        self._name_interval = name_interval.total_seconds()

    async def keep(self, owner: SessionOwner, shown: Profile) -> None:
        """Another picture than before is told; the first one that we see is not."""

        def tell(row: Any) -> NewEvent | None:
            former = Former(*row)
            if former.read_at is None or _picture_in(former.picture) == _picture_in(shown.picture):
                return None
            account = Account(owner.id, former.phone or "", former.lid, former.name, picture=shown.picture)
            return profile.portrayed(account, former.picture, self._clock.now())

        await self._owned.write(table.SET_PROFILE, owner, tell, shown.about, shown.picture)
        if shown.name:
            await self.keep_name(owner, shown.name)

    async def keep_name(self, owner: SessionOwner, name: str) -> None:
        """Another name than before is told; the first one that we learn is not."""

        def tell(row: Any) -> NewEvent | None:
            former = Former(*row)
            if former.name is None:
                return None
            account = Account(owner.id, former.phone or "", former.lid, name, picture=former.picture)
            return profile.renamed(account, self._clock.now())

        await self._owned.write(table.SET_PROFILE_NAME, owner, tell, name)

    async def watch_names(self) -> None:
        """Until cancelled."""
        if not isinstance(self._engine, KeptNames):
            return
        while True:
            await self._clock.sleep_until(self._clock.elapsed() + self._name_interval)
            try:
                await self._look_at_names(self._engine)
            except OUTAGES as error:
                log.warning("names of accounts not looked at", error=type(error).__name__)

    async def _look_at_names(self, engine: KeptNames) -> None:
        rows = await self._pool.fetch(table.LIST_NAMES, list(self._held()))
        names = await engine.names_of([Jid(device) for _, device, _ in rows]) if rows else {}
        for instance, device, known in rows:
            name = names.get(Jid(device))
            if name is None or name == known:
                continue
            owner = await table.find(self._pool, instance)
            if owner is not None:
                await self.keep_name(owner, name)


def _picture_in(link: str | None) -> str | None:
    """What stays the same as long as the picture does: WhatsApp signs its link anew each time."""
    return None if link is None else urlsplit(link).path
