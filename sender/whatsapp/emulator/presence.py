"""Who is online and who is typing: passed on at once to those who may see it, never kept for later."""

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Groups
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.wire.jid import GROUP_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node

_SHOWN = ("available", "unavailable")


class Presence:
    def __init__(self, directory: Directory, groups: Groups, mailbox: Mailbox) -> None:
        self._directory, self._groups, self._mailbox = directory, groups, mailbox
        # account -> who watches it, and under which of its addresses
        self._watched: dict[Account, set[tuple[Device, Jid]]] = {}

    def accept(self, device: Device, presence: Node) -> None:
        """A device shows itself, or wants to see somebody. Raises MalformedFrame."""
        kind = presence.get("type") or "available"
        if kind in ("subscribe", "unsubscribe"):
            self._watch(device, presence.jid("to").bare(), stop=kind == "unsubscribe")
            return
        name = presence.get("name")
        if name and name != device.account.name:
            device.account.name = name
            self._directory.save(device.account)
        if kind in _SHOWN:
            self.show(device, online=kind == "available")

    def show(self, device: Device, *, online: bool) -> None:
        if device.is_online == online:
            return
        device.is_online = online
        account = device.account
        account.profile.last_seen = now()
        for watcher, jid in self._watched.get(account, ()):
            self._mailbox.pass_on(watcher, _presence(account, jid))

    def left(self, device: Device) -> None:
        """The device lost its connection."""
        self.show(device, online=False)
        for watchers in self._watched.values():
            watchers -= {watching for watching in watchers if watching[0] is device}

    def chat_state(self, device: Device, state: Node) -> None:
        """A device is typing, recording, or has stopped. Raises MalformedFrame."""
        to = state.jid("to")
        if to.server == GROUP_SERVER:
            group = self._groups.find(to)
            if group is None or device.account not in group.members:
                return
            readers = [account for account in group.members if account is not device.account]
            head: Attributes = {"from": to, "participant": device.account.jid(group.addressing)}
        else:
            account = self._directory.by_jid(to)
            readers = [account] if account else []
            head = {"from": device.account.jid(to.server)}
        for reader in readers:
            for target in reader.devices.values():
                self._mailbox.pass_on(target, Node("chatstate", head, state.children))

    def _watch(self, device: Device, jid: Jid, *, stop: bool) -> None:
        account = self._directory.by_jid(jid)
        if account is None:
            return
        watchers = self._watched.setdefault(account, set())
        if stop:
            watchers.discard((device, jid))
        else:
            watchers.add((device, jid))
            self._mailbox.pass_on(device, _presence(account, jid))


def _presence(account: Account, jid: Jid) -> Node:
    if any(device.is_online for device in account.devices.values()):
        return Node("presence", {"from": jid})
    return Node("presence", {"from": jid, "type": "unavailable", "last": account.profile.last_seen or None})
