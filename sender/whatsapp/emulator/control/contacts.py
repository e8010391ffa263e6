"""Contacts: what they received, and what they are made to do."""

import base64
import time
from typing import Literal

from aiohttp import web

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.contents import Key, Quoted, write_reaction, write_text
from sender.whatsapp.emulator.control.requests import MAX_WAIT, Body, Problem, account, number, read
from sender.whatsapp.emulator.control.requests import chat as chat_of
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.handset.handset import Handset
from sender.whatsapp.emulator.inbox import Received
from sender.whatsapp.emulator.server import Server

MAX_LIMIT = 10_000


class Text(Body):
    """`to`: a phone number or a group's address. `afresh`: over new sessions. `bare`: a group knows the key already."""

    to: str
    text: str
    reply_to: str | None = None
    afresh: bool = False
    bare: bool = False


class Reaction(Body):
    id: str
    emoji: str


class Raw(Body):
    """`message` is a waE2E.Message in base64, `type` and `edit` (1 edit, 2 pin, 7 revoke) those of the stanza."""

    to: str
    message: bytes
    type: Literal["text", "media", "reaction", "poll"] = "text"
    edit: Literal["1", "2", "7"] | None = None


class AskAgain(Body):
    id: str


class Mark(Body):
    """Without `id`: the last message from somebody else."""

    id: str | None = None
    kind: Literal["delivered", "read", "played"] = "read"


class ContactRoutes:
    def __init__(self, server: Server) -> None:
        self._server, self._inbox = server, server.inbox

    def routes(self) -> list[web.RouteDef]:
        contact = "/control/contacts/{phone}"
        return [
            web.get(f"{contact}/messages", self.messages),
            web.delete(f"{contact}/messages", self.forget),
            web.get(f"{contact}/sightings", self.sightings),
            web.post(f"{contact}/send", self.send),
            web.post(f"{contact}/send-raw", self.send_raw),
            web.post(f"{contact}/react", self.react),
            web.post(f"{contact}/mark", self.mark),
            web.post(f"{contact}/ask-again", self.ask_again),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """In the order of arrival. `wait` seconds for the first one after `after`."""
        owner = self._account(request)
        after = int(number(request, "after", 0, 1 << 62))
        limit = int(number(request, "limit", MAX_LIMIT, MAX_LIMIT))
        wait = number(request, "wait", 0, MAX_WAIT)
        if wait:
            await self._server.moments.until(lambda: self._inbox.count(owner.phone, after) > 0, wait)
        found = self._inbox.of(owner.phone, after=after, limit=limit)
        return web.json_response({"messages": [_message(each, owner) for each in found]})

    async def forget(self, request: web.Request) -> web.Response:
        self._inbox.clear(self._account(request).phone)
        return web.json_response({})

    async def sightings(self, request: web.Request) -> web.Response:
        """Receipts, typing, presence, calls and so on, newest last; the same `after` and `wait`."""
        seen = self._handset(request).sightings
        kind = request.query.get("kind")
        after = int(number(request, "after", 0, 1 << 62))
        wait = number(request, "wait", 0, MAX_WAIT)
        if wait:
            await self._server.moments.until(lambda: bool(seen.after(after, kind)), wait)
        found = [
            {"sequence": each.sequence, "kind": each.kind, "sender": each.sender, "at": each.at, **each.details}
            for each in seen.after(after, kind)
        ]
        return web.json_response({"sightings": found})

    async def send(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Text)
        quoted = self._quoted(handset, wanted.reply_to) if wanted.reply_to else None
        message_id = handset.outgoing.send(
            chat_of(handset, wanted.to),
            write_text(wanted.text, quoted=quoted),
            afresh=wanted.afresh,
            is_bare=wanted.bare,
        )
        return web.json_response({"id": message_id})

    async def send_raw(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Raw)
        try:
            message = base64.b64decode(wanted.message, validate=True)
        except ValueError as error:
            raise Problem(400, "message must be in base64") from error
        to, extra = chat_of(handset, wanted.to), {"edit": wanted.edit}
        return web.json_response({"id": handset.outgoing.send(to, message, wanted.type, extra)})

    async def react(self, request: web.Request) -> web.Response:
        """To a message that the contact received."""
        handset, wanted = self._handset(request), await read(request, Reaction)
        received = self._received(handset, wanted.id)
        author = account(self._server.directory, received.sender)
        chat = chat_of(handset, received.chat)
        in_group = isinstance(chat, Group)
        key = Key(
            chat=str(chat.jid if isinstance(chat, Group) else handset.account.lid_jid),
            id=received.id,
            from_me=author is handset.account,
            author=str(author.lid_jid) if in_group else None,
        )
        reaction = write_reaction(key, wanted.emoji, int(time.time() * 1000))
        return web.json_response({"id": handset.outgoing.send(chat, reaction, "reaction")})

    async def mark(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Mark)
        received = self._received(handset, wanted.id)
        handset.read(received, None if wanted.kind == "delivered" else wanted.kind)
        return web.json_response({"id": received.id})

    async def ask_again(self, request: web.Request) -> web.Response:
        """It asks its author for a message as if it could not read it, and shows it again if it has forgotten it."""
        handset, wanted = self._handset(request), await read(request, AskAgain)
        if not handset.ask_again(wanted.id):
            raise Problem(404, "no message came under that id")
        return web.json_response({})

    def _received(self, handset: Handset, message_id: str | None) -> Received:
        phone = handset.account.phone
        found = self._inbox.find(phone, message_id) if message_id else self._inbox.last_from_others(phone)
        if found is None:
            raise Problem(404, f"{phone} has not received that message")
        return found

    def _quoted(self, handset: Handset, message_id: str) -> Quoted:
        received = self._received(handset, message_id)
        author = account(self._server.directory, received.sender)
        return Quoted(received.id, str(author.lid_jid), received.message)

    def _handset(self, request: web.Request) -> Handset:
        return self._server.handsets.of(self._account(request))

    def _account(self, request: web.Request) -> Account:
        return account(self._server.directory, request.match_info["phone"])


def _message(received: Received, owner: Account) -> dict[str, object]:
    return {
        "sequence": received.sequence,
        "id": received.id,
        "chat": received.chat,
        "sender": received.sender,
        "from_me": received.sender == owner.phone,
        "kind": received.kind,
        "text": received.text,
        "at": received.at,
        "message": base64.b64encode(received.message).decode(),
    }
