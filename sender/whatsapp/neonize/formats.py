"""The self-test of the relay: are the library's tables as the relay reads them? Else no session goes through it."""

import asyncpg

from common import logs
from common.postgres import Pool
from common.sparing import Sparing
from sender.whatsapp.neonize import store
from sender.whatsapp.relay import app_state, snapshots
from sender.whatsapp.relay.stored_keys import UnknownForm, read_sender_keys, read_sessions
from sender.whatsapp.wire.app_state import HASH_LENGTH
from sender.whatsapp.wire.curve import KeyPair

log = logs.get(__name__)

SAMPLE = 20
KEY_LENGTH = 32

SAMPLE_NOISE_KEYS = f"""
    SELECT noise_key
    FROM whatsmeow_device
    LIMIT {SAMPLE}
"""

SAMPLE_HASHES = f"""
    SELECT hash
    FROM whatsmeow_app_state_version
    LIMIT {SAMPLE}
"""

STATEMENTS = (
    store.FIND_DEVICE,
    store.FIND_NOISE_KEY,
    store.COPY_SECRET,
    app_state.FIND_KEY,
    app_state.FIND_VERSION,
    app_state.LIST_VALUE_MACS,
    SAMPLE_NOISE_KEYS,
    SAMPLE_HASHES,
    snapshots.READ_KEYS,
    snapshots.READ_DEVICE_KEYS,
    snapshots.SAMPLE_SESSIONS,
    snapshots.SAMPLE_SENDER_KEYS,
)
"""All that is asked of the library's tables in relay mode."""


class FormatChanged(Exception):
    """The library's tables are not as the wire relay knows them."""


class Formats:
    """`check` is remembered once it has gone well; a failure is looked at anew each time, since an operator may act.
    `refusals` counts these."""

    def __init__(self) -> None:
        self.refusals = 0
        self._are_known = False
        self._sparing = Sparing()

    async def check(self, pool: Pool) -> None:
        """Raises FormatChanged, or what an outage of Postgres raises."""
        if self._are_known:
            return
        try:
            await self._look(pool)
        except FormatChanged as problem:
            self.refusals += 1
            if (left_out := self._sparing.left_out()) is not None:
                log.error("the wire relay is refused", reason=str(problem), left_out=left_out)
            raise
        self._are_known = True

    async def _look(self, pool: Pool) -> None:
        try:
            async with pool.acquire() as connection:
                for statement in STATEMENTS:
                    await connection.prepare(statement)
                keys = [row[0] for row in await connection.fetch(SAMPLE_NOISE_KEYS)]
                hashes = [row[0] for row in await connection.fetch(SAMPLE_HASHES)]
                sessions = [row[0] for row in await connection.fetch(snapshots.SAMPLE_SESSIONS)]
                sender_keys = [row[0] for row in await connection.fetch(snapshots.SAMPLE_SENDER_KEYS)]
        except asyncpg.SyntaxOrAccessError as error:
            raise FormatChanged(f"the library's tables have changed: {error}") from None
        for found, length, what in ((keys, KEY_LENGTH, "noise keys"), (hashes, HASH_LENGTH, "hashes of app state")):
            if any(not isinstance(each, bytes) or len(each) != length for each in found):
                raise FormatChanged(f"the library's {what} have another form")
        try:
            for each in sessions:
                read_sessions(KeyPair(), each)
            for each in sender_keys:
                read_sender_keys(each)
        except UnknownForm as problem:
            raise FormatChanged(f"the library's keys have another form: {problem}") from None
