"""Logouts: a session that was ended is over for every frontend, whoever still has its cookie."""

from common.clock import Clock
from common.postgres import Pool
from common.tables import panel_logout
from frontend.panel.sessions import Session
from frontend.problems import Problem


class Logouts:
    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def end(self, session: Session) -> None:
        await panel_logout.end(self._pool, session.id, session.expires_at, self._clock.now())

    async def is_ended(self, session: Session) -> bool:
        return await panel_logout.is_ended(self._pool, session.id)

    async def check(self, session: Session) -> None:
        """Raises a Problem for a session that was ended."""
        if await self.is_ended(session):
            raise Problem(403, "You are logged out.")
