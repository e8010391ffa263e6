"""What an account's devices share, simulated: what was set last, and every change in its order."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from common.addresses import Jid
from common.errors import DeliveryError, NotConnected
from sender.whatsapp.powers.chats import AddressBook, BookEntry, ChatList, Labels, MessageName


@dataclass(slots=True)
class SharedState:
    """`changes` are the method's name and the address or label that it was about; `errors` fail changes, in turn."""

    changes: list[tuple[str, str, object]] = field(default_factory=list)
    book: dict[Jid, BookEntry] = field(default_factory=dict)
    labels: dict[str, tuple[str, int]] = field(default_factory=dict)
    labeled: set[tuple[str, Jid]] = field(default_factory=set)
    errors: list[DeliveryError] = field(default_factory=list)


class SharingSession(ChatList, Labels, AddressBook):
    """The part of a simulated session that is relayed."""

    shared: SharedState

    @property
    @abstractmethod
    def is_connected(self) -> bool: ...

    async def archive_chat(self, chat: Jid, archived: bool, last: datetime | None = None) -> None:
        self._change("archive", chat, archived)

    async def pin_chat(self, chat: Jid, pinned: bool) -> None:
        self._change("pin", chat, pinned)

    async def mute_chat(self, chat: Jid, muted: bool, until: datetime | None = None) -> None:
        self._change("mute", chat, muted)

    async def mark_chat_read(self, chat: Jid, read: bool, last: datetime | None = None) -> None:
        self._change("read", chat, read)

    async def clear_chat(self, chat: Jid, last: datetime | None = None) -> None:
        self._change("clear", chat, last)

    async def delete_chat(self, chat: Jid, last: datetime | None = None) -> None:
        self._change("delete", chat, last)

    async def star_message(self, message: MessageName, starred: bool) -> None:
        self._change("star", message.chat, (message.id, starred))

    async def remove_message(self, message: MessageName, at: datetime | None = None) -> None:
        self._change("remove-message", message.chat, message)

    async def edit_label(self, label: str, name: str, color: int) -> None:
        self._change("edit-label", label, (name, color))
        self.shared.labels[label] = name, color

    async def delete_label(self, label: str) -> None:
        self._change("delete-label", label, None)
        self.shared.labels.pop(label, None)

    async def label_chat(self, label: str, chat: Jid, labeled: bool) -> None:
        self._change("label-chat", chat, (label, labeled))
        (self.shared.labeled.add if labeled else self.shared.labeled.discard)((label, chat))

    async def label_message(self, label: str, chat: Jid, whatsapp_id: str, labeled: bool) -> None:
        self._change("label-message", chat, (label, whatsapp_id, labeled))

    async def save_contacts(self, contacts: Sequence[BookEntry]) -> None:
        self._change("save-contacts", "", tuple(contacts))
        self.shared.book |= {each.address: each for each in contacts}

    async def remove_contacts(self, contacts: Sequence[Jid]) -> None:
        self._change("remove-contacts", "", tuple(contacts))
        for each in contacts:
            self.shared.book.pop(each, None)

    def _change(self, what: str, about: str, value: object) -> None:
        if not self.is_connected:
            raise NotConnected
        if self.shared.errors:
            raise self.shared.errors.pop(0)
        self.shared.changes.append((what, about, value))
