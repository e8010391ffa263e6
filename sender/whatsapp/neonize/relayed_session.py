"""A linked device whose stanzas go through the relay of its host: what that can do more than the library alone."""

import asyncio
from random import Random

from common.clock import Clock
from sender.host.fleet import Fleet
from sender.whatsapp.neonize.formats import Formats
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.sending import Tap
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.session import Account, Listener


class RelayedSession(NeonizeSession):
    """`fleet` has hosts with a relay."""

    def __init__(
        self,
        account: Account,
        listener: Listener,
        fleet: Fleet,
        store: Store,
        tap: Tap,
        logins: asyncio.Semaphore,
        patience: Patience,
        clock: Clock,
        chance: Random,
        *,
        formats: Formats,
    ) -> None:
        super().__init__(account, listener, fleet, store, tap, logins, patience, clock, chance)
        self._formats = formats

    async def _opening(self) -> dict[str, str]:
        await self._formats.check(self._store.pool)
        noise_key = await self._store.find_noise_key(self._account.device)
        return {**await super()._opening(), "noise_key": (noise_key or b"").hex()}
