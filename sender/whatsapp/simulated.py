"""A simulated WhatsApp: in memory, seeded, and it writes down what it was handed, so that tests assert on what left."""

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Literal, Self

from common import logs
from common.addresses import Jid, parse_phone, without_device
from common.errors import (
    DeliveryError,
    LostOwnership,
    MediaNotUsable,
    NotConnected,
    NotOnWhatsApp,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
)
from sender.whatsapp.powers.groups import Groups
from sender.whatsapp.powers.inquiries import HasInquiries, Inquiries
from sender.whatsapp.powers.newsletters import Newsletters
from sender.whatsapp.powers.people import People, Privacy
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import (
    Accepted,
    Account,
    Banned,
    Connected,
    Disconnected,
    Event,
    Listener,
    LoggedOut,
    MediaKind,
    OnWire,
    Outdated,
    Paired,
    PairingCode,
    PairingFailed,
    QrCode,
    Receipts,
    ReceivedFile,
    Replaced,
    Secret,
    UploadedFile,
)
from sender.whatsapp.simulation.account import SimulatedAccount
from sender.whatsapp.simulation.behaviour import Behaviour
from sender.whatsapp.simulation.journal import Handed, Journal
from sender.whatsapp.simulation.state import SharedState, SharingSession

__all__ = ["Behaviour", "Handed", "Journal", "RelayedSimulatedSession", "SimulatedEngine", "SimulatedSession"]

log = logs.get(__name__)

CLOSE_PATIENCE = 2.0  # seconds that a closing session gives to what it has still to tell


class SimulatedSession:
    """Obeys the port. Failures come from the engine's seed; `cut`, `drop`, `restore`, `tell` stand for the network."""

    def __init__(self, account: Account, listener: Listener, engine: "SimulatedEngine") -> None:
        self._account = account
        self._listener = listener
        self._engine = engine
        self._connected = False
        self._closed = False
        self._events: asyncio.Queue[tuple[Event, asyncio.Future[None]] | None] = asyncio.Queue()
        self._telling = engine.later(self._tell_in_order())
        self.has = engine.account_of(account.device)
        self.people: People = self.has.people
        self.groups: Groups = self.has.groups
        self.newsletters: Newsletters = self.has.newsletters
        self.privacy: Privacy = self.has.privacy
        self.typing: list[Jid] = []
        self.recording: list[Jid] = []
        self.read: list[tuple[Jid, Jid | None, str]] = []
        self.rejected: list[tuple[Jid, str]] = []
        self.on_logout: LoggedOut | None = None  # what the session tells of its own logout, if anything
        self.deleted: list[tuple[Jid, str]] = []
        self.looked_up: list[str] = []
        self.secrets: dict[str, Secret] = {}  # a test adds those of received messages

    @property
    def is_connected(self) -> bool:
        return self._connected

    @property
    def uses_given_id(self) -> bool:
        return True

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        if not self._connected:
            raise NotConnected
        behaviour = self._engine.behaviour
        await self._fail(to, behaviour)
        if behaviour.latency:
            await asyncio.sleep(behaviour.latency.total_seconds())
        if behaviour.before is not None:
            await behaviour.before(to, id)
        await on_wire(id)
        if not self._connected:
            raise NotConnected
        text = message.conversation or message.extendedTextMessage.text
        kept = message if self._engine.journal.keeps_messages else None
        self._engine.journal.record(Handed(self._account.instance, to, id, text, time.time(), kept))
        if key := message.messageContextInfo.messageSecret:
            self.secrets[id] = Secret(without_device(Jid(self._account.device)), key)
        if behaviour.after is not None:
            await behaviour.after(to, id)
        if self._engine.chance.random() < behaviour.failures / 3:
            raise OutcomeUnknown("the simulated network lost the answer")
        now = datetime.now(UTC)
        if behaviour.receipts:
            self.tell(Receipts((id,), to, to, "delivered", now))
        return Accepted(id, now)

    async def _fail(self, to: Jid, behaviour: Behaviour) -> None:
        if waiting := behaviour.errors.get(to):
            raise waiting.pop(0)()
        if kind := behaviour.always.get(to):
            raise kind()
        if self._engine.chance.random() < behaviour.failures * 2 / 3:
            raise self._engine.chance.choice((TemporaryFailure, TemporaryFailure, NotOnWhatsApp, Refused))()

    async def show_typing(self, to: Jid, *, recording: bool = False) -> None:
        if not self._connected:
            raise NotConnected
        (self.recording if recording else self.typing).append(to)

    async def stop_typing(self, to: Jid) -> None:
        if not self._connected:
            raise NotConnected

    async def look_up_number(self, phone: str) -> Jid | None:
        if not self._connected:
            raise NotConnected
        self.looked_up.append(phone)
        return self._engine.behaviour.accounts.get(phone, parse_phone(phone))

    async def mark_read(self, chat: Jid, sender: Jid | None, ids: Sequence[str]) -> None:
        if not self._connected:
            raise NotConnected
        self.read += [(chat, sender, each) for each in ids]

    async def reject_call(self, caller: Jid, call: str) -> None:
        if not self._connected:
            raise NotConnected
        self.rejected.append((caller, call))

    async def delete_for_me(self, chat: Jid, whatsapp_id: str) -> None:
        if not self._connected:
            raise NotConnected
        self.deleted.append((chat, whatsapp_id))

    @property
    def device(self) -> str:
        return self._account.device

    async def message_secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        return self.secrets.get(whatsapp_id)

    async def make_call_link(self, kind: Literal["voice", "video"], at: datetime) -> str:
        code = "".join(self._engine.chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=22))
        return f"https://call.whatsapp.com/{kind}/{code}"

    async def logout(self) -> None:
        if not self._connected:
            raise NotConnected
        if self.on_logout is not None:
            await self.end(self.on_logout)
        await self.close()

    async def upload(self, path: Path, kind: MediaKind) -> UploadedFile:
        """The hashes are true; the encrypted file is never made."""
        if not self._connected:
            raise NotConnected
        sha256, length = await asyncio.to_thread(_hash, path)
        key = self._engine.chance.randbytes(32)
        name = sha256.hex()[:24]
        self._engine.uploads.append(kind)
        return UploadedFile(
            url=f"https://simulated.invalid/{kind.value}/{name}",
            direct_path=f"/{kind.value}/{name}",
            media_key=key,
            sha256=sha256,
            encrypted_sha256=hashlib.sha256(key + sha256).digest(),
            length=length,
        )

    async def download(self, file: ReceivedFile, target: Path, largest: int) -> None:
        """Files are those that a test put into `engine.files`, by their path."""
        if not self._connected:
            raise NotConnected
        if errors := self._engine.download_errors.get(file.direct_path):
            raise errors.pop(0)
        content = self._engine.files.get(file.direct_path)
        if content is None:
            raise MediaNotUsable("the simulated servers do not have the file")
        if len(content) > largest:
            raise MediaNotUsable("the file is larger than allowed")
        await asyncio.to_thread(target.write_bytes, content)

    async def close(self) -> None:
        self._set_connected(False)
        if not self._closed:
            self._closed = True
            self._events.put_nowait(None)
        if asyncio.current_task() is not self._telling:
            _, late = await asyncio.wait((self._telling,), timeout=CLOSE_PATIENCE)
            for task in late:
                task.cancel()

    def tell(self, event: Event) -> asyncio.Future[None]:
        """WhatsApp tells this session something. The future is done once the listener is."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed:
            done.set_result(None)
        else:
            self._events.put_nowait((event, done))
        return done

    async def end(self, event: LoggedOut | Replaced | Banned | Outdated) -> None:
        """The session ends in a way that no reconnect cures."""
        await self.close()
        await self._listener(event)

    def cut(self) -> None:
        """The connection is gone, and nobody has noticed yet."""
        self._set_connected(False)

    async def drop(self) -> None:
        """The connection breaks."""
        self.cut()
        await self.tell(Disconnected("simulated"))

    def _set_connected(self, is_connected: bool) -> None:
        if is_connected != self._connected:
            self._connected = self.has.line.is_connected = is_connected
            self._engine.journal.connection(self._account.instance, is_connected)

    async def restore(self) -> None:
        """The connection is back (or there for the first time)."""
        if self._closed:
            return
        self._set_connected(True)
        await self.tell(Connected(phone=self._account.device.partition(":")[0], name="Simulated"))

    async def _tell_in_order(self) -> None:
        while (item := await self._events.get()) is not None:
            event, done = item
            try:
                await self._listener(event)
            except LostOwnership:
                log.info("event left to the next owner", instance=self._account.instance)
            except Exception:
                log.exception("an event could not be stored", instance=self._account.instance)
            if not done.done():
                done.set_result(None)


class RelayedSimulatedSession(SimulatedSession, SharingSession, HasInquiries):
    """What a session can do more when it goes through the relay, so that both modes can be told apart without one."""

    def __init__(self, account: Account, listener: Listener, engine: "SimulatedEngine") -> None:
        super().__init__(account, listener, engine)
        self.shared = SharedState()

    @property
    def inquiries(self) -> Inquiries:
        return self.has.inquiries


class SimulatedEngine:
    """`connects` says whether a session connects by itself when it is opened; `links` whether pairing succeeds."""

    def __init__(
        self, behaviour: Behaviour, journal: Journal, *, seed: int = 0, connects: bool = True, links: bool = True
    ) -> None:
        self.behaviour = behaviour
        self.journal = journal
        self.chance = Random(seed)
        self.sessions: dict[str, SimulatedSession] = {}
        self._accounts: dict[Jid, SimulatedAccount] = {}
        self.numbers: dict[Jid, str] = {}  # a test adds those behind LIDs
        self.names: dict[Jid, str] = {}  # of devices; a test changes them
        self.uploads: deque[MediaKind] = deque(maxlen=100)
        self.files: dict[str, bytes] = {}
        self.download_errors: dict[str, list[DeliveryError]] = {}
        self._connects = connects
        self._links = links
        self._tasks: asyncio.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self.sessions.values():
            await session.close()
        if self._tasks is not None:
            await self._tasks.__aexit__(kind, error, trace)

    async def numbers_of(self, lids: Collection[Jid]) -> Mapping[Jid, str]:
        return {lid: self.numbers[lid] for lid in lids if lid in self.numbers}

    async def names_of(self, devices: Collection[Jid]) -> Mapping[Jid, str]:
        return {device: self.names[device] for device in devices if device in self.names}

    async def kept_secret(self, device: Jid, chat: Jid, whatsapp_id: str) -> Secret | None:
        return next(
            (
                found
                for each in self.sessions.values()
                if each.device == device and (found := each.secrets.get(whatsapp_id))
            ),
            None,
        )

    def account_of(self, device: str) -> SimulatedAccount:
        own = without_device(Jid(device))
        return self._accounts.setdefault(own, SimulatedAccount(own, self.behaviour.accounts))

    async def open(self, account: Account, listener: Listener) -> SimulatedSession:
        if (older := self.sessions.get(account.instance)) is not None:
            await older.close()
        kind = RelayedSimulatedSession if account.wire == "relay" else SimulatedSession
        session = kind(account, listener, self)
        self.sessions[account.instance] = session
        if self._connects:
            self.later(session.restore())
        return session

    async def pair(self, instance: str, device_name: str) -> AsyncIterator[QrCode | Paired | PairingFailed]:
        """A code, and, where the engine links, an account whose number is made from the instance's id."""
        yield QrCode(f"2@simulated,{instance}", datetime.now(UTC) + self.behaviour.code_life)
        if not self._links:
            await asyncio.sleep(self.behaviour.code_life.total_seconds())
            yield PairingFailed("timeout")
            return
        phone = f"55119{int(instance[:10], 16) % 100_000_000:08d}"
        yield Paired(device=f"{phone}:1@s.whatsapp.net", phone=phone, lid=None, platform="simulated")

    async def pairing_code(self, instance: str, phone: str) -> PairingCode:
        if self._links:
            raise NotConnected  # the pairing was over before anybody could type
        return PairingCode("ABCD-EFGH", datetime.now(UTC) + self.behaviour.code_life)

    def later(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run beside the caller, ended with the engine."""
        assert self._tasks is not None, "the engine is not entered"
        return self._tasks.create_task(_run(work))


def _hash(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest(), file.tell()


async def _run(work: Awaitable[None]) -> None:
    await work
