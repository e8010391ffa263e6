"""A linked device whose stanzas go through the relay of its host: what that can do more than the library alone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

from common.addresses import Jid, without_device
from common.clock import Clock
from sender.host.fleet import Fleet
from sender.host.frames import Frame
from sender.whatsapp.neonize.failures import failure_of_answer
from sender.whatsapp.neonize.formats import Formats
from sender.whatsapp.neonize.hearing import Seat
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.recovered import addresses_of
from sender.whatsapp.neonize.reminding import Reminding
from sender.whatsapp.neonize.sending import Sending, Tap
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.powers.chats import AddressBook, BookEntry, ChatList, Labels, MessageName, Questions
from sender.whatsapp.powers.inquiries import HasInquiries, Inquiries
from sender.whatsapp.protobuf import Message
from sender.whatsapp.relay import actions
from sender.whatsapp.relay.actions import Written
from sender.whatsapp.relay.app_state import AppState
from sender.whatsapp.relay.inquiries import inquiries
from sender.whatsapp.relay.pace import Pace
from sender.whatsapp.relay.plain_uploads import PlainUploads
from sender.whatsapp.session import (
    Accepted,
    Account,
    KeptArrivals,
    Listener,
    LocalDeletions,
    OnWire,
    Recall,
    Recalled,
    Taken,
)
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.node import Node

PATIENCE_MARGIN = 0.9
"""The relay gives a question up a little before we do, so that nobody waits on for an answer that is not wanted."""


class RelayedSession(NeonizeSession, ChatList, Labels, AddressBook, LocalDeletions, Questions, HasInquiries):
    """`fleet` has hosts with a relay."""

    uses_given_id = True

    def __init__(
        self,
        account: Account,
        listener: Listener,
        fleet: Fleet,
        store: Store,
        tap: Tap,
        logins: asyncio.Semaphore,
        patience: Patience,
        clock: Clock,
        chance: Random,
        kept: KeptArrivals | None = None,
        *,
        formats: Formats,
        ca_file: str,
        recall: Recall | None = None,
        asked: Counter[str] | None = None,
    ) -> None:
        """`recall` makes messages anew that a receiver could not read; `asked` counts what becomes of such requests."""
        super().__init__(account, listener, fleet, store, tap, logins, patience, clock, chance, kept)
        self._formats = formats
        self._app_state = AppState(store.pool, account.device, self.ask_whatsapp, self._notify, clock)
        self._recall = recall
        self._reminding = Reminding(
            self._own_users,
            self._recalled,
            self._is_same_chat,
            tap,
            patience,
            clock,
            Counter() if asked is None else asked,
        )
        own = without_device(Jid(account.device))
        pace = Pace(self.ask_whatsapp, clock, patience.between_questions)
        uploads = PlainUploads(pace.ask, account.proxy, ca_file, patience.call)
        self._inquiries = inquiries(pace.ask, own, store.other_addresses, uploads)

    @property
    def inquiries(self) -> Inquiries:
        return self._inquiries

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        seat = self._connected_seat()

        async def on_wire_with_secret(wire_id: str) -> None:
            # The library has stored the secret by now, under its own id, and the message has not left.
            if sending.library_id is not None and message.messageContextInfo.messageSecret:
                await self._store.copy_secret(self._account.device, sending.library_id, wire_id)
            await on_wire(wire_id)

        sending = Sending(seat.host, seat.name, self._tap, on_wire_with_secret, id, self._patience.ack)
        return await self._run(seat, sending, to, message)

    async def ask_whatsapp(self, question: Node) -> Node:
        patience = self._patience.call
        fields = {"patience": patience * PATIENCE_MARGIN}
        answer = decode((await self._call("query", fields, encode(question), patience=patience)).body)
        if answer.get("type") == "error":
            error = answer.find("error")
            raise failure_of_answer(error.number("code") if error else 0)
        return answer

    async def archive_chat(self, chat: Jid, archived: bool, last: datetime | None = None) -> None:
        await self._set(actions.archive(chat, archived, last))

    async def pin_chat(self, chat: Jid, pinned: bool) -> None:
        await self._set(actions.pin(chat, pinned))

    async def mute_chat(self, chat: Jid, muted: bool, until: datetime | None = None) -> None:
        await self._set(actions.mute(chat, muted, until))

    async def mark_chat_read(self, chat: Jid, read: bool, last: datetime | None = None) -> None:
        await self._set(actions.mark_read(chat, read, last))

    async def clear_chat(self, chat: Jid, last: datetime | None = None) -> None:
        await self._set(actions.clear(chat, last))

    async def delete_chat(self, chat: Jid, last: datetime | None = None) -> None:
        await self._set(actions.delete(chat, last))

    async def star_message(self, message: MessageName, starred: bool) -> None:
        await self._set(actions.star(message, starred))

    async def remove_message(self, message: MessageName, at: datetime | None = None) -> None:
        await self._set(actions.remove(message, at))

    async def delete_for_me(self, chat: Jid, whatsapp_id: str) -> None:
        """Of a chat of two, what its other side wrote."""
        await self.remove_message(MessageName(chat, whatsapp_id, from_me=False))

    async def edit_label(self, label: str, name: str, color: int) -> None:
        await self._set(actions.edit_label(label, name, color))

    async def delete_label(self, label: str) -> None:
        await self._set(actions.edit_label(label, "", 0, deleted=True))

    async def label_chat(self, label: str, chat: Jid, labeled: bool) -> None:
        await self._set(actions.label_chat(label, chat, labeled))

    async def label_message(self, label: str, chat: Jid, whatsapp_id: str, labeled: bool) -> None:
        await self._set(actions.label_message(label, chat, whatsapp_id, labeled))

    async def save_contacts(self, contacts: Sequence[BookEntry]) -> None:
        await self._set(actions.save_contacts(contacts))

    async def remove_contacts(self, contacts: Sequence[Jid]) -> None:
        await self._set(actions.remove_contacts(contacts))

    async def _set(self, written: Written) -> None:
        self._connected_seat()
        await self._app_state.set(*written)

    def _notify(self, notification: Node) -> None:
        seat = self._connected_seat()
        seat.host.tell(Frame("notify", fields={"session": seat.name}, body=encode(notification)))

    async def _opening(self) -> dict[str, Any]:
        await self._formats.check(self._store.pool)
        noise_key = await self._store.find_noise_key(self._account.device)
        return {
            **await super()._opening(),
            "noise_key": (noise_key or b"").hex(),
            "keeps_arrivals": self._arrivals is not None,
            "reminds": self._recall is not None,
        }

    def _beside(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        arrivals = {} if self._arrivals is None else {"arrivals": self._arrivals.run}
        return {**arrivals, "requests for messages": self._reminding.run}

    def _on_frame(self, seat: Seat, frame: Frame) -> None:
        if frame.kind == "arrived" and self._arrivals is not None:
            self._arrivals.arrived(seat, frame)
        elif frame.kind == "forgotten":
            self._reminding.ask(seat, frame)
        elif frame.kind == "late":
            self._hear_late(frame.body)
        else:
            super()._on_frame(seat, frame)

    def _held_back(self) -> None:
        """The relay keeps its bytes back and cuts nobody off."""

    def _hear_late(self, stanza: bytes) -> None:
        """WhatsApp's word on a message whose sender waits no more. A refusal is left to whoever settles doubts."""
        with suppress(WireError):
            ack = decode(stanza)
            if not ack.get("error"):
                self._hearing.add(Taken(ack.text("id"), datetime.fromtimestamp(ack.number("t"), UTC)))

    async def _recalled(self, whatsapp_id: str) -> Recalled | None:
        """Under the secret that the first one had: what others answered is sealed with it."""
        assert self._recall is not None
        recalled = await self._recall(self._account.instance, whatsapp_id, self)
        if recalled is not None and recalled.message.messageContextInfo.messageSecret:
            first = await self._store.find_secret(Jid(self._account.device), recalled.chat, whatsapp_id)
            if first is not None:
                recalled.message.messageContextInfo.messageSecret = first.key
        return recalled

    async def _own_users(self) -> frozenset[str]:
        device = await self._store.find(self._account.device)
        return addresses_of(self._account.device, device.lid if device else None)

    async def _is_same_chat(self, one: Jid, other: Jid) -> bool:
        return one == other or (await self._store.other_addresses([one])).get(one) == other
