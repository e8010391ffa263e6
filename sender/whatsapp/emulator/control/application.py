"""The control API's application: its routes, and what is the same for all of them."""

from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from sender.whatsapp.emulator.control.accounts import AccountRoutes
from sender.whatsapp.emulator.control.contacts import ContactRoutes
from sender.whatsapp.emulator.control.faults import FaultRoutes
from sender.whatsapp.emulator.control.groups import GroupRoutes
from sender.whatsapp.emulator.control.media import MediaRoutes
from sender.whatsapp.emulator.control.newsletters import NewsletterRoutes
from sender.whatsapp.emulator.control.phones import PhoneRoutes
from sender.whatsapp.emulator.control.requests import Problem
from sender.whatsapp.emulator.control.signs import SignRoutes
from sender.whatsapp.emulator.control.state import StateRoutes
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.emulator.storage.database import Database

MAX_BODY = 64 << 20


class Part(Protocol):
    """Some routes that belong together."""

    def routes(self) -> list[web.RouteDef]: ...


def add_routes(application: web.Application, server: Server, network: Network) -> None:
    parts: tuple[Part, ...] = (
        AccountRoutes(server),
        ContactRoutes(server),
        GroupRoutes(server),
        NewsletterRoutes(server),
        MediaRoutes(server),
        SignRoutes(server),
        PhoneRoutes(server),
        FaultRoutes(server, network),
        StateRoutes(server, network),
    )
    for part in parts:
        application.router.add_routes(part.routes())


def new_application(database: Database) -> web.Application:
    """An application that answers problems as `{"error": ...}` and nothing before it is durable."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return web.json_response({"error": problem.error}, status=problem.status)
        except web.HTTPException as refusal:
            if refusal.status < 400:
                raise
            error = {"error": refusal.reason or "refused"}
            return web.json_response(error, status=refusal.status, headers=_allowed(refusal))
        finally:
            database.commit()

    return web.Application(client_max_size=MAX_BODY, middlewares=[answer])


def _allowed(refusal: web.HTTPException) -> dict[str, str]:
    return {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
