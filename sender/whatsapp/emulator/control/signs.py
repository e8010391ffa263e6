"""Signs of life of a contact: online, typing, calling."""

from typing import Literal

from aiohttp import web

from sender.whatsapp.emulator.control.requests import Body, Phone, account, chat, read
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.handset.handset import Handset
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.node import Node


class Typing(Body):
    to: str
    what: Literal["typing", "recording", "paused"] = "typing"


class Online(Body):
    online: bool


class Watch(Body):
    """From now on the contact sees when that account is online."""

    phone: Phone


class Call(Body):
    to: Phone
    video: bool = False


class HangUp(Body):
    to: Phone
    id: str
    reason: str = "timeout"


class SignRoutes:
    def __init__(self, server: Server) -> None:
        self._directory, self._handsets = server.directory, server.handsets
        self._presence, self._calls = server.presence, server.calls

    def routes(self) -> list[web.RouteDef]:
        contact = "/control/contacts/{phone}"
        return [
            web.post(f"{contact}/typing", self.typing),
            web.post(f"{contact}/presence", self.presence),
            web.post(f"{contact}/watch", self.watch),
            web.post(f"{contact}/call", self.call),
            web.post(f"{contact}/hang-up", self.hang_up),
        ]

    async def typing(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Typing)
        to = chat(handset, wanted.to)
        state = Node("paused" if wanted.what == "paused" else "composing")
        if wanted.what == "recording":
            state = Node("composing", {"media": "audio"})
        jid = to.jid if isinstance(to, Group) else to.lid_jid
        self._presence.chat_state(handset.device, Node("chatstate", {"to": jid}, [state]))
        return web.json_response({})

    async def presence(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Online)
        self._presence.show(handset.device, online=wanted.online)
        return web.json_response({})

    async def watch(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Watch)
        watched = account(self._directory, wanted.phone)
        self._presence.accept(handset.device, Node("presence", {"type": "subscribe", "to": watched.lid_jid}))
        return web.json_response({})

    async def call(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, Call)
        called = account(self._directory, wanted.to)
        return web.json_response({"id": self._calls.offer(handset.device, called, is_video=wanted.video)})

    async def hang_up(self, request: web.Request) -> web.Response:
        handset, wanted = self._handset(request), await read(request, HangUp)
        self._calls.end(handset.device, account(self._directory, wanted.to), wanted.id, wanted.reason)
        return web.json_response({})

    def _handset(self, request: web.Request) -> Handset:
        return self._handsets.of(account(self._directory, request.match_info["phone"]))
