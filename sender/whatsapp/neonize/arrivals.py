"""Messages that wait in the relay of a host: kept with their keys, then let through, or opened from there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from common import logs
from common.postgres import OUTAGES
from sender.host.frames import Frame
from sender.whatsapp.engine_events import EventCode
from sender.whatsapp.neonize.hearing import Seat
from sender.whatsapp.neonize.recovered import addresses_of, event_of, name_of
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.relay.arrival import ArrivalName, Source, named, source_of
from sender.whatsapp.relay.record import Record
from sender.whatsapp.relay.recovery import DeviceKeys, Lost, recover
from sender.whatsapp.relay.snapshots import READ_DEVICE_KEYS, read_keys
from sender.whatsapp.session import Account, Arrival, Arrived, Event, KeptArrivals, Listener, Raw, Unopened
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.node import Node

log = logs.get(__name__)

AGAIN = 0.25  # seconds between two tries while Postgres is away

Tell = Callable[[Event], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    seat: Seat
    number: int
    stanza: bytes


class Arrivals:
    """Of one session. `run` keeps what waits; `recover`, before the session opens, tells what was kept and not told.

    Once `names_events`, each message that the library tells goes with its name, so that it is told once.
    """

    def __init__(
        self, account: Account, listener: Listener, store: Store, kept: KeptArrivals, *, names_events: bool
    ) -> None:
        self._account = account
        self._listener = listener
        self._store = store
        self._kept = kept
        self._names_events = names_events
        self._own: frozenset[str] | None = None
        self._waiting: list[_Waiting] = []
        self._came = asyncio.Event()
        self._carriers: dict[ArrivalName, Record] = {}

    async def listener(self, event: Event) -> None:
        """Between the session and its listener."""
        if self._names_events and isinstance(event, Raw) and event.code == EventCode.MESSAGE:
            name = name_of(event.body)
            event = replace(event, arrival=name)
            await self._listener(event)
            if name is not None:
                self._carriers.pop(name, None)
            return
        await self._listener(event)

    def arrived(self, seat: Seat, frame: Frame) -> None:
        self._waiting.append(_Waiting(seat, frame.fields["number"], frame.body))
        self._came.set()

    async def run(self) -> None:
        """Keep what waits, all of it at once, until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, []
            await self._keep(waiting)
            last = waiting[-1]
            last.seat.host.tell(Frame("kept", fields={"session": last.seat.name, "number": last.number}))

    async def recover(self, tell: Tell) -> None:
        """Raises OUTAGES. What cannot be opened is dropped: WhatsApp's own way of sending it again is left."""
        self._carriers.clear()
        left = await self._kept(self._account.instance)
        if not left:
            return
        self._names_events = True
        row = await self._store.pool.fetchrow(READ_DEVICE_KEYS, self._account.device)
        if row is None:
            return
        keys = DeviceKeys(KeyPair(row["identity_key"]), KeyPair(row["signed_pre_key"]))
        own = addresses_of(self._account.device, row["lid"])
        told = 0
        for arrival in left:
            body = await asyncio.to_thread(_opened, keys, own, arrival.records)
            if body is None:
                await self._listener(Unopened(arrival.name))
            elif await tell(Raw(EventCode.MESSAGE, body, datetime.now(UTC))):
                told += 1
        log.info("messages told from their records", instance=self._account.instance, told=told, kept=len(left))

    async def _keep(self, waiting: Sequence[_Waiting]) -> None:
        while True:
            try:
                if arrivals := await self._recorded(waiting):
                    await self._listener(Arrived(tuple(arrivals)))
                return
            except OUTAGES as error:
                log.warning("messages wait for Postgres", error=type(error).__name__, count=len(waiting))
            except Exception:
                # Not let through, so not acknowledged: better late than lost.
                log.exception("messages could not be kept", instance=self._account.instance)
            await asyncio.sleep(AGAIN)

    async def _recorded(self, waiting: Sequence[_Waiting]) -> list[Arrival]:
        own = await self._own_users()
        read: list[tuple[ArrivalName, bytes, Node, Source]] = []
        for each in waiting:
            try:
                node = decode(each.stanza)
                source = source_of(node, own)
                name = named(node, source)
            except WireError:
                continue  # the library will refuse it too
            read.append((name, each.stanza, node, source))
        # First this, then the keys: a carrier that is told meanwhile has left its key in the store by then.
        carriers = dict(self._carriers)
        found = await read_keys(self._store.pool, self._account.device, [(node, source) for _, _, node, source in read])
        arrivals = []
        for (name, stanza, node, _), keys in zip(read, found, strict=True):
            carrier = _carrier_for(name, carriers) if _is_for_group(node) else None
            record = Record(stanza, keys.prekey, tuple(keys.sessions), tuple(keys.sender_keys), carrier)
            if _may_carry(node):
                self._carriers[name] = carriers[name] = replace(record, carrier=None)
            arrivals.append(Arrival(name, record.encode()))
        return arrivals

    async def _own_users(self) -> frozenset[str]:
        if self._own is None:
            device = await self._store.find(self._account.device)
            own = addresses_of(self._account.device, device.lid if device else None)
            if device is None or device.lid is None:
                return own  # it may become known
            self._own = own
        return self._own


def _opened(keys: DeviceKeys, own: frozenset[str], records: Sequence[bytes]) -> bytes | None:
    """The newest record that opens; None where none does or nothing was written."""
    for each in reversed(records):
        try:
            recovered = recover(keys, Record.decode(each))
            if (body := event_of(recovered, source_of(recovered.stanza, own))) is not None:
                return body
        except Lost as problem:
            log.warning("a recorded message does not open", reason=str(problem))
        except Exception as problem:
            log.error("a recorded message cannot be read", reason=type(problem).__name__)
    return None


def _is_for_group(message: Node) -> bool:
    return any(each.tag == "enc" and each.get("type") == "skmsg" for each in message.children)


def _may_carry(message: Node) -> bool:
    """A sender's first message to a group comes with its key, sealed for each device."""
    return _is_for_group(message) and any(each.get("type") in ("msg", "pkmsg") for each in message.children)


def _carrier_for(name: ArrivalName, carriers: dict[ArrivalName, Record]) -> Record | None:
    of_sender = [record for each, record in carriers.items() if (each.chat, each.sender) == (name.chat, name.sender)]
    return of_sender[-1] if of_sender else None
