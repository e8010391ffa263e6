"""panel_logout: sessions of the panel that somebody ended, until they would have ended by themselves."""

from datetime import datetime

from common.postgres import Executor

# Those that are over anyway go at the same time; there are never many.
END = """
    WITH over AS (
        DELETE FROM panel_logout WHERE expires_at < $3
    )
    INSERT INTO panel_logout (session, expires_at)
    VALUES ($1, $2)
    ON CONFLICT (session) DO NOTHING"""

IS_ENDED = """
    SELECT EXISTS (SELECT FROM panel_logout WHERE session = $1)"""


async def end(executor: Executor, session: str, expires_at: datetime, now: datetime) -> None:
    await executor.execute(END, session, expires_at, now)


async def is_ended(executor: Executor, session: str) -> bool:
    found: bool = await executor.fetchval(IS_ENDED, session)
    return found
