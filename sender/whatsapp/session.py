"""The engine port: what the rest of the sender may ask of WhatsApp, in our words and without the library's types.

A seam inside this program, not a public interface: it may change with its callers. `simulated.py` and `neonize/`
implement it and pass one conformance suite.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

from common.addresses import Jid
from common.capabilities import Wire
from sender.whatsapp.protobuf import Message
from sender.whatsapp.relay.arrival import ArrivalName


@dataclass(frozen=True, slots=True)
class Account:
    """Which linked device to open. `device` is the exact device address that pairing reported."""

    instance: str
    device: str
    wire: Wire = "direct"
    proxy: str = ""
    """URL of the way to WhatsApp for this session; empty: that of all sessions."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """WhatsApp's server acknowledged the message under this id."""

    whatsapp_id: str
    at: datetime


# --- events: what a session tells; delivered one by one, in order, to the listener ---


@dataclass(frozen=True, slots=True)
class Connected:
    phone: str
    lid: str | None = None
    name: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The socket is gone; the session goes on trying by itself unless `final`."""

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The account removed this device: only a new pairing brings it back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The same device connected elsewhere."""


@dataclass(frozen=True, slots=True)
class Banned:
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Outdated:
    """WhatsApp refuses this version of the library."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """`kind` is delivered, read or played; `ids` are WhatsApp ids."""

    ids: tuple[str, ...]
    chat: Jid
    sender: Jid
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """WhatsApp's word that it took a message, after whoever sent it had given up waiting."""

    whatsapp_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Raw:
    """Anything else, as the engine's own bytes; `code` names the engine's event type. Stored first, read later."""

    code: int
    body: bytes
    at: datetime
    arrival: ArrivalName | None = None
    """The name of a message that may have been told before; the listener sees to it that it is told once."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that the engine has not seen yet. `record` opens it: it is to be kept sealed."""

    name: ArrivalName
    record: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages that are to be kept before the engine sees them, until they are told under their names."""

    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Unopened:
    """A message that was kept in vain: its record opens nothing."""

    name: ArrivalName


@dataclass(frozen=True, slots=True)
class KeptArrival:
    """A message that was kept and not told; it came as often as it has records."""

    name: ArrivalName
    records: Sequence[bytes]


KeptArrivals = Callable[[str], Awaitable[Sequence[KeptArrival]]]
"""What was kept of an instance and not told, the oldest first."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A message that was sent, made anew; `may_leave` says whether it is still ours to send."""

    chat: Jid
    message: Message
    may_leave: Callable[[], bool]


Event = (
    Connected | Disconnected | LoggedOut | Replaced | Banned | Outdated | Receipts | Taken | Raw | Arrived | Unopened
)

Listener = Callable[[Event], Awaitable[None]]
"""Returns when the event is safe. The engine waits for it before it takes the session's next event (back-pressure)."""

OnWire = Callable[[str], Awaitable[None]]
"""Told the WhatsApp id at the latest moment before the bytes leave (or as soon as the engine can know it).

When it raises, the message must not leave: `send` raises the same."""


Recall = Callable[[str, str, "Session"], Awaitable[Recalled | None]]
"""Told an instance, the WhatsApp id of a message that somebody could not read, and the session. None: it cannot be had
again. Raises DeliveryError or an outage where it cannot be had now."""


class Session(Protocol):
    """One open linked device. Methods raise `DeliveryError`s of `common.errors`, never the engine's own."""

    @property
    def is_connected(self) -> bool: ...

    @property
    def uses_given_id(self) -> bool:
        """Whether `send` puts the message on the wire under the id it is given."""
        ...

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        """Put one message on the wire. `id` is the id that the API returned; an engine that can, uses it.

        Raises DeliveryError; its `certain` says whether the message surely did not leave. A caller may cancel the
        wait; the outcome of a cancelled send is unknown.
        """
        ...

    async def show_typing(self, to: Jid, *, recording: bool = False) -> None: ...

    async def stop_typing(self, to: Jid) -> None: ...

    async def logout(self) -> None:
        """Unlink this device from the account; nothing but a new pairing brings it back. Raises NotConnected."""
        ...

    async def close(self) -> None:
        """Disconnect, never log out. Idempotent."""
        ...


# --- optional powers: an engine has them or not; who needs one asks with `isinstance` and never pretends ---


@dataclass(frozen=True, slots=True)
class Profile:
    """`picture` is an address at WhatsApp's servers, good for a few days."""

    name: str | None
    about: str | None
    picture: str | None


@runtime_checkable
class Profiles(Protocol):
    """The account's own profile. Methods raise DeliveryError."""

    async def profile(self) -> Profile: ...

    async def change_name(self, name: str) -> None: ...

    async def change_about(self, about: str) -> None: ...

    async def change_picture(self, jpeg: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret that a message brought along (messageContextInfo.messageSecret), and who sent that message."""

    sender: Jid
    key: bytes


@runtime_checkable
class ReadMarks(Protocol):
    """neonize: MarkRead, with the sender in groups."""

    async def mark_read(self, chat: Jid, sender: Jid | None, ids: Sequence[str]) -> None:
        """Tell the senders. `sender` is None in a chat of two."""
        ...


@runtime_checkable
class Calls(Protocol):
    """neonize: RejectCall."""

    async def reject_call(self, caller: Jid, call: str) -> None:
        """End a call that rings here, by its id and the address that it came from. Raises DeliveryError."""
        ...


@runtime_checkable
class NumberLookup(Protocol):
    """neonize: IsOnWhatsApp."""

    async def look_up_number(self, phone: str) -> Jid | None:
        """The address under which WhatsApp knows the account of a number: its LID, or the number as WhatsApp spells it
        (think of the Brazilian ninth digit). None: there is no account. Raises DeliveryErrors."""
        ...


@runtime_checkable
class Secrets(Protocol):
    """neonize: the table whatsmeow_message_secrets of the session store, for messages sent and received alike."""

    async def message_secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        """A chat of two is found by its number and by its LID. None: no such message, or it brought none."""
        ...


@runtime_checkable
class KeptSecrets(Protocol):
    """A power of engines, not of sessions: what is told while nothing is connected has to be read as well."""

    async def kept_secret(self, device: Jid, chat: Jid, whatsapp_id: str) -> Secret | None:
        """As `Secrets.message_secret`, of the account that is linked as that device."""
        ...


@runtime_checkable
class KeptNumbers(Protocol):
    """A power of engines: which numbers are behind LIDs, as far as any account of the store has learned it."""

    async def numbers_of(self, lids: Collection[Jid]) -> Mapping[Jid, str]:
        """From LIDs without a device to numbers; what is not known is not in it."""
        ...


@runtime_checkable
class KeptNames(Protocol):
    """A power of engines: what accounts are called, also where that was changed elsewhere."""

    async def names_of(self, devices: Collection[Jid]) -> Mapping[Jid, str]:
        """Of the accounts that are linked as these devices; one whose name is not known is not in it."""
        ...


@runtime_checkable
class CallLinks(Protocol):
    """neonize: nothing. It takes a question to the server that the library does not know."""

    async def make_call_link(self, kind: Literal["voice", "video"], at: datetime) -> str:
        """A new call link for that time, as https://call.whatsapp.com/..."""
        ...


@runtime_checkable
class LocalDeletions(Protocol):
    """neonize: through the relay only. Removing a message for oneself is a change of app state, which the library's own
    calls do not carry."""

    async def delete_for_me(self, chat: Jid, whatsapp_id: str) -> None: ...


# --- pairing ---


@dataclass(frozen=True, slots=True)
class QrCode:
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PairingCode:
    """To be typed on the phone, as `ABCD-EFGH`."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Paired:
    device: str
    phone: str
    lid: str | None
    platform: str | None


@dataclass(frozen=True, slots=True)
class PairingFailed:
    """`reason` is one of: timeout, passkey-required, outdated, refused, engine."""

    reason: str


class Engine(Protocol):
    """Holds sessions. Used as an async context manager; leaving it closes every session and child process."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def open(self, account: Account, listener: Listener) -> Session:
        """Start a session; returns at once, `Connected` follows as an event. Raises NotPaired for an unknown device."""
        ...

    def pair(self, instance: str, device_name: str) -> AsyncIterator[QrCode | Paired | PairingFailed]:
        """Link a new device: codes as they come, then Paired or PairingFailed. Closing the iterator cancels."""
        ...

    async def pairing_code(self, instance: str, phone: str) -> PairingCode:
        """A code to type on that phone instead of scanning, for the pairing that shows codes now. An earlier one ends.

        Raises NotConnected when no pairing shows codes, and other DeliveryErrors when WhatsApp gives no code.
        """
        ...


# --- files ---


class MediaKind(Enum):
    """What WhatsApp's media servers file a file under; its key is derived with it. Stickers are images there."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    LINK_IMAGE = "link-image"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file on WhatsApp's media servers, encrypted under a key of its own."""

    url: str
    direct_path: str
    media_key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    length: int


@runtime_checkable
class Uploads(Protocol):
    """neonize: Upload, which takes a file whole into memory and several times its size while it encrypts."""

    async def upload(self, path: Path, kind: MediaKind) -> UploadedFile:
        """Encrypt the file (an absolute path, not empty) and put it on WhatsApp's media servers.

        Raises DeliveryError; nothing was sent then. A caller may cancel the wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file on WhatsApp's media servers, as a received message describes it: nothing in it is known to be true."""

    kind: MediaKind
    direct_path: str
    media_key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    length: int


@runtime_checkable
class Downloads(Protocol):
    """neonize: DownloadAny, which takes a file whole into memory and several times its size while it decrypts."""

    async def download(self, file: ReceivedFile, target: Path, largest: int) -> None:
        """Fetch the file, check and decrypt it, and put it at `target` (an absolute path where nothing is yet).

        Raises DeliveryError: MediaNotUsable where trying again cannot help. A caller may cancel the wait; the file may
        then still appear.
        """
        ...
