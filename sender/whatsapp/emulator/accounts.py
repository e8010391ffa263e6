"""Accounts and their devices. Device 0 is the account's own handset, the others are linked companions."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.jid import LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Node

HANDSET = 0
"""The device number of the phone itself."""


class Link(Protocol):
    """A live connection to a client."""

    def send(self, node: Node) -> None: ...

    def send_encoded(self, stanza: bytes) -> None: ...

    def close(self, after: float = 0.3) -> None: ...

    def abort(self) -> None: ...


class Receiver(Protocol):
    """Takes the place of a connection for a device that the emulator plays itself."""

    def receive(self, node: Node) -> None: ...


class SignedPrekey(NamedTuple):
    id: bytes
    public: bytes
    signature: bytes


class Pending(NamedTuple):
    """A stanza that its device has not acknowledged, and its row."""

    sequence: int
    node: Node


PendingKey = tuple[str, str | None, Jid | None, Jid | None, str | None]


class Account:
    def __init__(self, phone: str, lid: str, name: str, identity: KeyPair, raw_id: int) -> None:
        self.phone, self.lid, self.name = phone, lid, name
        self.identity = identity
        self.raw_id = raw_id
        self.script: str | None = None
        self.next_device = 1
        self.devices: dict[int, Device] = {}
        self.profile = Profile()
        self.phone_jid, self.lid_jid = Jid(phone, PHONE_SERVER), Jid(lid, LID_SERVER)
        # Devices that asked for our device list, with the addressing they asked in: they hear of changes.
        self.watchers: set[tuple[Device, str]] = set()

    def jid(self, server: str) -> Jid:
        return self.lid_jid if server == LID_SERVER else self.phone_jid

    @property
    def handset(self) -> Device | None:
        return self.devices.get(HANDSET)

    @property
    def companions(self) -> list[Device]:
        return [device for number, device in self.devices.items() if number != HANDSET]


@dataclass(slots=True)
class Profile:
    """What others may see of an account, and how it wants to be treated."""

    about: str = "Hey there! I am using WhatsApp."
    picture: str | None = None
    picture_id: str | None = None
    blocked: list[str] = field(default_factory=list)  # LIDs
    privacy: dict[str, str] = field(default_factory=dict)
    audience: list[str] = field(default_factory=list)  # LIDs that see its status; empty: its contacts
    last_seen: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)  # privacy setting -> LIDs
    reporters: list[str] = field(default_factory=list)  # phones of who reported it
    business: dict[str, Any] | None = None  # None: it is none
    catalog: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Device:
    """The public half of a device, its connection of the moment and what waits for it."""

    account: Account
    number: int
    identity_public: bytes
    registration_id: int
    signed_prekey: SignedPrekey
    noise_public: bytes = b""
    proof: bytes = b""  # ADVSignedDeviceIdentity with both signatures
    prekeys: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)
    pending: OrderedDict[PendingKey, Pending] = field(default_factory=OrderedDict)
    link: Link | None = None
    is_active: bool = False  # logged in and ready for traffic
    is_online: bool = False  # shows itself as available
    receiver: Receiver | None = None
    lid_jid: Jid = field(init=False)
    phone_jid: Jid = field(init=False)

    def __post_init__(self) -> None:
        self.lid_jid = Jid(self.account.lid, LID_SERVER, self.number)
        self.phone_jid = Jid(self.account.phone, PHONE_SERVER, self.number)

    def jid(self, server: str) -> Jid:
        return self.lid_jid if server == LID_SERVER else self.phone_jid
