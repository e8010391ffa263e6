"""Scripts: how a contact behaves when somebody writes to it."""

from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import HANDSET, Account
from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.handset.handset import Handset, Incoming, Script

DEFAULT = "silent"

# What an echo sends back as it came: everything that is a message of its own.
_ECHOED = {
    "image": "media",
    "video": "media",
    "audio": "media",
    "document": "media",
    "sticker": "media",
    "location": "media",
    "contact": "media",
}


def do_nothing(handset: Handset, message: Incoming) -> None:
    """Messages arrive and stay unread."""


def read(handset: Handset, message: Incoming) -> None:
    handset.read(message.received)


def echo(handset: Handset, message: Incoming) -> None:
    """Read it and say the same. Handsets are not answered, or two echoes would never end."""
    handset.read(message.received)
    received = message.received
    chat = handset.chat(received.chat)
    if chat is None or message.device.number == HANDSET:
        return
    if received.kind == "text":
        handset.outgoing.send(chat, write_text(received.text))
    elif received.kind in _ECHOED:
        handset.outgoing.send(chat, received.message, _ECHOED[received.kind])


SCRIPTS: Mapping[str, Script] = {
    "silent": Script(do_nothing),  # delivered, no more
    "away": Script(do_nothing, acknowledges=False),  # received, but nobody is told
    "read": Script(read),  # delivered and read
    "echo": Script(echo),  # delivered, read, answered with the same
}


def script_of(account: Account) -> Script:
    return SCRIPTS[account.script or DEFAULT]
