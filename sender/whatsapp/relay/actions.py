"""What is said about chats, labels and contacts in app state: one function an action, each gives its collection and its
changes. Names, numbers and versions are those that whatsmeow's appstate package writes; live use was not tried here."""

from collections.abc import Sequence
from datetime import datetime

from common.addresses import Jid
from sender.whatsapp.powers.chats import BookEntry, MessageName
from sender.whatsapp.wire.app_state import REMOVE, Change
from sender.whatsapp.wire.protobuf import Value

Written = tuple[str, list[Change]]

# Fields of SyncActionValue
_STAR, _CONTACT, _MUTE, _PIN, _LABEL, _LABELED = 2, 3, 4, 5, 14, 15
_ARCHIVE, _REMOVE, _READ, _CLEAR, _DELETE = 17, 18, 20, 21, 22

_FOR_EVER = -1
_LOW, _MIDDLE, _HIGH, _CONTACTS = "regular_low", "regular", "regular_high", "critical_unblock_low"


def archive(chat: Jid, archived: bool, last: datetime | None) -> Written:
    """A chat that is archived is not pinned any more, as on a phone."""
    value: list[tuple[int, Value]] = [(1, archived), *_range(2, last)]
    changes = [Change(("archive", chat), [(_ARCHIVE, value)], 3)]
    if archived:
        changes += pin(chat, False)[1]
    return _LOW, changes


def pin(chat: Jid, pinned: bool) -> Written:
    return _LOW, [Change(("pin_v1", chat), [(_PIN, [(1, pinned)])], 5)]


def mute(chat: Jid, muted: bool, until: datetime | None) -> Written:
    value: list[tuple[int, Value]] = [(1, muted)]
    if muted:
        value.append((2, _FOR_EVER if until is None else _milliseconds(until)))
    return _HIGH, [Change(("mute", chat), [(_MUTE, value)], 2)]


def mark_read(chat: Jid, read: bool, last: datetime | None) -> Written:
    return _LOW, [Change(("markChatAsRead", chat), [(_READ, [(1, read), *_range(2, last)])], 3)]


def clear(chat: Jid, last: datetime | None) -> Written:
    """Starred messages stay, media go."""
    return _HIGH, [Change(("clearChat", chat, "0", "1"), [(_CLEAR, _range(1, last))], 6)]


def delete(chat: Jid, last: datetime | None) -> Written:
    return _HIGH, [Change(("deleteChat", chat, "1"), [(_DELETE, _range(1, last))], 6)]


def star(message: MessageName, starred: bool) -> Written:
    return _HIGH, [Change(("star", *_named(message)), [(_STAR, [(1, starred)])], 2)]


def remove(message: MessageName, at: datetime | None) -> Written:
    value: list[tuple[int, Value]] = [(1, True)]
    if at is not None:
        value.append((2, int(at.timestamp())))
    return _HIGH, [Change(("deleteMessageForMe", *_named(message)), [(_REMOVE, value)], 3)]


def edit_label(label: str, name: str, color: int, *, deleted: bool = False) -> Written:
    value: list[tuple[int, Value]] = [(1, name), (2, color), (4, deleted)]
    return _MIDDLE, [Change(("label_edit", label), [(_LABEL, value)], 3)]


def label_chat(label: str, chat: Jid, labeled: bool) -> Written:
    return _MIDDLE, [Change(("label_jid", label, chat), [(_LABELED, [(1, labeled)])], 3)]


def label_message(label: str, chat: Jid, message: str, labeled: bool) -> Written:
    return _MIDDLE, [Change(("label_message", label, chat, message, "0", "0"), [(_LABELED, [(1, labeled)])], 3)]


def save_contacts(contacts: Sequence[BookEntry]) -> Written:
    changes = []
    for each in contacts:
        value: list[tuple[int, Value]] = [(1, each.full_name), (2, each.first_name), (4, True)]
        changes.append(Change(("contact", each.address), [(_CONTACT, value)], 2))
    return _CONTACTS, changes


def remove_contacts(contacts: Sequence[Jid]) -> Written:
    """Taken back, with an empty value, as Baileys' chatModify writes it."""
    return _CONTACTS, [Change(("contact", each), [(_CONTACT, [])], 2, REMOVE) for each in contacts]


def _named(message: MessageName) -> tuple[str, str, str, str]:
    return message.chat, message.id, "1" if message.from_me else "0", message.sender or "0"


def _range(number: int, last: datetime | None) -> list[tuple[int, Value]]:
    """Which messages an action on a whole chat is about: those until then."""
    return [] if last is None else [(number, [(1, int(last.timestamp()))])]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
