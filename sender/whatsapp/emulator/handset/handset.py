"""One emulated phone: decrypts what reaches it, keeps it, acknowledges it, and does what its script says."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from common import addresses, logs
from sender.whatsapp.emulator import contents
from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group, Groups
from sender.whatsapp.emulator.handset.companions import Companions
from sender.whatsapp.emulator.handset.outgoing import Outgoing, peer_name
from sender.whatsapp.emulator.handset.sightings import Sightings
from sender.whatsapp.emulator.inbox import Inbox, Received
from sender.whatsapp.emulator.receipts import Receipts
from sender.whatsapp.emulator.signal.keystore import Keystore
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.jid import GROUP_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node
from sender.whatsapp.wire.signal.cipher import SignalError

MAX_ATTEMPTS = 5  # as clients do: after that a message stays unreadable
KEPT_HEADS = 1_000  # messages that it can ask for again

log = logs.get(__name__)


class Incoming(NamedTuple):
    """A message that was read, and from which device it came."""

    received: Received
    device: Device


@dataclass(frozen=True, slots=True)
class Script:
    """How a contact behaves. One that does not acknowledge receives, but nobody is told."""

    respond: Callable[["Handset", Incoming], None]
    acknowledges: bool = True


class Handset:
    """`script` gives the account's script of the moment."""

    def __init__(
        self,
        device: Device,
        keystore: Keystore,
        outgoing: Outgoing,
        companions: Companions,
        directory: Directory,
        groups: Groups,
        receipts: Receipts,
        inbox: Inbox,
        sightings: Sightings,
        script: Callable[[Account], Script],
    ) -> None:
        self.device, self.account = device, device.account
        self.outgoing, self.companions, self.sightings = outgoing, companions, sightings
        self._keystore = keystore
        self._directory, self._groups = directory, groups
        self._receipts, self._inbox = receipts, inbox
        self._script = script
        self._attempts: Counter[str] = Counter()
        self._heads: OrderedDict[str, Node] = OrderedDict()

    # --- what others do to it ---

    def receive(self, node: Node) -> None:
        """Whatever the server delivers."""
        if node.tag == "message":
            self._message(node)
        elif node.tag == "receipt":
            self._receipt(node)
        elif node.tag == "call":
            self.sightings.add("call", self._phone(node), id=node.first.get("call-id"), what=node.first.tag)
        elif node.tag == "chatstate":
            chat = self.name_of(node.jid("from"))
            recording = node.first.get("media") == "audio"
            what = "recording" if recording else "typing" if node.first.tag == "composing" else "paused"
            self.sightings.add("typing", self._phone(node), chat=chat, what=what)
        elif node.tag == "presence":
            self.sightings.add("presence", self._phone(node), online=node.get("type") != "unavailable")
        elif node.tag == "notification":
            self.sightings.add("notification", self._phone(node), type=node.get("type"), what=node.first.tag)

    # --- what it does ---

    def read(self, message: Received, kind: str | None = "read") -> None:
        """Tell the author that a message was read, or `played`; None says that it was delivered."""
        chat, author = self.chat(message.chat), self._directory.by_phone(message.sender)
        if chat is None or author is None:
            return
        head: Attributes = {"to": author.lid_jid}
        if isinstance(chat, Group):
            head = {"to": chat.jid, "participant": author.jid(chat.addressing)}
        more: Attributes = {"id": message.id, "type": kind, "t": now()}
        self._receipts.accept(self.device, Node("receipt", {**head, **more}))

    def ask_again(self, message_id: str) -> bool:
        """As if it could not read a message that came. False: none came under that id."""
        head = self._heads.get(message_id)
        device = self._directory.device(head.find_jid("participant") or head.jid("from")) if head else None
        if head is None or device is None:
            return False
        self._ask_again(head, device, "it is told so")
        return True

    def chat(self, name: str) -> Account | Group | None:
        """The chat that the control API and the inbox call by a phone number or a group's address."""
        if "@" not in name:
            return self._directory.by_phone(name)
        return self._groups.find(Jid.parse(name))

    def name_of(self, jid: Jid) -> str:
        account = self._directory.by_jid(jid)
        return account.phone if account else str(jid.bare())

    # --- messages ---

    def _message(self, stanza: Node) -> None:
        author = stanza.find_jid("participant") or stanza.jid("from")
        device = self._directory.device(author)
        if device is None:
            return
        self._heads[stanza.text("id")] = Node(stanza.tag, stanza.attributes)
        if len(self._heads) > KEPT_HEADS:
            self._heads.popitem(last=False)
        plaintexts, failure = self._decrypt(stanza, device)
        messages = [text for text in plaintexts if contents.has_content(text)]
        if failure and not messages and not self._knows(stanza, device):
            self._ask_again(stanza, device, failure)
            return
        received = [self._keep(stanza, device, message) for message in messages]
        self._acknowledge(stanza, device)
        if device.account is not self.account:
            for message in filter(None, received):
                self._script(self.account).respond(self, Incoming(message, device))

    def _decrypt(self, stanza: Node, device: Device) -> tuple[list[bytes], str | None]:
        """Everything that can be read, and why the rest cannot. Sender keys are learned on the way."""
        plaintexts: list[bytes] = []
        failure: str | None = None
        chat, peer = str(stanza.jid("from")), peer_name(device)
        for enc in stanza.all("enc"):
            try:
                if enc.get("type") == "skmsg":
                    plaintexts.append(self._keystore.decrypt_group(chat, peer, enc.data))
                    continue
                plaintext = self._keystore.decrypt(peer, enc.text("type"), enc.data)
                sender_key = contents.read_sender_key(plaintext)
                if sender_key:
                    self._keystore.learn_sender_key(sender_key[0], peer, sender_key[1])
                plaintexts.append(plaintext)
            except (SignalError, WireError) as error:
                failure = str(error)
        return plaintexts, failure

    def _keep(self, stanza: Node, device: Device, message: bytes) -> Received | None:
        """None when it is no part of a chat, or was there already."""
        if stanza.get("category") == "peer":
            return None
        origin = stanza.jid("from")
        chat = str(origin) if origin.server == GROUP_SERVER else self.name_of(origin)
        copy = contents.read_copy(message)
        if copy:
            chat, message = self.name_of(Jid.parse(copy.chat)), copy.message
        content = contents.read(message)
        return self._inbox.add(
            self.account.phone,
            id=stanza.text("id"),
            chat=chat,
            sender=device.account.phone,
            kind=content.kind,
            text=content.text,
            at=float(stanza.number("t")),
            message=message,
        )

    def _knows(self, stanza: Node, device: Device) -> bool:
        """Whether this message came before: clients send again what may not have arrived, and it reads only once."""
        known = self._inbox.find(self.account.phone, stanza.text("id"))
        return known is not None and known.sender == device.account.phone

    def _acknowledge(self, stanza: Node, device: Device) -> None:
        kind = None
        if stanza.get("category") == "peer":
            kind = "peer_msg"
        elif device.account is self.account:
            kind = "sender"
        elif not self._script(self.account).acknowledges:
            return
        self._answer(stanza, {"type": kind, "recipient": stanza.find_jid("recipient")})

    def _ask_again(self, stanza: Node, device: Device, failure: str) -> None:
        message_id = stanza.text("id")
        self._attempts[message_id] += 1
        attempt = self._attempts[message_id]
        log.info("message not readable", phone=addresses.masked(self.account.phone), id=message_id, reason=failure)
        if attempt > MAX_ATTEMPTS:
            return
        retry: Attributes = {"count": attempt, "id": message_id, "t": stanza.get("t"), "v": 1}
        content = [
            Node("retry", retry),
            Node("registration", {}, self.device.registration_id.to_bytes(4, "big")),
        ]
        if attempt > 1:
            content.append(self._keys())
        self._answer(stanza, {"type": "retry"}, content)

    def _keys(self) -> Node:
        """A bundle without a one-time prekey, for a peer whose session with us is beyond repair."""
        signed = zip(("id", "value", "signature"), self.device.signed_prekey, strict=True)
        return Node(
            "keys",
            {},
            [
                Node("type", {}, b"\x05"),
                Node("identity", {}, self.device.identity_public),
                Node("skey", {}, [Node(tag, {}, data) for tag, data in signed]),
            ],
        )

    def _answer(self, stanza: Node, more: Attributes, content: list[Node] | None = None) -> None:
        head: Attributes = {
            "to": stanza.jid("from"),
            "id": stanza.text("id"),
            "participant": stanza.find_jid("participant"),
            **more,
        }
        self._receipts.accept(self.device, Node("receipt", head, content))

    # --- receipts ---

    def _receipt(self, receipt: Node) -> None:
        reader = receipt.find_jid("participant") or receipt.jid("from")
        device, kind = self._directory.device(reader), receipt.get("type") or "delivered"
        if kind == "retry" and device:
            afresh = receipt.find("keys") is not None or receipt.child("retry").number("count") > 1
            self.outgoing.send_again(receipt.text("id"), device, afresh=afresh)
        more = [item.text("id") for item in (receipt.find("list") or receipt).all("item")]
        ids = [receipt.text("id"), *more]
        self.sightings.add("receipt", self.name_of(reader), ids=ids, what=kind)

    def _phone(self, node: Node) -> str:
        return self.name_of(node.find_jid("participant") or node.jid("from"))
