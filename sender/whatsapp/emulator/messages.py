"""Messages on their way: which devices get which ciphertext, and what the sender is told.

A message is planned first, then acknowledged, then delivered, so that a sender sees the acknowledgement before any
receipt, as with the real server.
"""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sender.whatsapp.emulator.accounts import HANDSET, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.faults import MESSAGE_KINDS, Fault, Faults
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.participants import device_jids, participant_hash
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.wire.jid import BROADCAST_SERVER, GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node

KEPT_TRAFFIC = 10_000

# What rides along in the sender's stanza for the server only.
_FOR_THE_SERVER = {"participants", "enc", "device-identity", "tctoken", "cstoken", "reporting", "bot"}
_PASSED_ON = ("edit", "category")


class Delivery(NamedTuple):
    device: Device
    stanza: Node


@dataclass(slots=True)
class Plan:
    """What becomes of a message. A refused one has an error and no deliveries."""

    deliveries: list[Delivery] = field(default_factory=list)
    error: int | None = None
    participant_hash: str | None = None


class Arrival(NamedTuple):
    """One message as it arrived at the server, for whoever wants to see what was on the wire."""

    sequence: int
    id: str
    sender: str
    device: int
    to: str
    type: str
    at: int
    error: int | None


FanOut = Callable[[Device, Node], Plan]


class Messages:
    """`fan_out` plans the messages for chats of many: it is asked for groups and for the status list."""

    def __init__(
        self, directory: Directory, mailbox: Mailbox, faults: Faults, moments: Moments, fan_out: FanOut
    ) -> None:
        self._directory, self._mailbox = directory, mailbox
        self._faults, self._moments = faults, moments
        self._fan_out = fan_out
        self.arrivals: deque[Arrival] = deque(maxlen=KEPT_TRAFFIC)
        self.counts: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    def accept(self, sender: Device, message: Node) -> None:
        """Take a message from a device: acknowledge it and deliver it. Raises MalformedFrame."""
        to, message_id = message.jid("to"), message.text("id")
        fault = self._faults.take(MESSAGE_KINDS, phone=sender.account.phone, to=self._name(to)) if sender.link else None
        if fault and fault.kind == "drop-message":
            self._record(sender, message, to, None)
            return
        refused = fault and fault.kind == "refuse-message"
        plan = Plan(error=fault.code) if fault and refused else self._plan(sender, message, to)
        self._record(sender, message, to, plan.error)
        ack: Attributes = {"class": "message", "id": message_id, "from": to, "t": now()}
        self._acknowledge(sender, Node("ack", {**ack, "phash": plan.participant_hash, "error": plan.error}), fault)
        for delivery in plan.deliveries:
            self._mailbox.deliver(delivery.device, delivery.stanza)
        self._moments.changed()

    def _acknowledge(self, sender: Device, ack: Node, fault: Fault | None) -> None:
        link = sender.link
        if link is None or (fault and fault.kind == "drop-ack"):
            return
        if fault and fault.kind == "cut-before-ack":
            link.abort()
        elif fault and fault.kind == "delay-ack":

            def send_late() -> None:
                link.send(ack)
                self._moments.changed()

            asyncio.get_running_loop().call_later(fault.seconds, send_late)
        else:
            link.send(ack)
            if fault and fault.kind == "duplicate-ack":
                link.send(ack)
            elif fault and fault.kind == "cut-after-ack":
                link.close(after=0)

    def _plan(self, sender: Device, message: Node, to: Jid) -> Plan:
        if to.server in (GROUP_SERVER, BROADCAST_SERVER):
            return self._fan_out(sender, message)
        if to.server in (PHONE_SERVER, LID_SERVER):
            return self._direct(sender, message, to)
        return Plan(error=404)

    def _direct(self, sender: Device, message: Node, to: Jid) -> Plan:
        receiver = self._directory.by_jid(to)
        if receiver is None:
            return Plan(error=404)
        participants = message.find("participants")
        if participants is None:
            return self._single(sender, message, to)
        plan = Plan()
        is_blocked = sender.account.lid in receiver.profile.blocked
        for part in participants.children:
            device = self._directory.device(part.jid("jid"))
            if device is None or (is_blocked and device.account is not sender.account):
                continue
            stanza = delivered(sender, message, part.all("enc"), _addresses(sender, device, message, to))
            plan.deliveries.append(Delivery(device, stanza))
        if receiver is not sender.account:
            # The client drops its cached device lists when this differs from its own, so it learns of new devices.
            everyone = device_jids(receiver, to.server) + device_jids(sender.account, to.server)
            plan.participant_hash = participant_hash(everyone)
        return plan

    def _single(self, sender: Device, message: Node, to: Jid) -> Plan:
        """For one device: a peer message within an account, or a message that was asked for again."""
        device = self._directory.device(to)
        if device is None:
            return Plan()
        if message.get("category") == "peer":
            if device.account is not sender.account:
                return Plan(error=403)
            addresses: dict[str, str | Jid | None] = {"from": sender.jid(to.server)}
        else:
            addresses = _addresses(sender, device, message, message.find_jid("recipient") or to)
        return Plan([Delivery(device, delivered(sender, message, message.all("enc"), addresses))])

    def _record(self, sender: Device, message: Node, to: Jid, error: int | None) -> None:
        if sender.number != HANDSET:
            self.counts["refused" if error else "accepted"] += 1
            arrival = (next(self._numbers), message.text("id"), sender.account.phone, sender.number, self._name(to))
            self.arrivals.append(Arrival(*arrival, message.get("type") or "", now(), error))

    def _name(self, to: Jid) -> str:
        """A chat as the control API names it: a phone number, or the address of a group."""
        account = self._directory.by_jid(to)
        return account.phone if account else str(to)


def delivered(sender: Device, message: Node, encs: list[Node], addresses: dict[str, str | Jid | None]) -> Node:
    """The stanza as one device gets it: its ciphertexts, who sent it, and whatever rides along."""
    head: dict[str, str | int | Jid | None] = {
        "id": message.get("id"),
        "t": now(),
        "type": message.get("type") or "text",
        "notify": sender.account.name,
    }
    head |= {name: message.get(name) for name in _PASSED_ON}
    content = [*encs, *(child for child in message.children if child.tag not in _FOR_THE_SERVER)]
    proof = message.find("device-identity")
    if proof is not None and any(enc.get("type") == "pkmsg" for enc in encs):
        content.append(proof)
    return Node("message", head | addresses, content)


def _addresses(sender: Device, device: Device, message: Node, chat: Jid) -> dict[str, str | Jid | None]:
    """`from` and its companions. Both forms of an account's address, or a client cannot tell whose number it is."""
    if device.account is sender.account:
        # Our own other device: it is told the chat, and shows the message as sent by itself.
        return {
            "from": sender.jid(chat.server),
            "recipient": chat.bare(),
            "peer_recipient_pn": message.find_jid("peer_recipient_pn"),
        }
    if chat.server == LID_SERVER:
        return {"from": sender.lid_jid, "sender_pn": sender.account.phone_jid, "addressing_mode": "lid"}
    return {"from": sender.phone_jid, "sender_lid": sender.account.lid_jid, "addressing_mode": "pn"}
