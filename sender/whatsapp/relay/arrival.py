"""A message that came in, as its stanza names it."""

from dataclasses import dataclass
from typing import NamedTuple

from sender.whatsapp.wire.jid import (
    BROADCAST_SERVER,
    GROUP_SERVER,
    HOSTED_LID_SERVER,
    HOSTED_SERVER,
    LID_SERVER,
    PHONE_SERVER,
    Jid,
)
from sender.whatsapp.wire.node import Node

_NEWSLETTER = "newsletter"
_UNHOSTED = {HOSTED_SERVER: PHONE_SERVER, HOSTED_LID_SERVER: LID_SERVER}


class ArrivalName(NamedTuple):
    """What makes a message that came in one and the same: the library tells it by these too. `sender` is a device."""

    chat: str
    sender: str
    id: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a message came from, as the library reads it (whatsmeow's parseMessageSource)."""

    chat: Jid
    sender: Jid
    other: Jid | None
    """The sender's other address, phone number or LID."""
    recipient_other: Jid | None
    is_own: bool
    is_group: bool


def is_kept(message: Node) -> bool:
    """Messages from the account's own phone to this device about keys and history are none that anybody wrote."""
    return message.get("category") != "peer" and message.find_jid("from") is not None and bool(message.get("id"))


def source_of(message: Node, own_users: frozenset[str]) -> Source:
    """`own_users`: the account's number and its LID. Raises MalformedFrame."""
    origin = message.jid("from")
    if origin.server in (GROUP_SERVER, BROADCAST_SERVER):
        sender = message.jid("participant")
        names = ("participant_pn" if message.get("addressing_mode") == "lid" else "participant_lid",)
        return Source(origin, sender, _other(message, sender, *names), None, sender.user in own_users, True)
    if origin.server == _NEWSLETTER:
        return Source(origin, origin, None, None, False, False)
    origin = origin._replace(server=_UNHOSTED.get(origin.server, origin.server))
    if origin.user in own_users:
        chat = message.find_jid("recipient") or origin.bare()
        name = "peer_recipient_pn" if chat.server == LID_SERVER else "peer_recipient_lid"
        return Source(chat, origin, None, message.find_jid(name), True, False)
    name = "sender_pn" if origin.server == LID_SERVER else "sender_lid"
    return Source(origin.bare(), origin, _other(message, origin, name), None, False, False)


def named(message: Node, source: Source) -> ArrivalName:
    """Raises MalformedFrame."""
    return ArrivalName(str(source.chat), str(source.sender), message.text("id"))


def _other(message: Node, sender: Jid, name: str) -> Jid | None:
    found = message.find_jid(name)
    return found._replace(device=found.device or sender.device) if found is not None else None
