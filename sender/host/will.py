"""The will: what a host whose node has died leaves to the next owner of its sessions, in the session store.

The library has acknowledged a hundred events of each session before it tells the first of them, so WhatsApp would not
send them again. The driver of Postgres is imported only now: a host that never loses its node does not pay for it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from sender.host.frames import Frame
from sender.host.hosted import Hosted

if TYPE_CHECKING:
    from asyncpg import Connection

PATIENCE = 15.0  # seconds; the next owner waits at the lock for less than that
PAUSE = 0.02  # seconds between two looks for more
AGAIN = 0.5  # seconds between two tries while Postgres is away

# The next owner takes the same lock before it looks for what was left.
LOCK = """
    SELECT pg_advisory_lock(hashtextextended(device, 0))
    FROM unnest($1::text[]) AS device"""

LEAVE = """
    INSERT INTO pombo_left_event (device, code, body, told_at)
    SELECT * FROM unnest($1::text[], $2::smallint[], $3::bytea[], $4::float8[])"""

Start = Callable[[Callable[[], None]], object]
"""Runs work in another thread."""


def leave_events(sessions: Sequence[Hosted], start: Start) -> None:
    """Cut the sessions off and store what they still tell. Gives up after its patience, whatever is left."""
    parting = [session for session in sessions if session.has_heirs]
    if parting:
        asyncio.run(_leave(parting, start, time.monotonic() + PATIENCE))


async def _leave(sessions: Sequence[Hosted], start: Start, deadline: float) -> None:
    for session in sessions:
        start(session.part)
    connection: Connection[Any] | None = None
    while time.monotonic() < deadline and not all(session.is_spent for session in sessions):
        try:
            if connection is None:
                connection = await _connect(sessions[0].store)
                await connection.execute(LOCK, [session.device.hex() for session in sessions])
            for session in sessions:
                if frames := session.unsafe():
                    await _store(connection, session, frames)
            await asyncio.sleep(PAUSE)
        except Exception as error:  # it says nothing to anybody but its log: there is no node to tell
            print(f"events not left yet: {type(error).__name__}", flush=True)  # noqa: T201
            if connection is not None:
                connection.terminate()
                connection = None
            await asyncio.sleep(AGAIN)
    if connection is not None:
        connection.terminate()  # lets go of the locks


async def _store(connection: "Connection[Any]", session: Hosted, frames: Sequence[Frame]) -> None:
    device = session.device.hex()
    await connection.execute(
        LEAVE,
        [device] * len(frames),
        [frame.fields["code"] for frame in frames],
        [frame.body for frame in frames],
        [frame.fields["at"] for frame in frames],
    )
    session.acknowledge(frames[-1].fields["number"])


async def _connect(store: str) -> "Connection[Any]":
    import asyncpg

    parts = urlsplit(store)
    # The other parameters are the library's: closing an idle connection would let go of the locks.
    mode = parse_qs(parts.query).get("sslmode", ["prefer"])[0]
    url = urlunsplit(parts._replace(query=f"sslmode={mode}"))
    return await asyncpg.connect(url, timeout=5, server_settings={"application_name": "pombo-will"})
