"""The record of a message that came in: its stanza and the keys that open it, as they were when it came."""

from __future__ import annotations

from dataclasses import dataclass

from sender.whatsapp.wire.protobuf import Fields, Value, encode

_STANZA, _PREKEY, _SESSION, _SENDER_KEY, _CARRIER = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Record:
    """Key material: sealed wherever it is stored, and never told to anybody. `prekey` is the private half of the
    one-time key that an opening names; `carrier` is an earlier record of the same sender and group that was still on
    its way: it may hold the sender key that the snapshot lacks."""

    stanza: bytes
    prekey: bytes | None = None
    sessions: tuple[bytes, ...] = ()
    sender_keys: tuple[bytes, ...] = ()
    carrier: Record | None = None

    def encode(self) -> bytes:
        fields: list[tuple[int, Value]] = [(_STANZA, self.stanza), (_PREKEY, self.prekey)]
        fields += [(_SESSION, each) for each in self.sessions]
        fields += [(_SENDER_KEY, each) for each in self.sender_keys]
        return encode([*fields, (_CARRIER, self.carrier.encode() if self.carrier is not None else None)])

    @staticmethod
    def decode(data: bytes) -> Record:
        """Raises MalformedProtobuf."""
        fields = Fields(data)
        carrier = fields.data(_CARRIER, default=b"")
        return Record(
            fields.data(_STANZA),
            fields.data(_PREKEY) if _PREKEY in fields else None,
            _all(fields, _SESSION),
            _all(fields, _SENDER_KEY),
            Record.decode(carrier) if carrier else None,
        )


def _all(fields: Fields, number: int) -> tuple[bytes, ...]:
    return tuple(each for each in fields.all(number) if isinstance(each, bytes))
