"""Messages that came out of order, on chains that were left and in sessions that were archived, opened from records."""

import base64
import json
from typing import Any

import pytest

from sender.whatsapp.relay.record import Record
from sender.whatsapp.relay.recovery import DeviceKeys, Lost, recover
from sender.whatsapp.relay.stored_keys import UnknownForm, read_sender_keys, read_sessions
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.jid import Jid
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.protobuf import encode as fields
from sender.whatsapp.wire.signal.cipher import pad
from sender.whatsapp.wire.signal.ratchet import KEY_TYPE, Bundle, Opening, Session
from sender.whatsapp.wire.signal.sender_key import SenderKey

BIA, GROUP = Jid("5511988887777", "s.whatsapp.net"), Jid("120363", "g.us")
HELLO = fields([(1, "hello")])


class Pair:
    """A contact that writes to our device, and our end as the library stores it."""

    def __init__(self) -> None:
        self.device = DeviceKeys(KeyPair(), KeyPair())
        self.prekey = KeyPair()
        self.identity = KeyPair()
        signed = self.device.signed_prekey
        signature = self.device.identity.sign(KEY_TYPE + signed.public)
        bundle = Bundle(self.device.identity.public, 1, signed.public, signature, 7, self.prekey.public)
        self.theirs = Session.begin(self.identity, bundle)

    def write(self, message: bytes = HELLO) -> tuple[str, bytes]:
        return self.theirs.encrypt(pad(message), 1)

    def begin(self) -> Session:
        """Our end after the first message, which is answered."""
        _, sealed = self.write()
        opening = Opening.parse(sealed)
        ours = Session.accept(self.device.identity, self.device.signed_prekey, self.prekey, opening)
        ours.decrypt(opening.message)
        self.theirs.decrypt(ours.encrypt(pad(HELLO), 1)[1])
        return ours


def stanza(*parts: tuple[str, bytes], sender: Jid = BIA) -> bytes:
    return encode(Node("message", {"from": sender, "id": "A"}, [Node("enc", {"type": k}, d) for k, d in parts]))


def stored(current: Session | None, *archived: Session) -> bytes:
    return json.dumps(
        {"SessionState": current and _state(current), "PreviousStates": [_state(each) for each in archived]}
    ).encode()


def stored_sender_key(key: SenderKey) -> bytes:
    skipped = [
        {"Iteration": number, "IV": _text(keys[:16]), "CipherKey": _text(keys[16:])}
        for number, keys in key.skipped.items()
    ]
    chain = {"Iteration": key.iteration, "ChainKey": _text(key.chain_key)}
    state = {"KeyID": key.id, "Keys": skipped, "SenderChainKey": chain}
    state["SigningKeyPublic"] = _text(KEY_TYPE + key.signing_public)
    return json.dumps({"SenderKeyStates": [state]}).encode()


def test_a_first_message_is_opened_with_the_one_time_key_that_it_names() -> None:
    pair = Pair()
    record = Record(stanza(pair.write()), prekey=pair.prekey.private)
    assert recover(pair.device, record).messages == (HELLO,)


def test_messages_out_of_order_are_opened_with_the_keys_that_were_skipped() -> None:
    pair = Pair()
    ours = pair.begin()
    first, second, third = pair.write(b"\x0a\x011"), pair.write(b"\x0a\x012"), pair.write(b"\x0a\x013")
    before = stored(ours)
    assert recover(pair.device, Record(stanza(third), sessions=(before,))).messages == (b"\x0a\x013",)
    ours.decrypt(third[1])
    after = stored(ours)
    for sealed, text in ((second, b"\x0a\x012"), (first, b"\x0a\x011")):
        assert recover(pair.device, Record(stanza(sealed), sessions=(after,))).messages == (text,)
    with pytest.raises(Lost):
        recover(pair.device, Record(stanza(third), sessions=(after,)))


def test_a_message_on_a_chain_that_was_left_is_opened() -> None:
    pair = Pair()
    ours = pair.begin()
    late = pair.write()
    ours.decrypt(pair.write()[1])
    pair.theirs.decrypt(ours.encrypt(pad(HELLO), 1)[1])
    ours.decrypt(pair.write()[1])
    assert recover(pair.device, Record(stanza(late), sessions=(stored(ours),))).messages == (HELLO,)


def test_a_message_of_an_archived_session_is_opened() -> None:
    pair = Pair()
    ours, newer = pair.begin(), Pair().begin()
    record = Record(stanza(pair.write()), sessions=(stored(newer, ours),))
    assert recover(pair.device, record).messages == (HELLO,)


def test_a_group_message_is_opened_with_the_key_that_came_with_it_or_before() -> None:
    pair, key = Pair(), SenderKey.create()
    distribution = fields([(2, [(1, "120363@g.us"), (2, key.distribution())])])
    carrier = Record(
        stanza(pair.write(distribution), ("skmsg", key.encrypt(pad(HELLO))), sender=GROUP), prekey=pair.prekey.private
    )
    assert recover(pair.device, carrier).messages == (distribution, HELLO)
    following = stanza(("skmsg", key.encrypt(pad(HELLO))), sender=GROUP)
    assert recover(pair.device, Record(following, carrier=carrier)).messages == (HELLO,)
    assert Record.decode(Record(following, carrier=carrier).encode()) == Record(following, carrier=carrier)
    with pytest.raises(Lost):
        recover(pair.device, Record(following))


def test_group_messages_out_of_order_are_opened() -> None:
    pair, key = Pair(), SenderKey.create()
    theirs = SenderKey.from_distribution(key.distribution())
    first, second = key.encrypt(pad(HELLO)), key.encrypt(pad(HELLO))
    theirs.decrypt(second)
    record = Record(stanza(("skmsg", first), sender=GROUP), sender_keys=(stored_sender_key(theirs),))
    assert recover(pair.device, record).messages == (HELLO,)


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b'{"SessionState": 1}', b'{"SessionState": {"RootKey": "!"}}'])
def test_keys_in_another_form_are_refused(record: bytes) -> None:
    for read in (lambda: read_sessions(KeyPair(), record), lambda: read_sender_keys(record)):
        with pytest.raises(UnknownForm):
            read()


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 40, b"\x33" * 80])
@pytest.mark.parametrize("kind", ["msg", "pkmsg", "skmsg", "msmsg", "?"])
def test_whatever_a_stanza_holds_it_is_opened_or_lost(kind: str, data: bytes) -> None:
    pair = Pair()
    with pytest.raises(Lost):
        recover(pair.device, Record(stanza((kind, data)), prekey=b"\x01", sessions=(b"{}", b"\xff")))


def _state(session: Session) -> dict[str, Any]:
    chains = [
        {
            "SenderRatchetKeyPublic": _text(KEY_TYPE + ratchet),
            "ChainKey": {"Key": _text(chain.key), "Index": chain.counter},
            "MessageKeys": [
                {"Index": n, "CipherKey": _text(k[:32]), "MacKey": _text(k[32:64]), "IV": _text(k[64:])}
                for n, k in chain.skipped.items()
            ],
        }
        for ratchet, chain in session.chains.items()
    ]
    return {
        "RemoteIdentityPublic": _text(KEY_TYPE + session.peer_identity),
        "SenderBaseKey": _text(KEY_TYPE + session.base),
        "RootKey": _text(session.root),
        "PreviousCounter": session.previous_counter,
        "SenderChain": {
            "SenderRatchetKeyPrivate": _text(session.ratchet.private),
            "ChainKey": {"Key": _text(session.sending_key), "Index": session.sending_counter},
        },
        "ReceiverChains": chains,
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
