"""What a handset writes: encrypted for every device that is to read it, and handed to the server like anyone's."""

import os
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.contents import write_copy, write_sender_key
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.messages import Messages
from sender.whatsapp.emulator.participants import device_jids, participant_hash
from sender.whatsapp.emulator.prekeys import Prekeys
from sender.whatsapp.emulator.signal.keystore import Keystore
from sender.whatsapp.wire.jid import LID_SERVER
from sender.whatsapp.wire.node import Attributes, Node
from sender.whatsapp.wire.signal.cipher import pad

KEPT_SENT = 1_000  # messages that can be sent again to a device that could not read them


class _Sent(NamedTuple):
    chat: Account | Group
    message: bytes
    type: str


def peer_name(device: Device) -> str:
    """How a keystore calls a device."""
    return f"{device.account.phone}:{device.number}"


def new_message_id() -> str:
    """In the form that phones use, which differs from that of companions."""
    return "3A" + os.urandom(9).hex().upper()


class Outgoing:
    def __init__(
        self, device: Device, keystore: Keystore, directory: Directory, prekeys: Prekeys, messages: Messages
    ) -> None:
        self._device, self._keystore = device, keystore
        self._directory, self._prekeys, self._messages = directory, prekeys, messages
        self._sent: OrderedDict[str, _Sent] = OrderedDict()

    def send(
        self,
        chat: Account | Group,
        message: bytes,
        kind: str = "text",
        extra: Attributes | None = None,
        *,
        afresh: bool = False,
        is_bare: bool = False,
    ) -> str:
        """Write a waE2E.Message to a chat; gives its id. `kind` is the stanza's type: text, media, reaction, poll.
        `afresh` sets up new sessions first; `is_bare` gives a group's members no key, which they should have by now."""
        message_id = new_message_id()
        self._sent[message_id] = _Sent(chat, message, kind)
        while len(self._sent) > KEPT_SENT:
            self._sent.popitem(last=False)
        head: Attributes = {"id": message_id, "type": kind, **(extra or {})}
        if afresh:
            for account in chat.members if isinstance(chat, Group) else (chat, self._device.account):
                for device in account.companions if account is self._device.account else account.devices.values():
                    self._begin(device)
        if isinstance(chat, Group):
            stanza = self._to_group(chat, message, head, is_bare=is_bare)
        else:
            stanza = self._to_account(chat, message, head)
        self._messages.accept(self._device, stanza)
        return message_id

    def send_peer(self, companion: Device, message: bytes) -> None:
        """A message to one companion of the same account that is no part of any chat."""
        head: Attributes = {"to": companion.lid_jid, "id": new_message_id(), "type": "text", "category": "peer"}
        self._messages.accept(self._device, Node("message", head, [self._encrypt(companion, message)]))

    def send_again(self, message_id: str, device: Device, *, afresh: bool) -> None:
        """To one device that could not read it; `afresh` sets up a new session first. Unknown messages are let be."""
        sent = self._sent.get(message_id)
        if sent is None:
            return
        if afresh:
            self._begin(device)
        message = sent.message
        if isinstance(sent.chat, Group):
            to, participant = sent.chat.jid, device.jid(sent.chat.addressing)
            message = write_sender_key(str(to), self._keystore.create_sender_key(str(to)).distribution()) + message
            head: Attributes = {"to": to, "participant": participant, "id": message_id, "type": sent.type}
        else:
            head = {"to": device.lid_jid, "id": message_id, "type": sent.type, "device_fanout": "false"}
            if device.account is self._device.account:
                message = write_copy(str(sent.chat.lid_jid), message)
                head = {**head, "recipient": sent.chat.lid_jid}
        self._messages.accept(self._device, Node("message", head, [self._encrypt(device, message)]))

    def _to_account(self, account: Account, message: bytes, head: Attributes) -> Node:
        own = self._device.account
        parts = []
        if account is not own:
            parts = self._parts(account.devices.values(), message)
        copy = write_copy(str(account.lid_jid), message)
        parts += self._parts((device for device in own.companions if self._is_reachable(device)), copy)
        address: Attributes = {"to": account.lid_jid, "peer_recipient_pn": account.phone_jid}
        return Node("message", {**head, **address}, [Node("participants", {}, parts)])

    def _to_group(self, group: Group, message: bytes, head: Attributes, *, is_bare: bool) -> Node:
        """The message once for all, and for each device the key to read it: phones do so once, we unless told."""
        key = self._keystore.create_sender_key(str(group.jid))
        distribution = write_sender_key(str(group.jid), key.distribution())
        readers = [] if is_bare else [device for account in group.members for device in account.devices.values()]
        parts = self._parts(
            (device for device in readers if device is not self._device), distribution, group.addressing
        )
        everyone = [jid for account in group.members for jid in device_jids(account, group.addressing)]
        content = [Node("participants", {}, parts), Node("enc", {"v": 2, "type": "skmsg"}, key.encrypt(pad(message)))]
        return Node("message", {**head, "to": group.jid, "phash": participant_hash(everyone)}, content)

    def _parts(self, devices: Iterable[Device], message: bytes, addressing: str = LID_SERVER) -> list[Node]:
        return [
            Node("to", {"jid": device.jid(addressing)}, [self._encrypt(device, message)]) for device in list(devices)
        ]

    def _encrypt(self, device: Device, message: bytes) -> Node:
        if not self._keystore.has_session(peer_name(device)):
            self._begin(device)
        kind, ciphertext = self._keystore.encrypt(peer_name(device), message)
        return Node("enc", {"v": 2, "type": kind}, ciphertext)

    def _begin(self, device: Device) -> None:
        self._keystore.begin(peer_name(device), self._prekeys.bundle(device))

    def _is_reachable(self, device: Device) -> bool:
        """A companion that is just being linked has uploaded no keys yet."""
        return bool(device.prekeys) or self._keystore.has_session(peer_name(device))
