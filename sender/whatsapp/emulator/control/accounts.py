"""Accounts: make them, link devices to them, take the links away."""

import asyncio
from typing import Any, Literal

from aiohttp import web

from sender.whatsapp.emulator import login
from sender.whatsapp.emulator.accounts import HANDSET, Account, Device
from sender.whatsapp.emulator.control.requests import Body, Phone, Problem, account, read
from sender.whatsapp.emulator.handset.scripts import DEFAULT, SCRIPTS
from sender.whatsapp.emulator.pairing import PairingFailed
from sender.whatsapp.emulator.server import Server

LINK_PATIENCE = 20.0  # seconds for a client to answer the phone
CODE_PATIENCE = 10.0  # for a client to ask for a code, when the code is entered first


class NewAccount(Body):
    phone: Phone
    name: str | None = None
    script: str | None = None
    aliases: tuple[Phone, ...] = ()
    audience: tuple[Phone, ...] = ()
    """Who sees its status."""
    business: dict[str, Any] | None = None
    """Its profile as a business: description, address, email, websites, categories, hours, cart."""
    catalog: dict[str, Any] | None = None
    """`products` and `collections`, as the emulator keeps them."""


class Scan(Body):
    phone: Phone
    qr: str


class Code(Body):
    phone: Phone
    code: str


class End(Body):
    """What happens to the connections of an account's devices, or of one of them."""

    device: int | None = None
    how: Literal["unlink", "replace", "cut", "restart"] = "unlink"


class AccountRoutes:
    def __init__(self, server: Server) -> None:
        self._server, self._directory = server, server.directory

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/accounts", self.list_all),
            web.post("/control/accounts", self.add),
            web.get("/control/accounts/{phone}", self.show),
            web.post("/control/accounts/{phone}/end", self.end),
            web.post("/control/scan", self.scan),
            web.post("/control/code", self.code),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        return web.json_response({"accounts": [_shown(each) for each in self._directory.accounts]})

    async def add(self, request: web.Request) -> web.Response:
        """Idempotent: an account that exists gets the name and the script that are given."""
        wanted = await read(request, NewAccount)
        if wanted.script not in (None, *SCRIPTS):
            raise Problem(400, f"script must be one of {', '.join(SCRIPTS)}")
        found = self._directory.by_phone(wanted.phone)
        if found is None:
            found = self._directory.add(wanted.phone, wanted.name or wanted.phone)
            self._server.handsets.add(found)
        if wanted.name not in (None, found.name):
            found.name = wanted.name or found.name
            self._server.handsets.of(found).companions.renamed()
        found.script = wanted.script or found.script
        if wanted.audience:
            found.profile.audience = [account(self._directory, phone).lid for phone in wanted.audience]
        found.profile.business = found.profile.business if wanted.business is None else wanted.business
        found.profile.catalog = found.profile.catalog if wanted.catalog is None else wanted.catalog
        self._directory.save(found)
        for alias in wanted.aliases:
            other = self._directory.by_phone(alias)
            if other not in (None, found):
                raise Problem(409, f"{alias} is the number of another account")
            self._directory.add_alias(alias, found)
        return web.json_response(_shown(found))

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(_shown(self._account(request)))

    async def scan(self, request: web.Request) -> web.Response:
        """The account's phone scans a QR code; the answer comes when the device is linked."""
        wanted = await read(request, Scan)
        owner = account(self._directory, wanted.phone)
        try:
            linking = self._server.pairing.scan(owner, wanted.qr)
        except PairingFailed as failure:
            raise Problem(400, str(failure)) from failure
        return await self._linked(linking)

    async def code(self, request: web.Request) -> web.Response:
        """The code that a client shows is typed into the account's phone; answered like a scan."""
        wanted = await read(request, Code)
        owner = account(self._directory, wanted.phone)
        pairing = self._server.code_pairing
        await self._server.moments.until(lambda: pairing.is_waiting(owner.phone), CODE_PATIENCE)
        try:
            linking = pairing.enter(owner, wanted.code)
        except PairingFailed as failure:
            raise Problem(400, str(failure)) from failure
        return await self._linked(linking)

    async def end(self, request: web.Request) -> web.Response:
        """Unlink companions, or end their connections in one of the ways in which they end."""
        owner, wanted = self._account(request), await read(request, End)
        companions = [each for each in owner.companions if wanted.device in (None, each.number)]
        if wanted.device is not None and not companions:
            raise Problem(404, f"{owner.phone} has no device {wanted.device}")
        for companion in companions:
            self._end(companion, wanted.how)
        return web.json_response({"devices": [companion.number for companion in companions]})

    def _end(self, companion: Device, how: str) -> None:
        if how == "unlink":
            self._server.device_lists.unlink(companion)
        elif how == "replace":
            login.replace(companion)
        elif how == "restart":
            login.restart(companion)
        elif companion.link:
            companion.link.abort()

    async def _linked(self, linking: asyncio.Future[Device]) -> web.Response:
        try:
            async with asyncio.timeout(LINK_PATIENCE):
                device = await asyncio.shield(linking)
        except PairingFailed as failure:
            raise Problem(400, str(failure)) from failure
        except TimeoutError as error:
            raise Problem(504, "the client did not answer in time") from error
        shown = {"phone": device.account.phone, "device": str(device.phone_jid), "lid": str(device.lid_jid)}
        return web.json_response({**shown, "number": device.number})

    def _account(self, request: web.Request) -> Account:
        return account(self._directory, request.match_info["phone"])


def _shown(account: Account) -> dict[str, object]:
    return {
        "phone": account.phone,
        "lid": account.lid,
        "name": account.name,
        "script": account.script or DEFAULT,
        "about": account.profile.about,
        "business": account.profile.business,
        "catalog": account.profile.catalog,
        "left_out": account.profile.left_out,
        "reporters": account.profile.reporters,
        "devices": [
            {
                "number": device.number,
                "device": str(device.phone_jid),
                "connected": device.is_active,
                "online": device.is_online,
                "prekeys": len(device.prekeys),
                "pending": len(device.pending),
            }
            for device in account.devices.values()
            if device.number != HANDSET
        ],
    }
