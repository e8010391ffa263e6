"""Faults: what is to go wrong, and an outage of everything."""

from dataclasses import asdict

from aiohttp import web
from pydantic import Field

from sender.whatsapp.emulator.control.requests import Body, Problem, read
from sender.whatsapp.emulator.faults import KINDS
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import Server

MAX_CODE = 999


class NewFault(Body):
    """`phone` acts, `to` is addressed; `times` null means until it is removed."""

    kind: str
    phone: str | None = None
    to: str | None = None
    xmlns: str | None = None
    times: int | None = Field(default=1, ge=1)
    seconds: float = Field(default=0.0, ge=0, le=3600)
    code: int = Field(default=500, ge=400, le=MAX_CODE)


class Outage(Body):
    is_out: bool


class FaultRoutes:
    def __init__(self, server: Server, network: Network) -> None:
        self._faults, self._mailbox, self._network = server.faults, server.mailbox, network

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/faults", self.list_all),
            web.post("/control/faults", self.add),
            web.delete("/control/faults", self.clear),
            web.delete("/control/faults/{id}", self.remove),
            web.post("/control/faults/release", self.release),
            web.post("/control/outage", self.outage),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        faults = [asdict(fault) for fault in self._faults]
        return web.json_response({"faults": faults, "outage": self._network.is_out})

    async def add(self, request: web.Request) -> web.Response:
        wanted = await read(request, NewFault)
        if wanted.kind not in KINDS:
            raise Problem(400, f"kind must be one of {', '.join(KINDS)}")
        return web.json_response(asdict(self._faults.add(**wanted.model_dump())))

    async def clear(self, request: web.Request) -> web.Response:
        """All faults, and the outage."""
        self._faults.clear()
        self._network.come_back()
        return web.json_response({})

    async def remove(self, request: web.Request) -> web.Response:
        fault = request.match_info["id"]
        if not (fault.isdecimal() and self._faults.remove(int(fault))):
            raise Problem(404, f"there is no fault {fault}")
        return web.json_response({})

    async def release(self, request: web.Request) -> web.Response:
        """What `hold-message` has held, the last first."""
        return web.json_response({"released": self._mailbox.release()})

    async def outage(self, request: web.Request) -> web.Response:
        if (await read(request, Outage)).is_out:
            self._network.go_out()
        else:
            self._network.come_back()
        return web.json_response({"outage": self._network.is_out})
