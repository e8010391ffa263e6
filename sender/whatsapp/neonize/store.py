"""The session store: the library's own Postgres database, which is only read, but for what COPY_SECRET says; and beside
its tables one of ours for what hosts left behind."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from common.addresses import LID, USER, Jid, server_of, user_of, without_device
from common.postgres import Connection, Pool
from sender.whatsapp.neonize.protobuf import to_engine
from sender.whatsapp.powers.people import FOREVER, ChatSettings, Contact
from sender.whatsapp.session import Secret

HOST_PATIENCE = 20.0  # seconds; longer than a host writes
SCHEMA_LOCK = 0x706F6D626F776D  # "pombowm"

FIND_DEVICE = """
    SELECT jid, lid, push_name, platform
    FROM whatsmeow_device
    WHERE jid = $1
"""

LIST_NAMES = """
    SELECT jid, push_name
    FROM whatsmeow_device
    WHERE jid = ANY($1::text[]) AND push_name <> ''
"""

# A chat of two is kept under its number or its LID, whichever the library used at the time.
FIND_SECRET = """
    SELECT sender_jid, key
    FROM whatsmeow_message_secrets
    WHERE our_jid = $1 AND message_id = $2 AND chat_jid IN (
        SELECT $3::text
        UNION ALL SELECT lid || '@lid' FROM whatsmeow_lid_map WHERE pn || '@s.whatsapp.net' = $3
        UNION ALL SELECT pn || '@s.whatsapp.net' FROM whatsmeow_lid_map WHERE lid || '@lid' = $3)
    LIMIT 1
"""

OTHER_ADDRESSES = """
    SELECT lid || '@lid' AS lid, pn || '@s.whatsapp.net' AS phone
    FROM whatsmeow_lid_map
    WHERE pn = ANY($1::text[]) OR lid = ANY($2::text[])
"""

LIST_CONTACTS = """
    SELECT their_jid, first_name, full_name, push_name, business_name
    FROM whatsmeow_contacts
    WHERE our_jid = $1
    ORDER BY their_jid
"""

LIST_CHAT_SETTINGS = """
    SELECT chat_jid, archived, pinned, muted_until
    FROM whatsmeow_chat_settings
    WHERE our_jid = $1
"""

LATEST = 10_000_000_000  # seconds; the library writes `for ever` as a time far behind this one


# Votes and answers name a message by the id that it went by, and are opened with the secret found under that id.
COPY_SECRET = """
    INSERT INTO whatsmeow_message_secrets (our_jid, chat_jid, sender_jid, message_id, key)
    SELECT our_jid, chat_jid, sender_jid, $3, key
    FROM whatsmeow_message_secrets
    WHERE our_jid = $1 AND message_id = $2
    ON CONFLICT DO NOTHING
"""

FIND_NOISE_KEY = """
    SELECT noise_key
    FROM whatsmeow_device
    WHERE jid = $1
"""


# Written by hosts whose node has died (`sender.host.will`), under the lock that is waited for here.
MAKE_LEFT_EVENTS = """
    CREATE TABLE IF NOT EXISTS pombo_left_event (
        device  text NOT NULL,
        place   bigint GENERATED ALWAYS AS IDENTITY,
        code    smallint NOT NULL,
        body    bytea NOT NULL,
        told_at double precision NOT NULL,
        PRIMARY KEY (device, place)
    )"""

WAIT_FOR_HOST = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))"""

FIND_LEFT_EVENTS = """
    SELECT place, code, body, told_at
    FROM pombo_left_event
    WHERE device = $1
    ORDER BY place"""

FORGET_LEFT_EVENT = """
    DELETE FROM pombo_left_event
    WHERE device = $1 AND place = $2"""


@dataclass(frozen=True, slots=True)
class LeftEvent:
    """An event that a host was told and no node made safe."""

    place: int
    code: int
    body: bytes
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    jid: str
    lid: str | None
    name: str | None
    platform: str | None


class Store:
    """`url` is what the library opens. It keeps connections for ever, so the server is asked to close idle ones."""

    def __init__(self, dsn: str, idle_timeout: float = 30.0) -> None:
        self._dsn = dsn
        self._idle_timeout = idle_timeout
        self._pool: Pool | None = None

    async def open(self) -> Self:
        """Makes the database if it is not there; its tables are made by the library (see `schema_lock`)."""
        await _make_database(self._dsn)
        settings = {"application_name": "pombo-store", "statement_timeout": "25000"}
        self._pool = await asyncpg.create_pool(self._dsn, min_size=0, max_size=3, timeout=5, server_settings=settings)
        return self

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @property
    def url(self) -> str:
        parts = urlsplit(self._dsn)
        if parts.scheme not in ("postgres", "postgresql"):
            raise ValueError("the session store must be a Postgres URL")
        query = dict(parse_qsl(parts.query))
        query.setdefault(
            "sslmode", "disable" if parts.hostname in (None, "127.0.0.1", "localhost", "::1") else "prefer"
        )
        query["application_name"] = "pombo-session"
        # A database that does not answer holds up the start of a session, and with it every other one in its host.
        query.setdefault("connect_timeout", "10")
        query["idle_session_timeout"] = str(int(self._idle_timeout * 1000))
        return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))

    async def find(self, device: str) -> Device | None:
        """The library aborts its process when it is given a device that is not here."""
        assert self._pool is not None
        row = await self._pool.fetchrow(FIND_DEVICE, device)
        if row is None:
            return None
        return Device(row["jid"], row["lid"] or None, row["push_name"] or None, row["platform"] or None)

    async def names(self, devices: Collection[Jid]) -> dict[Jid, str]:
        """What the accounts of these devices are called, as the library last heard."""
        return {Jid(row[0]): row[1] for row in await self.pool.fetch(LIST_NAMES, list(devices))}

    @property
    def pool(self) -> Pool:
        assert self._pool is not None
        return self._pool

    async def find_noise_key(self, device: str) -> bytes | None:
        """The private key of the device's connections: whoever holds it is the device."""
        key: bytes | None = await self.pool.fetchval(FIND_NOISE_KEY, device)
        return key

    async def copy_secret(self, device: str, library_id: str, wire_id: str) -> None:
        """The only thing that we write into the library's tables."""
        await self.pool.execute(COPY_SECRET, device, library_id, wire_id)

    async def find_secret(self, device: str, chat: Jid, message_id: str) -> Secret | None:
        """The secret of a message that this device has seen or sent."""
        assert self._pool is not None
        row = await self._pool.fetchrow(FIND_SECRET, device, message_id, chat)
        return None if row is None else Secret(without_device(Jid(row["sender_jid"])), row["key"])

    async def other_addresses(self, addresses: Sequence[Jid]) -> dict[Jid, Jid]:
        """The LIDs of numbers and the numbers of LIDs, as far as they are known."""
        assert self._pool is not None
        users: dict[str, list[str]] = {USER: [], LID: []}
        for address in addresses:
            users.setdefault(server_of(address), []).append(user_of(address))
        rows = await self._pool.fetch(OTHER_ADDRESSES, users[USER], users[LID])
        return {
            **{Jid(row["phone"]): Jid(row["lid"]) for row in rows},
            **{Jid(row["lid"]): Jid(row["phone"]) for row in rows},
        }

    async def contacts(self, device: str) -> list[Contact]:
        """Everybody whom this device has a name for."""
        assert self._pool is not None
        rows = await self._pool.fetch(LIST_CONTACTS, device)
        return [Contact(Jid(row[0]), row[1] or None, row[2] or None, row[3] or None, row[4] or None) for row in rows]

    async def chat_settings(self, device: str) -> dict[Jid, ChatSettings]:
        assert self._pool is not None
        rows = await self._pool.fetch(LIST_CHAT_SETTINGS, device)
        return {Jid(row[0]): ChatSettings(row[1], row[2], _muted_until(row[3])) for row in rows}

    async def make_tables(self) -> None:
        """Ours, beside the library's. Under `schema_lock`."""
        assert self._pool is not None
        await self._pool.execute(MAKE_LEFT_EVENTS)

    async def find_left_events(self, device: str) -> list[LeftEvent]:
        """In their order. Waits for a host that is still writing them, which has lost its node a moment ago."""
        assert self._pool is not None
        key = to_engine(Jid(device)).hex()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(WAIT_FOR_HOST, key, timeout=HOST_PATIENCE)
            rows = await connection.fetch(FIND_LEFT_EVENTS, key)
        return [LeftEvent(place, code, body, datetime.fromtimestamp(at, UTC)) for place, code, body, at in rows]

    async def forget_left_event(self, device: str, place: int) -> None:
        assert self._pool is not None
        await self._pool.execute(FORGET_LEFT_EVENT, to_engine(Jid(device)).hex(), place)

    async def schema_lock(self) -> Connection:
        """A connection that holds the lock under which tables may be made; closing it lets go."""
        connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "pombo-store"})
        await connection.execute("SELECT pg_advisory_lock($1)", SCHEMA_LOCK)
        return connection


def _muted_until(seconds: int) -> datetime | None:
    if seconds < 0 or seconds > LATEST:
        return FOREVER
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


async def _make_database(dsn: str) -> None:
    try:
        connection = await asyncpg.connect(dsn)
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(dsn)
        name = parts.path.lstrip("/").replace('"', "")
        connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # another node was faster
        finally:
            await connection.close()
    else:
        await connection.close()
