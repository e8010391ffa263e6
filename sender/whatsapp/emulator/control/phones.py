"""An account's own phone: what it shares with its companions beside messages."""

import time

from aiohttp import web
from pydantic import Field

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.control.requests import Body, Phone, Problem, account, chat, read
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.handset.companions import Chat, Past
from sender.whatsapp.emulator.handset.handset import Handset
from sender.whatsapp.emulator.handset.outgoing import new_message_id
from sender.whatsapp.emulator.server import Server


class OldMessage(Body):
    text: str
    from_me: bool = False
    id: str | None = None
    at: int | None = Field(default=None, ge=0)


class OldChat(Body):
    chat: str
    name: str = ""
    messages: tuple[OldMessage, ...] = ()


class History(Body):
    """To one companion, or to all of them."""

    chats: tuple[OldChat, ...]
    device: int | None = None


class AddressBookEntry(Body):
    contact: Phone
    name: str = Field(min_length=1)


class PhoneRoutes:
    def __init__(self, server: Server) -> None:
        self._directory, self._handsets = server.directory, server.handsets

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/control/accounts/{phone}/history", self.history),
            web.post("/control/accounts/{phone}/address-book", self.address_book),
        ]

    async def history(self, request: web.Request) -> web.Response:
        """Chats of the time before, as a phone sends them to a new companion."""
        handset, wanted = self._handset(request), await read(request, History)
        companions = [each for each in handset.account.companions if wanted.device in (None, each.number)]
        if not companions:
            raise Problem(404, f"{handset.account.phone} has no such device")
        chats = [_old_chat(handset, each) for each in wanted.chats]
        known = [owner for each in wanted.chats if isinstance(owner := chat(handset, each.chat), Account)]
        for companion in companions:
            handset.companions.send_history(companion, chats, known)
        return web.json_response({"devices": [companion.number for companion in companions]})

    async def address_book(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, AddressBookEntry)
        handset.companions.tell_contact(account(self._directory, wanted.contact), wanted.name)
        return web.json_response({})

    def _handset(self, request: web.Request) -> Handset:
        return self._handsets.of(account(self._directory, request.match_info["phone"]))


def _old_chat(handset: Handset, wanted: OldChat) -> Chat:
    found = chat(handset, wanted.chat)
    past = [
        Past(each.id or new_message_id(), each.from_me, each.at or int(time.time()), write_text(each.text))
        for each in wanted.messages
    ]
    jid, name = (found.jid, found.subject) if isinstance(found, Group) else (found.lid_jid, found.name)
    return Chat(str(jid), wanted.name or name, past)
