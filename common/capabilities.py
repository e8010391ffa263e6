"""Capabilities: what a session can do only on some ways to WhatsApp. One table for both programs: the list of what is
supported and the refusals are made from it, and the sessions are held to it."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Literal

Wire = Literal["direct", "relay"]
"""Whether WhatsApp's library speaks to WhatsApp itself, or through the relay of its host."""


class Capability(Enum):
    """CHAT_LIST: the state of chats that all devices of the account share. LABELS, ADDRESS_BOOK: likewise.
    QUESTIONS: questions to WhatsApp's server that the library does not know."""

    CHAT_LIST = "chat-list"
    LABELS = "labels"
    ADDRESS_BOOK = "address-book"
    QUESTIONS = "questions"


WIRES: Mapping[Capability, tuple[Wire, ...]] = MappingProxyType(dict.fromkeys(Capability, ("relay",)))
"""On which ways sessions have it."""

LACKS: Mapping[Capability, str] = MappingProxyType(
    {
        Capability.CHAT_LIST: "the state of a chat is a change of app state, which the library cannot send",
        Capability.LABELS: "tags are changes of app state, which the library cannot send",
        Capability.ADDRESS_BOOK: "saving contacts is a change of app state, which the library cannot send",
        Capability.QUESTIONS: "this takes a question to the server that the library does not know",
    }
)
"""What the library lacks, where a session has it not."""


def refusal(needed: Capability) -> str:
    """What the caller of a session without it is told, and on which way another has it."""
    return f"not possible here: {LACKS[needed]}; a session whose wire is {' or '.join(WIRES[needed])} can do this"
