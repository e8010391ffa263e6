"""The certificate chain by which a WhatsApp server proves its Noise key: root -> intermediate -> leaf."""

import time

from sender.whatsapp.wire.curve import KeyPair, verify
from sender.whatsapp.wire.errors import HandshakeFailed, WireError
from sender.whatsapp.wire.protobuf import Fields, encode

# Field numbers: CertChain{leaf, intermediate}, NoiseCertificate{details, signature},
# Details{serial, issuer, key, notBefore, notAfter}
_LEAF, _INTERMEDIATE = 1, 2
_DETAILS, _SIGNATURE = 1, 2
_SERIAL, _ISSUER, _KEY, _NOT_BEFORE, _NOT_AFTER = 1, 2, 3, 4, 5

_INTERMEDIATE_SERIAL, _LEAF_SERIAL = 1, 2
_DAY = 86_400


def issue_chain(root: KeyPair, static: bytes, now: float | None = None) -> bytes:
    """A chain for the server's static public key, valid for ten years. The intermediate key is thrown away."""
    moment = int(time.time() if now is None else now)
    intermediate = KeyPair()

    def certificate(serial: int, issuer: int, key: bytes, signer: KeyPair) -> bytes:
        details = encode(
            [
                (_SERIAL, serial),
                (_ISSUER, issuer),
                (_KEY, key),
                (_NOT_BEFORE, moment - _DAY),
                (_NOT_AFTER, moment + 3650 * _DAY),
            ]
        )
        return encode([(_DETAILS, details), (_SIGNATURE, signer.sign(details))])

    # Clients insist that the intermediate's issuer is 0.
    return encode(
        [
            (_LEAF, certificate(_LEAF_SERIAL, _INTERMEDIATE_SERIAL, static, intermediate)),
            (_INTERMEDIATE, certificate(_INTERMEDIATE_SERIAL, 0, intermediate.public, root)),
        ]
    )


def check_chain(chain: bytes, static: bytes, root: bytes, now: float | None = None) -> None:
    """The checks that WhatsApp's own clients make. Raises HandshakeFailed with the first one that fails."""
    try:
        _check(Fields(chain), static, root, time.time() if now is None else now)
    except HandshakeFailed:
        raise
    except WireError as error:
        raise HandshakeFailed("the certificate chain cannot be read") from error


def _check(chain: Fields, static: bytes, root: bytes, now: float) -> None:
    leaf_details, leaf_signature = chain.data(_LEAF, _DETAILS), chain.data(_LEAF, _SIGNATURE)
    details, signature = chain.data(_INTERMEDIATE, _DETAILS), chain.data(_INTERMEDIATE, _SIGNATURE)
    leaf, intermediate = Fields(leaf_details), Fields(details)
    checks = (
        (verify(root, details, signature), "the intermediate is not signed by the root"),
        (intermediate.integer(_ISSUER) == 0, "the intermediate was not issued by the root"),
        (verify(intermediate.data(_KEY), leaf_details, leaf_signature), "the leaf is not signed by the intermediate"),
        (leaf.integer(_ISSUER) == intermediate.integer(_SERIAL), "the leaf was not issued by the intermediate"),
        (leaf.data(_KEY) == static, "the leaf is for another key"),
        (_is_valid_at(intermediate, now) and _is_valid_at(leaf, now), "a certificate is not valid now"),
    )
    for holds, failure in checks:
        if not holds:
            raise HandshakeFailed(failure)


def _is_valid_at(details: Fields, now: float) -> bool:
    return details.integer(_NOT_BEFORE) <= now <= details.integer(_NOT_AFTER)
