"""The server's part of app state: it numbers opaque patches and tells an account's other devices that there are new."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Reply, StanzaIds, notification
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Attributes, Node
from sender.whatsapp.wire.protobuf import encode

INSERT_PATCH = "INSERT INTO patch (phone, collection, version, patch) VALUES (?, ?, ?, ?)"
SELECT_PATCHES = """
    SELECT patch
    FROM patch
    WHERE phone = ? AND collection = ? AND version > ?
    ORDER BY version
"""
SELECT_VERSIONS = "SELECT phone, collection, max(version) FROM patch GROUP BY phone, collection"

_CONFLICT = 409
_VERSION = 1  # of SyncdPatch; the version in it is the server's to write

Observer = Callable[[Account, str, bytes], None]


class Patches:
    """`observer` is told of the patches that companions bring."""

    def __init__(self, database: Database, mailbox: Mailbox, ids: StanzaIds, observer: Observer) -> None:
        self._database, self._mailbox, self._ids = database, mailbox, ids
        self._versions: defaultdict[tuple[str, str], int] = defaultdict(int)
        for phone, collection, version in database.read(SELECT_VERSIONS):
            self._versions[phone, collection] = version
        self._observer = observer

    def answers(self) -> Mapping[Key, Answer]:
        return {("w:sync:app:state", "sync"): self.sync}

    def append(self, account: Account, name: str, patch: bytes, origin: Device | None = None) -> None:
        """A patch under the next number; every device but the origin is told."""
        self._versions[account.phone, name] += 1
        version = self._versions[account.phone, name]
        numbered = encode([(_VERSION, [(1, version)])]) + patch
        self._database.write(INSERT_PATCH, (account.phone, name, version, numbered))
        news = [Node("collection", {"name": name, "version": version})]
        for companion in account.companions:
            if companion is not origin:
                self._mailbox.deliver(companion, notification(self._ids, "server_sync", SERVER, news))

    def sync(self, device: Device, question: Node) -> Reply:
        collections = [self._collection(device, each) for each in question.child("sync").all("collection")]
        return Reply([Node("sync", {}, collections)])

    def _collection(self, device: Device, asked: Node) -> Node:
        name, known = asked.text("name"), asked.number("version")
        phone = device.account.phone
        brought = asked.find("patch")
        if brought is not None and known == self._versions[phone, name]:
            self.append(device.account, name, brought.data, origin=device)
            self._observer(device.account, name, brought.data)
            # The client fetches its own patch right after, hence the version that it knew.
            return Node("collection", {"name": name, "version": known})
        head: Attributes = {"name": name, "version": self._versions[phone, name]}
        content: list[Node] = []
        if brought is not None:
            head = {**head, "type": "error"}
            content.append(Node("error", {"code": _CONFLICT, "text": "conflict"}))
        missing = [Node("patch", {}, patch) for (patch,) in self._database.read(SELECT_PATCHES, (phone, name, known))]
        if missing:
            content.append(Node("patches", {}, missing))
        return Node("collection", head, content or None)
