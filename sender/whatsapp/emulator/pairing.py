"""Linking a companion by QR code: offered references, the scan, the signatures on both sides."""

import asyncio
import base64
import binascii
import os
from dataclasses import dataclass

from common import addresses, logs
from sender.whatsapp.emulator.accounts import HANDSET, Account, Device, SignedPrekey
from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.device_lists import DeviceLists
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.stanzas import StanzaIds, now
from sender.whatsapp.wire.curve import verify
from sender.whatsapp.wire.derivation import authentication_code
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Attributes, Node
from sender.whatsapp.wire.protobuf import Fields, encode

# A client shows the first of exactly six codes for 60 seconds, every other one for 20.
CODES = 6
MAX_DEVICES = 250

# What the signatures on a device's proof begin with
_ACCOUNT_SIGNS, _DEVICE_SIGNS = b"\x06\x00", b"\x06\x01"
_PREKEY_TYPE = b"\x05"

# DevicePairingRegistrationData
_REGISTRATION_ID, _IDENTITY, _PREKEY_ID, _PREKEY, _PREKEY_SIGNATURE = 1, 3, 4, 5, 6
# ADVSignedDeviceIdentity
_DEVICE_SIGNATURE = 4

log = logs.get(__name__)


class PairingFailed(Exception):
    """The companion could not be linked."""


@dataclass(slots=True)
class _Waiting:
    """A client that shows codes, and from the scan on the device that it may become."""

    connection: Connection
    registration: Fields
    references: list[str]
    question_id: str = ""
    device: Device | None = None
    details: bytes = b""
    signature: bytes = b""
    done: asyncio.Future[Device] | None = None


class Pairing:
    def __init__(
        self, directory: Directory, device_lists: DeviceLists, ids: StanzaIds, moments: Moments, codes: int = CODES
    ) -> None:
        self._directory, self._device_lists = directory, device_lists
        self._ids, self._moments, self._codes = ids, moments, codes
        self._waiting: dict[Connection, _Waiting] = {}

    def offer(self, connection: Connection, registration: Fields) -> None:
        """Ask an unpaired client to show QR codes."""
        references = ["2@" + base64.b64encode(os.urandom(48)).decode() for _ in range(self._codes)]
        self._waiting[connection] = _Waiting(connection, registration, references)
        offer = Node("pair-device", {}, [Node("ref", {}, reference) for reference in references])
        connection.send(Node("iq", {"from": SERVER, "type": "set", "id": self._ids.next(), "xmlns": "md"}, [offer]))
        self._moments.changed()

    def scan(self, account: Account, code: str) -> asyncio.Future[Device]:
        """What the account's phone does with a QR code. The future ends in the linked device or in PairingFailed."""
        reference, noise_key, identity, secret = _parse(code)
        waiting = next((each for each in self._waiting.values() if reference in each.references), None)
        if waiting is None:
            raise PairingFailed("this code is unknown or has expired")
        if noise_key != waiting.connection.client_static or identity != waiting.registration.data(_IDENTITY):
            raise PairingFailed("the keys in this code are not those of the client that shows it")
        return self.link(waiting.connection, account, secret)

    def identity_of(self, connection: Connection) -> bytes | None:
        """The identity key of a client that wants to be linked."""
        waiting = self._waiting.get(connection)
        return waiting.registration.data(_IDENTITY) if waiting else None

    def link(self, connection: Connection, account: Account, secret: bytes) -> asyncio.Future[Device]:
        """Vouch for the client with the account's signature, under the secret that it shares with the phone."""
        waiting = self._waiting.get(connection)
        if waiting is None:
            raise PairingFailed("the client has gone")
        device = _device(account, waiting)
        identity = device.identity_public
        waiting.device = device
        waiting.details = encode([(1, account.raw_id), (2, now()), (3, device.number), (4, 0), (5, 0)])
        waiting.signature = account.identity.sign(_ACCOUNT_SIGNS + waiting.details + identity)
        signed = encode([(1, waiting.details), (2, account.identity.public), (3, waiting.signature)])
        proof = encode([(1, signed), (2, authentication_code(secret, signed)), (3, 0)])
        waiting.question_id = self._ids.next()
        waiting.done = asyncio.get_running_loop().create_future()
        content = [
            Node("device-identity", {}, proof),
            Node("device", {"jid": device.phone_jid, "lid": device.lid_jid}),
            Node("platform", {"name": "android"}),
        ]
        head: Attributes = {"from": SERVER, "type": "set", "id": waiting.question_id, "xmlns": "md", "t": now()}
        connection.send(Node("iq", head, [Node("pair-success", {}, content)]))
        self._moments.changed()
        return waiting.done

    def answered(self, connection: Connection, answer: Node) -> None:
        """The client's answer to `link`: on a good signature the device is stored and the client logs in again."""
        waiting = self._waiting.get(connection)
        if waiting is None or waiting.device is None or waiting.question_id != answer.get("id"):
            return
        device, account = waiting.device, waiting.device.account
        if answer.get("type") == "error":
            self._end(waiting, PairingFailed("the client refused: " + (_error_text(answer) or "no reason given")))
            return
        signature = Fields(answer.child("pair-device-sign", "device-identity").data).data(_DEVICE_SIGNATURE)
        signed = _DEVICE_SIGNS + waiting.details + device.identity_public + account.identity.public
        if not verify(device.identity_public, signed, signature):
            self._end(waiting, PairingFailed("the client's signature does not verify"))
            return
        device.proof = encode(
            [(1, waiting.details), (2, account.identity.public), (3, waiting.signature), (4, signature)]
        )
        account.next_device = device.number + 1
        self._directory.save(account)
        self._directory.add_device(device)
        log.info("device paired", phone=addresses.masked(account.phone), device=device.number)
        # 515 asks the client to connect again; it closes its side itself.
        connection.send(Node("stream:error", {"code": 515}))
        connection.close(after=0.5)
        self._device_lists.changed(account, "add", device)
        self._end(waiting, device)

    def forget(self, connection: Connection) -> None:
        """The client went away."""
        waiting = self._waiting.pop(connection, None)
        if waiting:
            self._end(waiting, PairingFailed("the client has gone"))

    def _end(self, waiting: _Waiting, outcome: Device | PairingFailed) -> None:
        self._waiting.pop(waiting.connection, None)
        if waiting.done and not waiting.done.done():
            if isinstance(outcome, Device):
                waiting.done.set_result(outcome)
            else:
                waiting.done.set_exception(outcome)
                waiting.done.exception()  # it may be that nobody waits
        self._moments.changed()


def _parse(code: str) -> tuple[str, bytes, bytes, bytes]:
    """Reference, noise key, identity key and shared secret out of the text of a QR code."""
    parts = code.rpartition("#")[2].split(",")
    if len(parts) < 4:
        raise PairingFailed("this is no pairing code")
    try:
        noise_key, identity, secret = (base64.b64decode(part, validate=True) for part in parts[1:4])
    except binascii.Error as error:
        raise PairingFailed("this is no pairing code") from error
    return parts[0], noise_key, identity, secret


def _device(account: Account, waiting: _Waiting) -> Device:
    if account.next_device > MAX_DEVICES:
        raise PairingFailed("the account has used up its device numbers")
    try:
        registration = waiting.registration
        identity = registration.data(_IDENTITY)
        prekey = SignedPrekey(
            registration.data(_PREKEY_ID), registration.data(_PREKEY), registration.data(_PREKEY_SIGNATURE)
        )
        registration_id = int.from_bytes(registration.data(_REGISTRATION_ID), "big")
    except WireError as error:
        raise PairingFailed("the client's registration is incomplete") from error
    if not verify(identity, _PREKEY_TYPE + prekey.public, prekey.signature):
        raise PairingFailed("the client's signed prekey does not verify")
    number = max(account.next_device, HANDSET + 1)
    return Device(account, number, identity, registration_id, prekey, waiting.connection.client_static)


def _error_text(answer: Node) -> str | None:
    details = answer.find("error")
    return details.get("text") if details else None
