"""What node and host say to each other over their socket: small frames, each a kind, an id, some fields and a body.

    node -> host   open, close, send, presence, logout         a call; `id` names it
                   mark-read, reject-call, upload, download    a call
                   pairing-code, ask, schema                   a call
                   query {session, patience} + body            a call; an iq of ours through the relay, and its answer
                   notify {session} + body                     a stanza that the library takes for WhatsApp's
                   ping                                        a call; answered by the main loop as long as it runs
                   withdraw                                    forget call `id` if the library has not seen it yet
                   verdict {go}                                answer to on-wire: may the bytes of call `id` leave?
                   ack {session, number}                       events up to this number are safe
                   kept {session, number}                      messages up to this number may reach the library
                   remind {session, to, wire_id} + body        a call; a message that was sent before, to be known again
                   reminded {session, number}                  who asks for a forgotten message may reach the library
                   give-up {session, library_id}               the library need not wait for WhatsApp's word on it
    host -> node   hello {version}                             the library is loaded
                   answer {error?, held?, was_seen?} + body    end of call `id`; held: its bytes were not let go, for
                                                               which the session may have been cut off (is_cut_off);
                                                               was_seen: its id was, so the relay kept it back
                   on-wire {whatsapp_id, library_id}           call `id` is about to leave; both of its ids
                   event {session, number, code, at} + body    one event of the library
                   arrived {session, number} + body            a message's stanza, which waits in the relay
                   forgotten {session, number} + body          who asks for a message that the library has forgotten
                   late {session} + body                       WhatsApp's word on a message that was given up
                   qr {session} + body, status {session} + body
                   ended {session, error}                      the session's thread is over
                   log {level, line}

On the wire: length (4 bytes), length of the head (2 bytes), head (JSON), body. The body is the library's own bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

LONGEST = 256 * 1024 * 1024

_LENGTHS = struct.Struct(">IH")


@dataclass(frozen=True, slots=True)
class Frame:
    kind: str
    id: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def encode(self) -> bytes:
        head = orjson.dumps({**self.fields, "kind": self.kind, "id": self.id})
        return _LENGTHS.pack(len(head) + len(self.body), len(head)) + head + self.body


class Damaged(Exception):
    """The other end does not speak this protocol."""


class Decoder:
    """Turns what a socket gives, in whatever pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            length, head_length = _LENGTHS.unpack_from(self._buffer)
            if length > LONGEST or head_length > length:
                raise Damaged(f"a frame of {length} bytes with a head of {head_length}")
            end = _LENGTHS.size + length
            if len(self._buffer) < end:
                return
            body_at = _LENGTHS.size + head_length
            head = orjson.loads(self._buffer[_LENGTHS.size : body_at])
            body = bytes(self._buffer[body_at:end])
            del self._buffer[:end]
            yield Frame(head.pop("kind"), head.pop("id"), head, body)
