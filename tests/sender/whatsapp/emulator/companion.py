"""A linked device in a few lines: speaks stanzas with the server's services directly, no socket and no Noise between.

It shares the curve and the ratchet with the emulator; that those agree with real clients is what the tests with real
sessions show.
"""

import asyncio
import base64
import itertools
import os

from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.contents import write_copy, write_text
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.curve import KeyPair, verify
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.derivation import authentication_code
from sender.whatsapp.wire.encoder import encode as encode_node
from sender.whatsapp.wire.jid import LID_SERVER, SERVER, Jid
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.protobuf import Fields, encode
from sender.whatsapp.wire.signal.cipher import pad, unpad
from sender.whatsapp.wire.signal.ratchet import Bundle, Opening, Session

PREKEYS = 30


class FakeConnection:
    """What a Connection is to the services: stanzas go through the real encoding, and nothing gets lost."""

    def __init__(self, server: Server, client_static: bytes, payload: bytes) -> None:
        self.server = server
        self.client_static, self.payload = client_static, payload
        self.device: Device | None = None
        self.is_closing = False
        self.is_aborted = False
        self.received: list[Node] = []

    def send(self, node: Node) -> None:
        self.send_encoded(encode_node(node))

    def send_encoded(self, stanza: bytes) -> None:
        if not self.is_closing:
            self.received.append(decode(stanza))

    def close(self, after: float = 0.3) -> None:
        """As with a real one, the services hear of the end a moment later."""
        if not self.is_closing:
            self.is_closing = True
            asyncio.get_running_loop().call_soon(self.server.clients.closed, self)

    def abort(self) -> None:
        self.is_aborted = True
        self.close()

    def say(self, node: Node) -> None:
        self.server.clients.received(self, decode(encode_node(node)))

    def all(self, tag: str) -> list[Node]:
        return [node for node in self.received if node.tag == tag]

    def last(self, tag: str) -> Node:
        return self.all(tag)[-1]


class Companion:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.noise, self.identity, self.signed = KeyPair(), KeyPair(), KeyPair()
        self.secret = os.urandom(32)
        self.registration_id = int.from_bytes(os.urandom(2), "big") | 1
        self.prekeys = {number: KeyPair() for number in range(1, PREKEYS + 1)}
        self.sessions: dict[str, Session] = {}
        self.jid = self.lid = SERVER
        self.proof = b""
        self.shared: list[bytes] = []
        self._ids = itertools.count(1)
        self.connection = FakeConnection(server, b"", b"")

    # --- linking and logging in ---

    def register(self) -> str:
        """Connect as an unlinked client; gives the text of the QR code."""
        registration = [
            (1, self.registration_id.to_bytes(4, "big")),
            (2, b"\x05"),
            (3, self.identity.public),
            (4, b"\0\0\1"),
            (5, self.signed.public),
            (6, self.identity.sign(b"\x05" + self.signed.public)),
        ]
        self.connection = FakeConnection(self.server, self.noise.public, encode([(19, registration)]))
        self.server.clients.opened(self.connection)
        reference = self.connection.last("iq").child("pair-device", "ref").data.decode()
        keys = (self.noise.public, self.identity.public, self.secret)
        return ",".join([f"https://wa.me/settings/linked_devices#{reference}", *map(_text, keys), "7"])

    def answer_phone(self) -> None:
        """Check and countersign what the phone vouched for."""
        question = self.connection.last("iq")
        success = question.child("pair-success")
        outer = Fields(success.child("device-identity").data)
        signed = outer.data(1)
        assert outer.data(2) == authentication_code(self.secret, signed)
        details, account, signature = (Fields(signed).data(number) for number in (1, 2, 3))
        assert verify(account, b"\x06\x00" + details + self.identity.public, signature)
        own = self.identity.sign(b"\x06\x01" + details + self.identity.public + account)
        self.proof = encode([(1, details), (2, account), (3, signature), (4, own)])
        self.jid, self.lid = success.child("device").jid("jid"), success.child("device").jid("lid")
        identity = Node("device-identity", {"key-index": self.jid.device}, self.proof)
        head = {"type": "result", "id": question.get("id"), "to": SERVER}
        self.connection.say(Node("iq", head, [Node("pair-device-sign", {}, [identity])]))

    def log_in(self, *, activate: bool = True) -> None:
        payload = encode([(1, int(self.jid.user)), (3, True), (18, self.jid.device)])
        self.connection = FakeConnection(self.server, self.noise.public, payload)
        self.server.clients.opened(self.connection)
        if activate and not self.connection.is_closing:
            if self.ask("encrypt", Node("count")).child("count").number("value") < 5:
                self.upload_prekeys()
            self.ask("passive", Node("active"), kind="set")

    def upload_prekeys(self) -> None:
        keys = [
            Node("key", {}, [Node("id", {}, _number(number)), Node("value", {}, pair.public)])
            for number, pair in self.prekeys.items()
        ]
        signed = (_number(1), self.signed.public, self.identity.sign(b"\x05" + self.signed.public))
        content = [
            Node("registration", {}, self.registration_id.to_bytes(4, "big")),
            Node("type", {}, b"\x05"),
            Node("identity", {}, self.identity.public),
            Node("list", {}, keys),
            Node(
                "skey",
                {},
                [Node(tag, {}, data) for tag, data in zip(("id", "value", "signature"), signed, strict=True)],
            ),
        ]
        self.ask("encrypt", *content, kind="set")

    def leave(self) -> None:
        self.connection.abort()

    # --- talking ---

    def ask(self, namespace: str, *content: Node, kind: str = "get", to: Jid = SERVER) -> Node:
        """The answer to a question, errors included."""
        question_id = f"q{next(self._ids)}"
        self.connection.say(Node("iq", {"id": question_id, "type": kind, "xmlns": namespace, "to": to}, content))
        return next(node for node in reversed(self.connection.all("iq")) if node.get("id") == question_id)

    def devices_of(self, *accounts: Jid) -> list[Jid]:
        query = Node("query", {}, [Node("devices", {"version": "2"})])
        users = Node("list", {}, [Node("user", {"jid": jid}) for jid in accounts])
        answer = self.ask("usync", Node("usync", {"sid": "1", "mode": "query"}, [query, users]))
        return [
            Jid(user.jid("jid").user, user.jid("jid").server, device.number("id"))
            for user in answer.child("usync", "list").children
            for device in user.child("devices", "device-list").children
        ]

    def send(self, to: Jid, text: str, message_id: str | None = None) -> str:
        """To every device of the account and to our own others, like a client."""
        message_id = message_id or f"3EB0{next(self._ids):018X}"
        message, parts = write_text(text), []
        for jid in self.devices_of(to, self.lid.bare()):
            if jid != self.lid:
                body = write_copy(str(to), message) if jid.user == self.lid.user else message
                parts.append(Node("to", {"jid": jid}, [self.encrypt(jid, body)]))
        head = {"to": to, "id": message_id, "type": "text"}
        content = [Node("participants", {}, parts), Node("device-identity", {}, self.proof)]
        self.connection.say(Node("message", head, content))
        return message_id

    def encrypt(self, jid: Jid, message: bytes) -> Node:
        if str(jid) not in self.sessions:
            self.sessions[str(jid)] = Session.begin(self.identity, self.bundle(jid))
        kind, ciphertext = self.sessions[str(jid)].encrypt(pad(message), self.registration_id)
        return Node("enc", {"v": "2", "type": kind}, ciphertext)

    def bundle(self, jid: Jid) -> Bundle:
        answer = self.ask("encrypt", Node("key", {}, [Node("user", {"jid": jid})]))
        user = answer.child("list", "user")
        one_time = user.find("key")
        return Bundle(
            user.child("identity").data,
            int.from_bytes(user.child("skey", "id").data, "big"),
            user.child("skey", "value").data,
            user.child("skey", "signature").data,
            int.from_bytes(one_time.child("id").data, "big") if one_time else None,
            one_time.child("value").data if one_time else None,
        )

    def decrypt(self, stanza: Node) -> bytes:
        """The first ciphertext of a message."""
        sender, enc = str(stanza.find_jid("participant") or stanza.jid("from")), stanza.child("enc")
        body = enc.data
        if enc.get("type") == "pkmsg":
            opening = Opening.parse(body)
            body = opening.message
            if sender not in self.sessions or self.sessions[sender].base != opening.base:
                prekey = self.prekeys[opening.prekey_id] if opening.prekey_id else None
                self.sessions[sender] = Session.accept(self.identity, self.signed, prekey, opening)
        return unpad(self.sessions[sender].decrypt(body))

    def messages(self) -> list[Node]:
        """Those of chats; not what the phone shares with its companions."""
        return [node for node in self.connection.all("message") if node.get("category") != "peer"]

    def texts(self) -> list[str]:
        """The texts of the messages of others that came over this connection, in order."""
        return [Fields(self.decrypt(node)).text(1, default="") for node in self.messages()]

    def acknowledge(self, stanza: Node, kind: str | None = None) -> None:
        head = {"id": stanza.get("id"), "to": stanza.jid("from"), "type": kind}
        if stanza.tag == "message":
            participant = stanza.find_jid("participant")
            self.connection.say(Node("receipt", {**head, "participant": participant}))
        else:
            self.connection.say(Node("ack", {**head, "class": stanza.tag, "type": stanza.get("type")}))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _number(number: int) -> bytes:
    return number.to_bytes(3, "big")


def lid_of(server: Server, phone: str) -> Jid:
    account = server.directory.by_phone(phone)
    assert account
    return Jid(account.lid, LID_SERVER)


async def linked(server: Server, phone: str) -> Companion:
    """A companion of an account, linked by a scan, logged in, and provided with what its phone shares."""
    companion = Companion(server)
    code = companion.register()
    account = server.directory.by_phone(phone)
    assert account
    linking = server.pairing.scan(account, code)
    companion.answer_phone()
    await linking
    companion.log_in()
    for stanza in list(companion.connection.received):
        if stanza.tag == "message":
            companion.shared.append(companion.decrypt(stanza))
        if stanza.tag in ("message", "notification"):
            companion.acknowledge(stanza)
    return companion
