"""What a decrypted message holds: its kind in one word, its text, and what is wrapped around it."""

from dataclasses import dataclass

from sender.whatsapp.wire.protobuf import Fields, Value, encode

# Fields of waE2E.Message
CONVERSATION, SENDER_KEY, EXTENDED_TEXT, PROTOCOL, DEVICE_SENT, CONTEXT = 1, 2, 6, 12, 31, 35
REACTION = 46

# Field -> kind, and where the text that people read stands in it.
_KINDS: dict[int, tuple[str, tuple[int, ...]]] = {
    CONVERSATION: ("text", ()),
    3: ("image", (3,)),
    4: ("contact", (1,)),
    5: ("location", (3,)),
    EXTENDED_TEXT: ("text", (1,)),
    7: ("document", (20,)),
    8: ("audio", ()),
    9: ("video", (7,)),
    13: ("contacts", (1,)),
    18: ("live-location", (6,)),
    25: ("template", ()),
    26: ("sticker", ()),
    28: ("group-invite", (6,)),
    29: ("template-reply", (2,)),
    30: ("product", (4,)),
    36: ("list", (2,)),
    38: ("order", (6,)),
    39: ("list-reply", (1,)),
    42: ("buttons", (6,)),
    43: ("buttons-reply", (2,)),
    45: ("interactive", (2, 1)),
    REACTION: ("reaction", (2,)),
    48: ("interactive-reply", (1, 1)),
    49: ("poll", (2,)),
    50: ("poll-vote", ()),
    51: ("keep", ()),
    56: ("reaction", ()),  # encrypted, in communities
    60: ("poll", (2,)),
    63: ("pin", ()),
    64: ("poll", (2,)),
    66: ("video-note", (7,)),
    75: ("event", (3,)),
    76: ("event-reply", ()),
    77: ("comment", (1, 1)),
    78: ("newsletter-invite", (4,)),
    82: ("edit", ()),  # with a secret of the message that it changes
    83: ("album", ()),
    86: ("sticker-pack", (2,)),
    111: ("poll", (2,)),
    119: ("poll", (2,)),
}
# A message in an envelope: view once, disappearing, edited, with caption...
_ENVELOPES = (37, 40, 53, 55, 58, 59, 62, 67, 74, 85, 87, 90, 91, 92, 93, 96, 99, 101, 103, 118)

_PROTOCOL_TYPE, _EDITED = 2, 14
_PROTOCOL_KINDS = {0: "revoke", 3: "disappearing", 14: "edit"}

MAX_ENVELOPES = 8  # a message that nests deeper was not made by any client


@dataclass(frozen=True, slots=True)
class Content:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SentByUs:
    """A copy of what a companion of the same account sent: to which chat, and the message."""

    chat: str
    message: bytes


def read(message: bytes) -> Content:
    """Kind and text of a waE2E.Message; `other` when the kind is not known. Raises MalformedProtobuf."""
    fields = Fields(message)
    for _ in range(MAX_ENVELOPES):
        envelope = next((number for number in _ENVELOPES if number in fields), None)
        if envelope is None:
            break
        fields = fields.message(envelope, 1)
    if PROTOCOL in fields:
        return _protocol(fields.message(PROTOCOL))
    for number in fields:
        if number in _KINDS:
            kind, path = _KINDS[number]
            text = fields.data(number, *path, default=b"") if path or number == CONVERSATION else b""
            return Content(kind, text.decode(errors="replace"))
    return Content("other", "")


def read_copy(message: bytes) -> SentByUs | None:
    """Raises MalformedProtobuf."""
    fields = Fields(message)
    if DEVICE_SENT not in fields:
        return None
    return SentByUs(fields.text(DEVICE_SENT, 1), fields.data(DEVICE_SENT, 2))


def read_sender_key(message: bytes) -> tuple[str, bytes] | None:
    """The chat and the distribution of a sender key, if the message brings one. Raises MalformedProtobuf."""
    fields = Fields(message)
    if SENDER_KEY not in fields:
        return None
    return fields.text(SENDER_KEY, 1), fields.data(SENDER_KEY, 2)


def has_content(message: bytes) -> bool:
    """Whether there is more in it than a sender key. Raises MalformedProtobuf."""
    return any(number not in (SENDER_KEY, CONTEXT) for number in Fields(message))


def write_copy(chat: str, message: bytes) -> bytes:
    return encode([(DEVICE_SENT, [(1, chat), (2, message)])])


def write_sender_key(chat: str, distribution: bytes) -> bytes:
    return encode([(SENDER_KEY, [(1, chat), (2, distribution)])])


def write_text(text: str, *, quoted: "Quoted | None" = None) -> bytes:
    if quoted is None:
        return encode([(CONVERSATION, text)])
    context: list[tuple[int, Value]] = [(1, quoted.id), (2, quoted.author), (3, quoted.message)]
    return encode([(EXTENDED_TEXT, [(1, text), (17, context)])])


def write_reaction(key: "Key", emoji: str, at_ms: int) -> bytes:
    """An empty emoji takes the reaction back."""
    return encode([(REACTION, [(1, key.fields()), (2, emoji), (4, at_ms)])])


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that is replied to; `author` is an address."""

    id: str
    author: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """Which message is meant, as its receiver knows it."""

    chat: str
    id: str
    from_me: bool
    author: str | None = None  # in groups

    def fields(self) -> list[tuple[int, Value]]:
        return [(1, self.chat), (2, self.from_me), (3, self.id), (4, self.author)]


def _protocol(protocol: Fields) -> Content:
    kind = _PROTOCOL_KINDS.get(protocol.integer(_PROTOCOL_TYPE), "protocol")
    edited = protocol.data(_EDITED, default=b"")
    return Content(kind, read(edited).text if kind == "edit" and edited else "")
