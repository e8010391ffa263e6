"""An engine and the WhatsApp behind it, under one set of hands: what the conformance suite needs of either."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from common.addresses import Jid, parse_phone, user_of
from common.capabilities import Wire
from common.errors import DeliveryError, NewChatLimit, OutcomeUnknown, Refused, TemporaryFailure
from common.identifiers import new_message_id
from sender.host.options import HostOptions
from sender.whatsapp.engine_events import e2e
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.session import (
    Account,
    Banned,
    Engine,
    Event,
    LoggedOut,
    Outdated,
    Paired,
    QrCode,
    Raw,
    Receipts,
    Replaced,
)
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine
from tests.sender.translation.told import call_offer, message, source
from tests.sender.whatsapp.emulator.program import EmulatorProgram

_numbers = itertools.count(1)

INSTANCE = "0123456789abcdef0123456789abcdef"
"""The instance whose account it is, where a test needs only one."""


class World(Protocol):
    engine: Engine
    contacts: tuple[Jid, Jid]

    async def link(self, instance: str) -> Account:
        """A new device of a new account, through the engine's own pairing."""
        ...

    async def received(self, contact: Jid, count: int) -> list[tuple[str, str]]:
        """Id and text of what a contact received, in order, waiting for so many."""
        ...

    async def read(self, account: Account, contact: Jid, whatsapp_id: str) -> None: ...

    async def write(self, account: Account, contact: Jid, text: str) -> str:
        """A contact writes to the account; the message's id."""
        ...

    async def call(self, account: Account, contact: Jid) -> str:
        """A contact calls the account; the call's id."""
        ...

    async def was_rejected(self, account: Account, contact: Jid, call: str) -> bool: ...

    async def saw_typing(self, account: Account, contact: Jid) -> bool: ...

    async def was_read(self, account: Account, contact: Jid, whatsapp_id: str) -> bool:
        """Whether the contact was told that the account has read its message."""
        ...

    async def cut(self, account: Account) -> None:
        """The connection breaks; the network is there."""
        ...

    async def end(self, account: Account, kind: type[Event]) -> None: ...

    async def fail(self, contact: Jid, kind: type[DeliveryError]) -> None:
        """The next message to this contact fails like that."""
        ...


class SimulatedWorld:
    contacts = (parse_phone("5511988880001"), parse_phone("5511988880002"))

    def __init__(self) -> None:
        self._journal = Journal()
        self._behaviour = Behaviour()
        self.engine = SimulatedEngine(self._behaviour, self._journal)

    async def link(self, instance: str) -> Account:
        steps = [step async for step in self.engine.pair(instance, "Pombo")]
        assert isinstance(steps[-1], Paired)
        return Account(instance, steps[-1].device)

    async def received(self, contact: Jid, count: int) -> list[tuple[str, str]]:
        await self._journal.reached(count)
        return [(one.whatsapp_id, one.text) for one in self._journal.handed if one.chat == contact]

    async def read(self, account: Account, contact: Jid, whatsapp_id: str) -> None:
        session = self.engine.sessions[account.instance]
        await session._listener(Receipts((whatsapp_id,), contact, contact, "read", datetime.now(UTC)))

    async def write(self, account: Account, contact: Jid, text: str) -> str:
        whatsapp_id = new_message_id()
        row = message(e2e.Message(conversation=text), source(chat=contact, sender=contact, other=None), id=whatsapp_id)
        await self.engine.sessions[account.instance].tell(Raw(row.code, row.body, datetime.now(UTC)))
        return whatsapp_id

    async def call(self, account: Account, contact: Jid) -> str:
        call = new_message_id()
        row = call_offer(contact, call)
        await self.engine.sessions[account.instance].tell(Raw(row.code, row.body, datetime.now(UTC)))
        return call

    async def was_rejected(self, account: Account, contact: Jid, call: str) -> bool:
        return (contact, call) in self.engine.sessions[account.instance].rejected

    async def saw_typing(self, account: Account, contact: Jid) -> bool:
        return contact in self.engine.sessions[account.instance].typing

    async def was_read(self, account: Account, contact: Jid, whatsapp_id: str) -> bool:
        return (contact, None, whatsapp_id) in self.engine.sessions[account.instance].read

    async def cut(self, account: Account) -> None:
        session = self.engine.sessions[account.instance]
        await session.drop()
        await session.restore()

    async def end(self, account: Account, kind: type[Event]) -> None:
        event = {
            LoggedOut: LoggedOut("simulated"),
            Replaced: Replaced(),
            Banned: Banned("simulated", None),
            Outdated: Outdated(),
        }[kind]
        await self.engine.sessions[account.instance].end(event)

    async def fail(self, contact: Jid, kind: type[DeliveryError]) -> None:
        self._behaviour.errors[contact] = [kind]


class NeonizeWorld:
    """Real sessions and the emulator."""

    def __init__(self, engine: NeonizeEngine, emulator: EmulatorProgram, contacts: tuple[Jid, Jid], wire: Wire) -> None:
        self.engine = engine
        self._wire = wire
        self.contacts = contacts
        self.emulator = emulator

    async def link(self, instance: str) -> Account:
        phone = new_phone()
        await self.emulator.post("accounts", phone=phone, name="Ana", script="silent")
        async for step in self.engine.pair(instance, "Pombo"):
            if isinstance(step, QrCode):
                await self.emulator.post("scan", phone=phone, qr=step.text)
            else:
                assert isinstance(step, Paired), step
                return Account(instance, step.device, self._wire)
        raise AssertionError("the pairing ended without a word")

    async def received(self, contact: Jid, count: int) -> list[tuple[str, str]]:
        return [(one["id"], one["text"]) for one in await self.emulator.messages(user_of(contact), count)]

    async def read(self, account: Account, contact: Jid, whatsapp_id: str) -> None:
        await self.emulator.post(f"contacts/{user_of(contact)}/mark", id=whatsapp_id, kind="read")

    async def write(self, account: Account, contact: Jid, text: str) -> str:
        to = user_of(Jid(account.device))
        answer = await self.emulator.post(f"contacts/{user_of(contact)}/send", to=to, text=text)
        whatsapp_id: str = answer["id"]
        return whatsapp_id

    async def call(self, account: Account, contact: Jid) -> str:
        answer = await self.emulator.post(f"contacts/{user_of(contact)}/call", to=user_of(Jid(account.device)))
        call: str = answer["id"]
        return call

    async def was_rejected(self, account: Account, contact: Jid, call: str) -> bool:
        return any(seen["id"] == call for seen in await self.emulator.sightings(user_of(contact), "call", "reject"))

    async def saw_typing(self, account: Account, contact: Jid) -> bool:
        (seen, *_) = await self.emulator.sightings(user_of(contact), "typing", "typing")
        return bool(seen["sender"] == user_of(Jid(account.device)))

    async def was_read(self, account: Account, contact: Jid, whatsapp_id: str) -> bool:
        seen = await self.emulator.sightings(user_of(contact), "receipt", "read")
        return any(whatsapp_id in each["ids"] for each in seen)

    async def cut(self, account: Account) -> None:
        await self._end(account, "cut")

    async def end(self, account: Account, kind: type[Event]) -> None:
        if kind in (Banned, Outdated):
            fault = "ban" if kind is Banned else "outdated"
            await self.emulator.post("faults", kind=fault, phone=user_of(Jid(account.device)))
        await self._end(account, {LoggedOut: "unlink", Replaced: "replace"}.get(kind, "cut"))

    async def fail(self, contact: Jid, kind: type[DeliveryError]) -> None:
        codes = {NewChatLimit: 463, Refused: 479, TemporaryFailure: 503}
        if kind is OutcomeUnknown:
            await self.emulator.post("faults", kind="drop-ack", to=user_of(contact))
        else:
            await self.emulator.post("faults", kind="refuse-message", to=user_of(contact), code=codes[kind])

    async def _end(self, account: Account, how: str) -> None:
        await self.emulator.post(f"accounts/{user_of(Jid(account.device))}/end", how=how)


@asynccontextmanager
async def simulated_world() -> AsyncIterator[World]:
    world = SimulatedWorld()
    async with world.engine:
        yield world


@asynccontextmanager
async def neonize_world(
    engine: NeonizeEngine, emulator: EmulatorProgram, wire: Wire = "direct"
) -> AsyncIterator[NeonizeWorld]:
    contacts = (parse_phone(new_phone()), parse_phone(new_phone()))
    for contact in contacts:
        await emulator.post("accounts", phone=user_of(contact), name="Contact", script="silent")
    yield NeonizeWorld(engine, emulator, contacts, wire)


async def emulated(emulator: EmulatorProgram, sessions: int = 50) -> HostOptions:
    told = await emulator.get("environment")
    return HostOptions(sessions=sessions, proxy=told["proxy"], ca_file=told["ca_file"], noise_root=told["noise_root"])


def new_phone() -> str:
    return f"55119{next(_numbers):08d}"
