"""Sealed contents: what is answered to a poll or an event comes encrypted under the secret of that message.

`find` says what a message needs to be opened; whoever has the secret opens it, and the translation reads the outcome.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag

from common.addresses import Jid, without_device
from common.tables.event_inbox import ToldEvent
from sender.composers.secrets import Purpose, Sealed, open_sealed
from sender.whatsapp.engine_events import EventCode, ReceivedMessage, address, e2e
from sender.whatsapp.session import Secret


@dataclass(frozen=True, slots=True)
class Letter:
    """`answered` is the id of the poll or event; `writers` the addresses that the answer may be sealed for."""

    purpose: Purpose
    answered: str
    chat: Jid
    writers: tuple[Jid, ...]
    sealed: Sealed

    def open(self, secret: Secret, askers: Iterable[Jid]) -> bytes | None:
        """WhatsApp seals for numbers or for LIDs, whichever the chat had at the time: the right pair opens it."""
        for asker in dict.fromkeys((secret.sender, *askers, *self.writers)):
            for writer in self.writers:
                try:
                    return open_sealed(self.sealed, self.purpose, self.answered, Secret(asker, secret.key), writer)
                except InvalidTag:
                    continue
        return None


@dataclass(frozen=True, slots=True)
class Vote:
    """What is picked now, by name."""

    poll_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """To an event: going, not going, maybe."""

    response: Any


@dataclass(frozen=True, slots=True)
class Change:
    """An event anew, as the edit that was sealed."""

    content: Any


Opened = Vote | Answer | Change


def find(row: ToldEvent) -> Letter | None:
    """None for a message that has nothing sealed in it. Raises what a malformed message raises."""
    if row.code != EventCode.MESSAGE:
        return None
    told = ReceivedMessage.FromString(row.body)
    content = told.Message
    if content.HasField("pollUpdateMessage"):
        update = content.pollUpdateMessage
        purpose, key, part = Purpose.POLL_VOTE, update.pollCreationMessageKey, update.vote
    elif content.HasField("encEventResponseMessage"):
        part = content.encEventResponseMessage
        purpose, key = Purpose.EVENT_RESPONSE, part.eventCreationMessageKey
    elif content.secretEncryptedMessage.secretEncType == e2e.SecretEncryptedMessage.EVENT_EDIT:
        part = content.secretEncryptedMessage
        purpose, key = Purpose.EVENT_EDIT, part.targetMessageKey
    else:
        return None
    source = told.Info.MessageSource
    chat = without_device(address(source.Chat) or Jid(""))
    writers = [without_device(each) for each in (address(source.Sender), address(source.SenderAlt)) if each is not None]
    if source.IsFromMe:
        writers += own_addresses(row)
    return Letter(purpose, key.ID, chat, tuple(dict.fromkeys(writers)), Sealed(part.encIV, part.encPayload))


def own_addresses(row: ToldEvent) -> list[Jid]:
    """The linked account's number and LID, as far as they are known."""
    own = [Jid(f"{row.phone}@s.whatsapp.net")] if row.phone else []
    return own + ([without_device(Jid(row.lid))] if row.lid else [])


def vote(plain: bytes, poll_id: str, names: Sequence[str]) -> Vote:
    """A vote names its options by their hashes; one that the poll does not have is left out."""
    by_hash = {sha256(name.encode()).digest(): name for name in names}
    picked = e2e.PollVoteMessage.FromString(plain).selectedOptions
    return Vote(poll_id, tuple(by_hash[each] for each in picked if each in by_hash))


def answer(plain: bytes) -> Answer:
    return Answer(e2e.EventResponseMessage.FromString(plain))


def change(plain: bytes) -> Change:
    return Change(e2e.Message.FromString(plain))
