"""Telling others, and the account's own devices, that a device came or went."""

from typing import Literal

from sender.whatsapp.emulator.accounts import HANDSET, Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.participants import device_jids, participant_hash
from sender.whatsapp.emulator.prekeys import Prekeys
from sender.whatsapp.emulator.stanzas import OK, Reply, StanzaIds, not_found, notification
from sender.whatsapp.wire.jid import PHONE_SERVER
from sender.whatsapp.wire.node import Node


class DeviceLists:
    def __init__(
        self, directory: Directory, mailbox: Mailbox, prekeys: Prekeys, ids: StanzaIds, moments: Moments
    ) -> None:
        self._directory, self._mailbox, self._prekeys = directory, mailbox, prekeys
        self._ids, self._moments = ids, moments

    def changed(self, account: Account, action: Literal["add", "remove"], device: Device) -> None:
        for watcher, server in account.watchers:
            if watcher.account is account:
                continue
            entry = Node("device", {"jid": device.jid(server), "key-index": device.number})
            change = Node(action, {"device_hash": participant_hash(device_jids(account, server))}, [entry])
            self._mailbox.deliver(watcher, notification(self._ids, "devices", account.jid(server), [change]))
        own = device_jids(account, PHONE_SERVER)
        content = Node("devices", {"dhash": participant_hash(own)}, [Node("device", {"jid": jid}) for jid in own])
        for companion in account.companions:
            if companion is not device:
                self._mailbox.deliver(companion, notification(self._ids, "account_sync", account.phone_jid, [content]))

    def unlink(self, device: Device, *, by_itself: bool = False) -> None:
        """The account's user removes a companion on the phone, or the companion logs itself out."""
        self._directory.remove_device(device)
        for account in self._directory.accounts:
            account.watchers -= {watching for watching in account.watchers if watching[0] is device}
        self._mailbox.empty(device)
        self._prekeys.forget(device)
        if device.link and not by_itself:
            removed = Node("conflict", {"type": "device_removed"})
            device.link.send(Node("stream:error", {"code": 401}, [removed]))
            device.link.close()
        self.changed(device.account, "remove", device)
        self._moments.changed()

    def remove(self, device: Device, question: Node) -> Reply:
        """A companion asks for the removal of a companion, mostly of itself."""
        removed = self._directory.device(question.child("remove-companion-device").jid("jid"))
        if removed is None or removed.number == HANDSET or removed.account is not device.account:
            raise not_found()
        self.unlink(removed, by_itself=removed is device)
        return OK
