"""Signal prekeys of companions: uploaded in stock, handed out one by one with a bundle."""

from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import HANDSET, Device, SignedPrekey
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import OK, Reply, StanzaIds, notification, now
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.jid import SERVER, Jid
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.signal.ratchet import Bundle

# A client uploads more when it is told that fewer than five are left.
LOW_WATER = 10
TOLD_WHEN_LOW = 4

# To a count of 0 a new client answers with 812 keys, to any other with 50: a tenth of the time to pair.
FIRST_COUNT = 1

KEY_TYPE = b"\x05"

INSERT_PREKEY = "INSERT OR REPLACE INTO prekey (phone, device, id, public) VALUES (?, ?, ?, ?)"
DELETE_PREKEY = "DELETE FROM prekey WHERE phone = ? AND device = ? AND id = ?"
DELETE_PREKEYS = "DELETE FROM prekey WHERE phone = ? AND device = ?"
SELECT_PREKEYS = "SELECT phone, device, id, public FROM prekey ORDER BY phone, device, id"


class Prekeys:
    def __init__(self, database: Database, directory: Directory, ids: StanzaIds) -> None:
        self._database, self._directory, self._ids = database, directory, ids
        for phone, number, key_id, public in database.read(SELECT_PREKEYS):
            account = directory.by_phone(phone)
            device = account.devices.get(number) if account else None
            if device:
                device.prekeys[key_id] = public

    def answers(self) -> Mapping[Key, Answer]:
        return {
            ("encrypt", "count"): self.count,
            ("encrypt", "registration"): self.upload,
            ("encrypt", "key"): self.fetch,
        }

    def count(self, device: Device, question: Node) -> Reply:
        return Reply([Node("count", {"value": len(device.prekeys) or FIRST_COUNT})])

    def upload(self, device: Device, question: Node) -> Reply:
        device.registration_id = int.from_bytes(question.child("registration").data, "big")
        device.identity_public = question.child("identity").data
        signed = question.child("skey")
        device.signed_prekey = SignedPrekey(*(signed.child(tag).data for tag in ("id", "value", "signature")))
        self._directory.save_device(device)
        for key in question.child("list").children:
            key_id, public = key.child("id").data, key.child("value").data
            device.prekeys[key_id] = public
            self._database.write(INSERT_PREKEY, (device.account.phone, device.number, key_id, public))
        return OK

    def fetch(self, device: Device, question: Node) -> Reply:
        """Bundles for the devices asked for; an unknown device gets an error of its own."""
        wanted = [user.jid("jid") for user in question.child("key").all("user")]
        return Reply([Node("list", {}, [self._user(jid) for jid in wanted])])

    def take(self, device: Device) -> tuple[bytes, bytes] | None:
        """One one-time prekey, never to be handed out again; None when there is none. Asks for more in time."""
        if not device.prekeys:
            return None
        key_id, public = device.prekeys.popitem(last=False)
        self._database.write(DELETE_PREKEY, (device.account.phone, device.number, key_id))
        if device.number != HANDSET and len(device.prekeys) == LOW_WATER and device.link:
            device.link.send(notification(self._ids, "encrypt", SERVER, [Node("count", {"value": TOLD_WHEN_LOW})]))
        return key_id, public

    def bundle(self, device: Device) -> Bundle:
        """What is needed to write to a device first; uses up a one-time prekey."""
        one_time = self.take(device)
        return Bundle(
            device.identity_public,
            int.from_bytes(device.signed_prekey.id, "big"),
            device.signed_prekey.public,
            device.signed_prekey.signature,
            int.from_bytes(one_time[0], "big") if one_time else None,
            one_time[1] if one_time else None,
        )

    def forget(self, device: Device) -> None:
        device.prekeys.clear()
        self._database.write(DELETE_PREKEYS, (device.account.phone, device.number))

    def _user(self, jid: Jid) -> Node:
        device = self._directory.device(jid)
        if device is None:
            return Node("user", {"jid": jid}, [Node("error", {"code": 404, "text": "item-not-found"})])
        content = [
            Node("registration", {}, device.registration_id.to_bytes(4, "big")),
            Node("type", {}, KEY_TYPE),
            Node("identity", {}, device.identity_public),
            Node("skey", {}, _named(zip(("id", "value", "signature"), device.signed_prekey, strict=True))),
        ]
        one_time = self.take(device)
        if one_time:
            content.append(Node("key", {}, _named(zip(("id", "value"), one_time, strict=True))))
        if device.proof:
            content.append(Node("device-identity", {}, device.proof))
        return Node("user", {"jid": jid, "t": now()}, content)


def _named(parts: "zip[tuple[str, bytes]]") -> list[Node]:
    return [Node(tag, {}, data) for tag, data in parts]
