"""What the account's devices share: chats and their messages, labels, the address book; and questions of our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from common.addresses import Jid
from sender.whatsapp.wire.node import Node


@dataclass(frozen=True, slots=True)
class MessageName:
    """Which message of a chat. `sender` is who wrote it in a group; None in a chat of two, and for one's own."""

    chat: Jid
    id: str
    from_me: bool
    sender: Jid | None = None


@dataclass(frozen=True, slots=True)
class BookEntry:
    """Somebody in the account's address book; `address` is the number's."""

    address: Jid
    full_name: str
    first_name: str


@runtime_checkable
class ChatList(Protocol):
    """What the account's devices share about its chats. neonize: through the relay only, its own calls leave out the
    collection's name. Methods raise DeliveryError. `last` is when the chat's newest message was written; what came
    later stays as it is."""

    async def archive_chat(self, chat: Jid, archived: bool, last: datetime | None = None) -> None: ...

    async def pin_chat(self, chat: Jid, pinned: bool) -> None: ...

    async def mute_chat(self, chat: Jid, muted: bool, until: datetime | None = None) -> None:
        """`until` None: for ever."""
        ...

    async def mark_chat_read(self, chat: Jid, read: bool, last: datetime | None = None) -> None:
        """As the account's own devices show it; the senders are told by `ReadMarks`."""
        ...

    async def clear_chat(self, chat: Jid, last: datetime | None = None) -> None: ...

    async def delete_chat(self, chat: Jid, last: datetime | None = None) -> None: ...

    async def star_message(self, message: MessageName, starred: bool) -> None: ...

    async def remove_message(self, message: MessageName, at: datetime | None = None) -> None:
        """For the account's own devices only. `at` is when it was written."""
        ...


@runtime_checkable
class Labels(Protocol):
    """neonize: through the relay only. Methods raise DeliveryError. Live, labels are a thing of business accounts."""

    async def edit_label(self, label: str, name: str, color: int) -> None:
        """Make it or change it. `label` is its number, as text; `color` an index of WhatsApp's palette."""
        ...

    async def delete_label(self, label: str) -> None: ...

    async def label_chat(self, label: str, chat: Jid, labeled: bool) -> None: ...

    async def label_message(self, label: str, chat: Jid, whatsapp_id: str, labeled: bool) -> None: ...


@runtime_checkable
class AddressBook(Protocol):
    """The account's address book, as its devices share it. neonize: through the relay only. Nobody may occur twice in
    one call. Methods raise DeliveryError, and then nothing of the call is done."""

    async def save_contacts(self, contacts: Sequence[BookEntry]) -> None: ...

    async def remove_contacts(self, contacts: Sequence[Jid]) -> None:
        """Whoever is not in it may be named."""
        ...


@runtime_checkable
class Questions(Protocol):
    """neonize: through the relay only."""

    async def ask_whatsapp(self, question: Node) -> Node:
        """An iq of our own: its kind (get or set), namespace, receiver and content; the id is given here.

        The answer is of type result: an error raises the DeliveryError that its code stands for.
        """
        ...
