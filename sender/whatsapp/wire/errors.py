"""Errors of the wire. Whatever a peer sends, reading it ends in a value or in one of these, never in an IndexError.

WireError
├── MalformedFrame        a frame or stanza that cannot be read
├── MalformedProtobuf     bytes that are no protobuf message, or lack a field that must be there
├── HandshakeFailed       the Noise handshake does not add up: wrong key, wrong order, wrong certificate
└── BadKey                a public key or ciphertext that the curve or the cipher refuses
"""


class WireError(ValueError):
    """Something on the wire cannot be used."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or "").strip())


class MalformedFrame(WireError):
    """The frame cannot be read."""


class MalformedProtobuf(WireError):
    """The protobuf message cannot be read."""


class HandshakeFailed(WireError):
    """The Noise handshake failed."""


class BadKey(WireError):
    """The key is not usable."""
