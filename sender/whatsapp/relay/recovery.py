"""Opening what was recorded: the plaintexts of a message that came in, without the library."""

from collections.abc import Iterable
from dataclasses import dataclass

from sender.whatsapp.relay.record import Record
from sender.whatsapp.relay.stored_keys import UnknownForm, read_sender_keys, read_sessions
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.protobuf import Fields
from sender.whatsapp.wire.signal.cipher import SignalError, unpad
from sender.whatsapp.wire.signal.ratchet import Opening, Session
from sender.whatsapp.wire.signal.sender_key import SenderKey, key_id_of

# waE2E.Message
_SENDER_KEY_DISTRIBUTION, _DEVICE_SENT = 2, 31
_AXOLOTL = 2
_DEVICE_SENT_MESSAGE = 2

_FAILURES = (SignalError, UnknownForm, WireError, ValueError, IndexError, KeyError)


class Lost(Exception):
    """A recorded message cannot be opened with the keys that were recorded with it."""


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """The private halves of our device's identity and of its signed prekey."""

    identity: KeyPair
    signed_prekey: KeyPair


@dataclass(frozen=True, slots=True)
class Recovered:
    """A stanza and what it held: waE2E.Messages, one of each part."""

    stanza: Node
    messages: tuple[bytes, ...]


def recover(device: DeviceKeys, record: Record) -> Recovered:
    """Raises Lost."""
    try:
        stanza = decode(record.stanza)
        if (plain := stanza.find("plaintext")) is not None and isinstance(plain.content, bytes):
            return Recovered(stanza, (plain.content,))
        return Recovered(stanza, tuple(_open_all(device, record, stanza)))
    except _FAILURES as error:
        raise Lost(type(error).__name__) from None


def _open_all(device: DeviceKeys, record: Record, stanza: Node) -> Iterable[bytes]:
    sender_keys = [key for each in record.sender_keys for key in read_sender_keys(each)]
    parts = [each for each in stanza.children if each.tag == "enc" and isinstance(each.content, bytes)]
    if not parts:
        raise SignalError("nothing to open")
    for part in parts:
        sealed = part.content
        assert isinstance(sealed, bytes)
        kind = part.get("type")
        if kind == "skmsg":
            yield _open_for_group(device, record, sender_keys, sealed)
        elif kind in ("msg", "pkmsg"):
            message = unpad(_open_for_us(device, record, sealed, opens=kind == "pkmsg"))
            sender_keys += _distributed(message)
            yield message
        else:
            raise SignalError("a kind that is not opened here")


def _open_for_us(device: DeviceKeys, record: Record, sealed: bytes, *, opens: bool) -> bytes:
    sessions = [session for each in record.sessions for session in read_sessions(device.identity, each)]
    if opens:
        opening = Opening.parse(sealed)
        sealed = opening.message
        known = [each for each in sessions if each.base == opening.base]
        if not known:
            prekey = KeyPair(record.prekey) if record.prekey else None
            known = [Session.accept(device.identity, device.signed_prekey, prekey, opening)]
        sessions = known + [each for each in sessions if each.base != opening.base]
    for session in sessions:
        try:
            return session.decrypt(sealed)
        except _FAILURES:
            continue
    raise SignalError("no session opens it")


def _open_for_group(device: DeviceKeys, record: Record, sender_keys: list[SenderKey], sealed: bytes) -> bytes:
    wanted = key_id_of(sealed)
    found = [each for each in sender_keys if each.id == wanted]
    if not found and record.carrier is not None:
        found = [each for each in _carried(device, record.carrier) if each.id == wanted]
    for each in found:
        try:
            return unpad(each.decrypt(sealed))
        except _FAILURES:
            continue
    raise SignalError("no sender key opens it")


def _carried(device: DeviceKeys, carrier: Record) -> list[SenderKey]:
    """The sender keys that came with an earlier message, which need not be readable in all its parts."""
    found = []
    for part in decode(carrier.stanza).children:
        if part.tag == "enc" and part.get("type") in ("msg", "pkmsg") and isinstance(part.content, bytes):
            opened = _open_for_us(device, carrier, part.content, opens=part.get("type") == "pkmsg")
            found += _distributed(unpad(opened))
    return found


def _distributed(message: bytes) -> list[SenderKey]:
    fields = Fields(message)
    inner = fields.message(_DEVICE_SENT, _DEVICE_SENT_MESSAGE)
    found = []
    for each in (fields, inner):
        if distribution := each.data(_SENDER_KEY_DISTRIBUTION, _AXOLOTL, default=b""):
            found.append(SenderKey.from_distribution(distribution))
    return found
