"""What a device has not acknowledged yet: kept until it has, written at once when it is there to read."""

from sender.whatsapp.emulator.accounts import Device, Pending, PendingKey
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.faults import Faults
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node

INSERT_PENDING = "INSERT INTO pending (phone, device, stanza) VALUES (?, ?, ?)"
DELETE_PENDING = "DELETE FROM pending WHERE sequence = ?"
SELECT_PENDING = "SELECT sequence, phone, device, stanza FROM pending ORDER BY sequence"

# The counters of an offline preview, by the tag of what waits.
_COUNTED = ("message", "receipt", "notification")


class Mailbox:
    def __init__(self, database: Database, directory: Directory, faults: Faults) -> None:
        self._database = database
        self._faults = faults
        self._held: list[tuple[Device, Node]] = []
        for sequence, phone, number, stanza in database.read(SELECT_PENDING):
            account = directory.by_phone(phone)
            device = account.devices.get(number) if account else None
            node = decode(stanza)
            if device:
                device.pending[_key(node)] = Pending(sequence, node)

    def deliver(self, device: Device, node: Node) -> None:
        """Hand a stanza to a device: now if it is active, else when it comes back; again until it acknowledges."""
        if device.receiver:
            device.receiver.receive(self._damaged(device, node))
            return
        if node.tag == "message" and self._faults.take(("hold-message",), to=device.account.phone):
            self._held.append((device, node))
            return
        stanza = encode(node)
        sequence = self._database.write(INSERT_PENDING, (device.account.phone, device.number, stanza))
        self._remove(device, _key(node))
        device.pending[_key(node)] = Pending(sequence, node)
        if device.link and device.is_active:
            damaged = self._damaged(device, node)
            if damaged is node:
                device.link.send_encoded(stanza)
            else:
                device.link.send(damaged)

    def release(self) -> int:
        """Deliver what was held, the last first; how many these were."""
        held, self._held = self._held, []
        for device, node in reversed(held):
            self.deliver(device, node)
        return len(held)

    def pass_on(self, device: Device, node: Node) -> None:
        """Hand over what is worth nothing later: a device that is not there misses it."""
        if device.receiver:
            device.receiver.receive(node)
        elif device.link and device.is_active:
            device.link.send(node)

    def acknowledged(self, device: Device, tag: str, reply: Node) -> None:
        """`reply` is the device's ack or receipt: it repeats our stanza's id and names our `from` as its `to`."""
        kind = reply.get("type") if tag == "receipt" else None
        self._remove(device, (tag, reply.get("id"), reply.find_jid("to"), reply.find_jid("participant"), kind))

    def flush(self, device: Device) -> None:
        """To a device that just became active: how much waits, all of it in order, and that this was all."""
        if not device.link:
            return
        waiting = [pending.node for pending in device.pending.values()]
        tags = [node.tag for node in waiting]
        counts: dict[str, str | int | None] = {tag: tags.count(tag) for tag in _COUNTED}
        counts |= {"appdata": 0, "count": len(waiting)}
        device.link.send(Node("ib", {"from": SERVER}, [Node("offline_preview", counts)]))
        for node in waiting:
            device.link.send(Node(node.tag, {**node.attributes, "offline": "0"}, node.content))
        device.link.send(Node("ib", {"from": SERVER}, [Node("offline", {"count": len(waiting)})]))

    def empty(self, device: Device) -> None:
        """Throw away what waits for a device that is no more."""
        for key in list(device.pending):
            self._remove(device, key)

    def _remove(self, device: Device, key: PendingKey) -> None:
        pending = device.pending.pop(key, None)
        if pending:
            self._database.write(DELETE_PENDING, (pending.sequence,))

    def _damaged(self, device: Device, node: Node) -> Node:
        """The stanza itself, or a copy that does not decrypt when such a fault is in force."""
        if node.tag != "message" or not self._faults.take(("corrupt",), to=device.account.phone):
            return node
        content = [_spoil(child) if child.tag == "enc" else child for child in node.children]
        return Node(node.tag, node.attributes, content)


def _key(node: Node) -> PendingKey:
    kind = node.get("type") if node.tag == "receipt" else None
    return node.tag, node.get("id"), node.find_jid("from"), node.find_jid("participant"), kind


def _spoil(enc: Node) -> Node:
    return Node(enc.tag, enc.attributes, enc.data[:-1] + bytes((enc.data[-1] ^ 1,)))
