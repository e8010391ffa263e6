"""Secrets of messages: what is answered to a poll or an event is encrypted with the secret that it brought along.

The key is HKDF-SHA256 of that secret over the message's id, its sender, who answers and the purpose; the cipher is
AES-256-GCM. Votes and answers also bind the message's id and who answers as associated data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.addresses import Jid, without_device
from sender.whatsapp.session import Secret
from sender.whatsapp.wire.derivation import derive

SECRET_BYTES = 32
NONCE_BYTES = 12


class Purpose(Enum):
    POLL_VOTE = "Poll Vote"
    EVENT_RESPONSE = "Event Response"
    EVENT_EDIT = "Event Edit"

    @property
    def binds(self) -> bool:
        return self is not Purpose.EVENT_EDIT


@dataclass(frozen=True, slots=True)
class Sealed:
    nonce: bytes
    ciphertext: bytes


def seal(
    content: bytes, purpose: Purpose, message_id: str, secret: Secret, answerer: Jid, random: Callable[[int], bytes]
) -> Sealed:
    """Encrypt what `answerer` says to the message that brought the secret."""
    key, bound = keys_of(purpose, message_id, secret, answerer)
    nonce = random(NONCE_BYTES)
    return Sealed(nonce, AESGCM(key).encrypt(nonce, content, bound))


def open_sealed(sealed: Sealed, purpose: Purpose, message_id: str, secret: Secret, answerer: Jid) -> bytes:
    """The inverse of `seal`. Raises InvalidTag."""
    key, bound = keys_of(purpose, message_id, secret, answerer)
    return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, bound)


def keys_of(purpose: Purpose, message_id: str, secret: Secret, answerer: Jid) -> tuple[bytes, bytes | None]:
    """The key, and the associated data where the purpose has any."""
    asker, answering = without_device(secret.sender), without_device(answerer)
    key = derive(secret.key, 32, purpose=f"{message_id}{asker}{answering}{purpose.value}".encode())
    return key, f"{message_id}\0{answering}".encode() if purpose.binds else None
