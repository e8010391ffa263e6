"""Newsletters: made by a contact, and as they stand."""

from dataclasses import asdict

from aiohttp import web

from sender.whatsapp.emulator.control.requests import Body, Phone, account, read
from sender.whatsapp.emulator.server import Server


class NewNewsletter(Body):
    """`invited` may become admins."""

    owner: Phone
    name: str
    description: str = ""
    admins: tuple[Phone, ...] = ()
    invited: tuple[Phone, ...] = ()


class NewsletterRoutes:
    def __init__(self, server: Server) -> None:
        self._directory, self._newsletters = server.directory, server.newsletters

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/control/newsletters", self.list_all), web.post("/control/newsletters", self.add)]

    async def list_all(self, request: web.Request) -> web.Response:
        return web.json_response({"newsletters": [asdict(each) for each in self._newsletters]})

    async def add(self, request: web.Request) -> web.Response:
        wanted = await read(request, NewNewsletter)
        for phone in (wanted.owner, *wanted.admins, *wanted.invited):
            account(self._directory, phone)
        made = self._newsletters.add(wanted.owner, wanted.name, wanted.description)
        made.admins, made.invited = list(wanted.admins), list(wanted.invited)
        self._newsletters.save(made)
        return web.json_response(asdict(made))
