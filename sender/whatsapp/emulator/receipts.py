"""Receipts: a device tells what it got or what was read, and the author's devices learn of it."""

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Groups
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.wire.jid import BROADCAST_SERVER, GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node

# Receipts about messages of one's own other device that nobody else is told of.
_PRIVATE = ("peer_msg", "hist_sync", "inactive", None)
_SEEN = ("read", "played")


class Receipts:
    def __init__(self, directory: Directory, groups: Groups, mailbox: Mailbox, moments: Moments) -> None:
        self._directory, self._groups = directory, groups
        self._mailbox, self._moments = mailbox, moments

    def accept(self, device: Device, receipt: Node) -> None:
        """Take a receipt: it also acknowledges the message. Raises MalformedFrame."""
        to, kind = receipt.jid("to"), receipt.get("type")
        self._mailbox.acknowledged(device, "message", receipt)
        if device.link:
            ack: Attributes = {"class": "receipt", "id": receipt.get("id"), "from": to, "type": kind, "t": now()}
            device.link.send(Node("ack", {**ack, "participant": receipt.find_jid("participant")}))
        self._forward(device, receipt, to, kind)
        if kind in _SEEN:
            self._tell_own_devices(device, receipt, to, kind)
        self._moments.changed()

    def acknowledged(self, device: Device, ack: Node) -> None:
        """A device's ack of a stanza that needs no receipt."""
        self._mailbox.acknowledged(device, ack.text("class"), ack)

    def _forward(self, device: Device, receipt: Node, to: Jid, kind: str | None) -> None:
        head: dict[str, str | int | Jid | None] = {"id": receipt.text("id"), "type": kind, "t": now()}
        author: Jid | None = to
        if to.server in (GROUP_SERVER, BROADCAST_SERVER):
            group = self._groups.find(to)
            author = receipt.find_jid("participant")
            head |= {"from": to, "participant": device.jid(group.addressing if group else LID_SERVER)}
        else:
            account = self._directory.by_jid(to)
            if account is None or (account is device.account and kind in _PRIVATE):
                return
            head["from"] = device.jid(to.server)
            if account is device.account:
                head["recipient"] = receipt.find_jid("recipient")
        for target in self._devices(author):
            if target is not device:
                self._mailbox.deliver(target, Node("receipt", head, receipt.content))

    def _tell_own_devices(self, device: Device, receipt: Node, to: Jid, kind: str) -> None:
        """What was read on one device is read on all."""
        server = to.server if to.server == PHONE_SERVER else LID_SERVER
        head: Attributes = {
            "from": device.jid(server),
            "recipient": to.bare(),
            "id": receipt.text("id"),
            "type": kind,
            "t": now(),
        }
        participant = receipt.find_jid("participant")
        for companion in device.account.companions:
            if companion is not device:
                node = Node("receipt", {**head, "participant": participant}, receipt.content)
                self._mailbox.deliver(companion, node)

    def _devices(self, author: Jid | None) -> list[Device]:
        """The device that sent, or all devices of the account when only that is named."""
        account: Account | None = self._directory.by_jid(author) if author else None
        if account is None or author is None:
            return []
        if author.device:
            device = account.devices.get(author.device)
            return [device] if device else []
        return list(account.devices.values())
