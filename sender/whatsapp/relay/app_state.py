"""Changes of app state, made from what the library has stored and sent past it; it then fetches them itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from common.clock import Clock
from common.errors import TemporaryFailure
from common.postgres import Pool
from sender.whatsapp.wire.app_state import EMPTY, REMOVE, SET, Change, Sealed, StateKeys, mix
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Attributes, Node

TRIES = 5
FOLLOW_PATIENCE = 3.0  # seconds for the library to have fetched a change
LOOK_AGAIN = 0.05  # seconds

FIND_KEY = """
    SELECT key_id, key_data
    FROM whatsmeow_app_state_sync_keys
    WHERE jid = $1
    ORDER BY timestamp DESC
    LIMIT 1
"""

FIND_VERSION = """
    SELECT version, hash
    FROM whatsmeow_app_state_version
    WHERE jid = $1 AND name = $2
"""

# A mutation's newest version counts; a value that was taken back has no row.
LIST_VALUE_MACS = """
    SELECT DISTINCT ON (index_mac) index_mac, value_mac
    FROM whatsmeow_app_state_mutation_macs
    WHERE jid = $1 AND name = $2
    ORDER BY index_mac, version DESC
"""

Ask = Callable[[Node], Awaitable[Node]]
Notify = Callable[[Node], None]


class Unsettled(TemporaryFailure):
    """What the library has stored of a collection does not add up: nothing can be built on it."""


class NoKey(TemporaryFailure):
    """The phone has not shared the key of its app state with this device yet."""


@dataclass(frozen=True, slots=True)
class _Collection:
    version: int
    summary: bytes
    value_macs: Mapping[bytes, bytes]

    def adds_up(self) -> bool:
        """The library stores a version before the values of it, so that both are not there at every moment. A patch
        that is built on half of it would be refused by every device of the account, for good."""
        total = EMPTY
        for mac in self.value_macs.values():
            total = mix(total, mac, 1)
        return total == self.summary


class AppState:
    """`device` is the exact address of our device; `ask` puts a question to WhatsApp, `notify` tells the library."""

    def __init__(self, pool: Pool, device: str, ask: Ask, notify: Notify, clock: Clock) -> None:
        self._pool = pool
        self._device = device
        self._ask = ask
        self._notify = notify
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def set(self, name: str, changes: Sequence[Change]) -> None:
        """Raises DeliveryError. One index must not occur twice. What is taken back and not there needs no patch."""
        async with self._one_at_a_time:
            keys = await self._keys()
            for _ in range(TRIES):
                base = await self._settled(name)
                sealed = self._sealed(keys, base, changes)
                if not sealed:
                    return
                head: Attributes = {"name": name, "version": base.version, "return_snapshot": "false"}
                patch = self._build(keys, name, base, sealed)
                collection = Node("collection", head, [Node("patch", {}, patch)])
                question = Node(
                    "iq", {"to": SERVER, "type": "set", "xmlns": "w:sync:app:state"}, [Node("sync", {}, [collection])]
                )
                answer = (await self._ask(question)).find("sync", "collection")
                is_taken = answer is None or answer.get("type") != "error"
                self._fetch(name, base.version + 1)
                await self._followed(name, base.version)
                if is_taken:
                    return
            raise TemporaryFailure("other devices of the account kept changing the same things")

    async def _keys(self) -> StateKeys:
        row = await self._pool.fetchrow(FIND_KEY, self._device)
        if row is None:
            raise NoKey
        return StateKeys(row["key_id"], row["key_data"])

    async def _settled(self, name: str) -> _Collection:
        """A collection as the library has stored it. Raises Unsettled."""
        deadline = self._clock.elapsed() + FOLLOW_PATIENCE
        while True:
            collection = await self._read(name)
            if await asyncio.to_thread(collection.adds_up):
                return collection
            if self._clock.elapsed() >= deadline:
                raise Unsettled
            await asyncio.sleep(LOOK_AGAIN)

    async def _read(self, name: str) -> _Collection:
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            row = await connection.fetchrow(FIND_VERSION, self._device, name)
            macs = await connection.fetch(LIST_VALUE_MACS, self._device, name)
        version, summary = (row["version"], row["hash"]) if row else (0, EMPTY)
        return _Collection(version, summary, {each["index_mac"]: each["value_mac"] for each in macs})

    def _sealed(self, keys: StateKeys, base: _Collection, changes: Sequence[Change]) -> list[Sealed]:
        now = int(self._clock.now().timestamp() * 1000)
        sealed = [keys.seal(change, now) for change in changes]
        return [each for each in sealed if each.operation != REMOVE or each.index_mac in base.value_macs]

    @staticmethod
    def _build(keys: StateKeys, name: str, base: _Collection, sealed: Sequence[Sealed]) -> bytes:
        summary = base.summary
        for each in sealed:
            if (replaced := base.value_macs.get(each.index_mac)) is not None:
                summary = mix(summary, replaced, -1)
            if each.operation == SET:
                summary = mix(summary, each.value_mac, 1)
        return keys.patch(name, base.version + 1, summary, sealed)

    def _fetch(self, name: str, version: int) -> None:
        """The library does not know of what went past it: WhatsApp's usual word makes it look."""
        news = [Node("collection", {"name": name, "version": version})]
        head: Attributes = {"from": SERVER, "type": "server_sync", "t": int(self._clock.now().timestamp())}
        self._notify(Node("notification", head, news))

    async def _followed(self, name: str, base: int) -> None:
        """Wait until the library is past a version, or the next change would be built on what is old."""
        deadline = self._clock.elapsed() + FOLLOW_PATIENCE
        while self._clock.elapsed() < deadline:
            row = await self._pool.fetchrow(FIND_VERSION, self._device, name)
            if row is not None and row["version"] > base:
                return
            await asyncio.sleep(LOOK_AGAIN)
