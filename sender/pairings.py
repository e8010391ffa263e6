"""Pairings: link instances to phones by codes, one pairing at a time for each instance."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from uuid import UUID

from common import logs
from common.clock import Clock
from common.tables.session import SessionOwner
from sender.whatsapp.session import Engine, Paired, PairingCode, PairingFailed, QrCode

log = logs.get(__name__)

OnLinked = Callable[[SessionOwner, Paired], Awaitable[None]]
OnFailed = Callable[[SessionOwner, str], Awaitable[None]]


class NoCode(Exception):
    """WhatsApp gave no code. The argument is the reason of `PairingFailed`."""

    @property
    def reason(self) -> str:
        return str(self.args[0])


@dataclass(slots=True)
class _Pairing:
    owner: SessionOwner
    task: asyncio.Task[None] | None = None
    code: QrCode | None = None
    phone: str = ""
    phone_code: PairingCode | None = None
    failure: str | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pairings:
    """`run` must be running: it owns them. `on_linked` makes a new link safe, `on_failed` is told why there is none."""

    def __init__(self, engine: Engine, on_linked: OnLinked, on_failed: OnFailed, clock: Clock) -> None:
        self._engine = engine
        self._on_linked = on_linked
        self._on_failed = on_failed
        self._clock = clock
        self._under_way: dict[UUID, _Pairing] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the pairings until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    def start(self, owner: SessionOwner) -> None:
        """Begin unless one is under way."""
        self._pairing_of(owner)

    async def qr_code(self, owner: SessionOwner) -> QrCode | None:
        """The code of the moment, of the pairing under way or of a new one. None: it was linked meanwhile.

        Raises NoCode.
        """
        return await self._code(self._pairing_of(owner))

    async def phone_code(self, owner: SessionOwner, phone: str) -> PairingCode | None:
        """A code to type on that phone. Asking again gives the same one while it is valid. None and NoCode as above;
        raises DeliveryError when WhatsApp gives no code for this phone."""
        pairing = self._pairing_of(owner)
        if await self._code(pairing) is None:
            return None
        async with pairing.asking:
            code = pairing.phone_code
            if code is None or pairing.phone != phone or code.expires_at <= self._clock.now():
                code = pairing.phone_code = await self._engine.pairing_code(owner.id.hex, phone)
                pairing.phone = phone
            return code

    def shards(self) -> set[int]:
        """Where one is under way."""
        return {pairing.owner.shard for pairing in self._under_way.values()}

    def end(self, shards: Collection[int]) -> None:
        """Break off the pairings of these shards."""
        for pairing in self._under_way.values():
            if pairing.owner.shard in shards and pairing.task is not None:
                pairing.task.cancel()

    def _pairing_of(self, owner: SessionOwner) -> _Pairing:
        pairing = self._under_way.get(owner.id)
        if pairing is None:
            if self._tasks is None:
                raise RuntimeError("pairings are not running")
            pairing = self._under_way[owner.id] = _Pairing(owner)
            pairing.task = self._tasks.create_task(self._pair(pairing), name=f"pairing of {owner.id}")
        return pairing

    async def _code(self, pairing: _Pairing) -> QrCode | None:
        while self._under_way.get(pairing.owner.id) is pairing:
            if pairing.code is not None and pairing.code.expires_at > self._clock.now():
                return pairing.code
            pairing.news.clear()
            await pairing.news.wait()
        if pairing.failure is not None:
            raise NoCode(pairing.failure)
        return None

    async def _pair(self, pairing: _Pairing) -> None:
        owner = pairing.owner
        pairing.failure = "engine"  # until something better is known
        try:
            async for step in self._engine.pair(owner.id.hex, owner.session_name):
                match step:
                    case QrCode():
                        pairing.code = step
                        pairing.news.set()
                    case Paired():
                        await self._on_linked(owner, step)
                        pairing.failure = None
                    case PairingFailed(reason):
                        log.warning("pairing failed", instance=owner.id, reason=reason)
                        pairing.failure = reason
                        await self._on_failed(owner, reason)
        except Exception:
            log.exception("pairing ended by an error", instance=owner.id)
        finally:
            del self._under_way[owner.id]
            pairing.news.set()
