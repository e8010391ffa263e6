"""Profiles: what an account shows of itself, asked for some time after it connected and kept with its instance."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from uuid import UUID

from common import logs
from common.clock import Clock
from common.errors import DeliveryError
from common.tables.session import SessionOwner
from sender.whatsapp.session import Profile, Profiles, Session

log = logs.get(__name__)

# Soon enough for whoever looks at a fresh instance, late enough for the name, which comes after the login; and a node
# that starts does not ask for all its accounts at once.
SOONEST, LATEST = 5.0, 30.0  # seconds
PRESENTLY = 1.0  # seconds after WhatsApp said that something changed
AGAIN = 6 * 3600.0  # seconds; reconnects in between ask nothing

Write = Callable[[SessionOwner, Profile], Awaitable[object]]


class ProfileReader:
    """`run` must be running: it owns the questions."""

    def __init__(self, write: Write, clock: Clock, chance: Random) -> None:
        self._write = write
        self._clock = clock
        self._chance = chance
        self._asked: dict[UUID, float] = {}
        self._changed: set[UUID] = set()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the questions until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    def connected(self, owner: SessionOwner, session: Session) -> None:
        """Ask for the profile in a while, unless that was done lately or the engine cannot."""
        now = self._clock.elapsed()
        if self._tasks is None or not isinstance(session, Profiles) or now - self._asked.get(owner.id, -AGAIN) < AGAIN:
            return
        self._asked[owner.id] = now
        self._tasks.create_task(self._learn(owner, session, self._chance.uniform(SOONEST, LATEST)), name="profile")

    def changed(self, owner: SessionOwner, session: Session) -> None:
        """Ask now, however lately that was done, unless the engine cannot. Many changes in a row are asked for once."""
        if self._tasks is None or not isinstance(session, Profiles) or owner.id in self._changed:
            return
        self._changed.add(owner.id)
        self._asked[owner.id] = self._clock.elapsed()
        self._tasks.create_task(self._learn(owner, session, PRESENTLY), name="changed profile")

    def forget(self, instance: UUID) -> None:
        """It is another account's by now."""
        self._asked.pop(instance, None)

    async def _learn(self, owner: SessionOwner, session: Profiles, wait: float) -> None:
        await self._clock.sleep_until(self._clock.elapsed() + wait)
        if wait == PRESENTLY:
            self._changed.discard(owner.id)
        try:
            await self._write(owner, await session.profile())
        except DeliveryError as error:
            log.info("profile not read", instance=owner.id, error_class=error.code)
            self.forget(owner.id)
        except Exception:
            log.exception("profile not read", instance=owner.id)
            self.forget(owner.id)
