"""The library's stored keys (JSON of libsignal's structures) as sessions and sender keys of our own."""

import base64
from collections.abc import Iterator
from typing import Any

import orjson

from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.derivation import derive
from sender.whatsapp.wire.signal.ratchet import Chain, Session
from sender.whatsapp.wire.signal.sender_key import SenderKey


class UnknownForm(ValueError):
    """A stored key is not written as this version of the relay knows it."""


def read_sessions(identity: KeyPair, record: bytes) -> list[Session]:
    """The current one first, then those that were archived. Raises UnknownForm."""
    try:
        stored = orjson.loads(record)
        states = [stored["SessionState"], *(stored.get("PreviousStates") or [])]
        return [_session(identity, state) for state in states if state and state.get("RootKey")]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownForm(f"a session: {type(error).__name__}") from None


def read_sender_keys(record: bytes) -> list[SenderKey]:
    """Raises UnknownForm."""
    try:
        return [_sender_key(state) for state in orjson.loads(record)["SenderKeyStates"] or []]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownForm(f"a sender key: {type(error).__name__}") from None


def _session(identity: KeyPair, state: dict[str, Any]) -> Session:
    sending = state.get("SenderChain") or {}
    ratchet = _bytes(sending.get("SenderRatchetKeyPrivate"))
    chain_key = sending.get("ChainKey") or {}
    return Session(
        own_identity=identity,
        peer_identity=_key(state["RemoteIdentityPublic"]),
        base=_key(state.get("SenderBaseKey")),
        root=_bytes(state["RootKey"]),
        ratchet=KeyPair(ratchet) if ratchet else KeyPair(),
        sending_key=_bytes(chain_key.get("Key")),
        sending_counter=int(chain_key.get("Index") or 0),
        previous_counter=int(state.get("PreviousCounter") or 0),
        chains=dict(_chains(state.get("ReceiverChains") or [])),
    )


def _chains(stored: list[dict[str, Any]]) -> Iterator[tuple[bytes, Chain]]:
    for each in stored:
        skipped = {
            int(key["Index"]): _bytes(key["CipherKey"]) + _bytes(key["MacKey"]) + _bytes(key["IV"])
            for key in each.get("MessageKeys") or []
        }
        if any(len(keys) != 80 for keys in skipped.values()):
            raise ValueError
        chain = each["ChainKey"]
        yield _key(each["SenderRatchetKeyPublic"]), Chain(_bytes(chain["Key"]), int(chain["Index"]), skipped)


def _sender_key(state: dict[str, Any]) -> SenderKey:
    chain = state["SenderChainKey"]
    skipped = {
        int(key["Iteration"]): derive(_bytes(key["Seed"]), 48, purpose=b"WhisperGroup")
        if key.get("Seed")
        else _bytes(key["IV"]) + _bytes(key["CipherKey"])
        for key in state.get("Keys") or []
    }
    return SenderKey(
        int(state["KeyID"]),
        int(chain["Iteration"]),
        _bytes(chain["ChainKey"]),
        _key(state["SigningKeyPublic"]),
        skipped=skipped,
    )


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text) if text else b""


def _key(text: str | None) -> bytes:
    """A public key, without the byte that says its type."""
    return _bytes(text)[-32:]
