"""The emulator itself: how to reach it, and what it has seen."""

from aiohttp import web

from sender.whatsapp.emulator.control.requests import MAX_WAIT, number
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import Server


class StateRoutes:
    def __init__(self, server: Server, network: Network) -> None:
        self._server, self._network = server, network

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/environment", self.environment),
            web.get("/control/stats", self.stats),
            web.get("/control/traffic", self.traffic),
        ]

    async def environment(self, request: web.Request) -> web.Response:
        """What a client's process must be told: proxy and authority when it starts, the root key before it connects."""
        return web.json_response(
            {
                "proxy": f"http://127.0.0.1:{self._network.port}",
                "ca_file": str(self._network.authority.certificate.resolve()),
                "noise_root": self._network.noise_root.hex(),
            }
        )

    async def stats(self, request: web.Request) -> web.Response:
        server = self._server
        devices = [device for account in server.directory.accounts for device in account.companions]
        return web.json_response(
            {
                "accounts": len(server.directory.accounts),
                "devices": len(devices),
                "connections": len(server.clients.connections),
                "active": sum(device.is_active for device in devices),
                "pending": sum(len(device.pending) for device in devices),
                "messages": dict(server.messages.counts),
                "stanzas": dict(server.clients.stanzas),
                "questions": dict(server.questions.asked),
                "unknown_questions": list(server.questions.unknown),
            }
        )

    async def traffic(self, request: web.Request) -> web.Response:
        """The messages that linked devices put on the wire, in order, also those that were refused or came twice."""
        after = int(number(request, "after", 0, 1 << 62))
        wait = number(request, "wait", 0, MAX_WAIT)
        arrivals = self._server.messages.arrivals
        if wait:
            await self._server.moments.until(lambda: bool(arrivals) and arrivals[-1].sequence > after, wait)
        return web.json_response({"messages": [each._asdict() for each in arrivals if each.sequence > after]})
