"""The media host: takes what clients upload, keeps it as files, and gives it back byte by byte."""

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.faults import MEDIA_KINDS, Faults
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Reply
from sender.whatsapp.wire.derivation import authentication_code
from sender.whatsapp.wire.node import Attributes, Node

HOST, PICTURE_HOST = "mmg.whatsapp.net", "pps.whatsapp.net"

# What the client adds begins with `&`, so the path must have a query already.
_QUERY = "?ccb=11-4&oh=emulated&oe=7FFFFFFF&_nc_sid=5e03e0"
_PREFIX = "/v/t62.7118-24/"
_NAME = re.compile(r"[0-9a-f]{24}")

_JPEG = b"\xff\xd8"

_TTL, _AUTH_TTL = 300, 21_600  # seconds


class Media:
    """A file's name is all that is needed to find it: names are as good as secrets."""

    def __init__(self, folder: Path, directory: Directory, faults: Faults) -> None:
        self._folder, self._directory, self._faults = folder, directory, faults
        folder.mkdir(exist_ok=True, mode=0o700)

    def answers(self) -> Mapping[Key, Answer]:
        return {("w:m", "media_conn"): self.connect}

    def routes(self) -> list[web.RouteDef]:
        found = [web.get("/{prefix:v|pps}/{rest:.*}", self.download)]
        for prefix in ("mms", "newsletter"):
            path = f"/{prefix}/{{kind}}/{{token}}"
            found += [web.post(path, self.upload), web.delete(path, self.forget)]
        found.append(web.post("/product/image/{name}", self.upload_plain))
        return found

    def connect(self, device: Device, question: Node) -> Reply:
        """Where to upload to. All of these attributes are insisted on."""
        head: Attributes = {
            "auth": _authentication(device.account),
            "ttl": _TTL,
            "auth_ttl": _AUTH_TTL,
            "max_buckets": 12,
        }
        return Reply([Node("media_conn", head, [Node("host", {"hostname": HOST})])])

    def keep(self, data: bytes) -> str:
        """Gives the path under which clients find it."""
        name = os.urandom(12).hex()
        (self._folder / name).write_bytes(data)
        return f"{_PREFIX}{name}.enc{_QUERY}"

    def find(self, path: str) -> bytes | None:
        """What is kept under a path, with or without what clients add to it."""
        file = self._file(path)
        return file.read_bytes() if file else None

    async def upload(self, request: web.Request) -> web.Response:
        authentication = request.query.get("auth", "")
        account = self._directory.by_phone(authentication.partition(".")[0])
        if account is None or authentication != _authentication(account):
            return web.Response(status=401)
        refusal = await self._go_wrong(account.phone, "upload")
        if refusal:
            return web.Response(status=refusal)
        path = await asyncio.to_thread(self.keep, await request.read())
        url = {"url": f"https://{HOST}{path}", "direct_path": path}
        return web.json_response({**url, "handle": "", "object_id": ""})

    async def upload_plain(self, request: web.Request) -> web.Response:
        """A picture that is not encrypted goes by the hash of its bytes."""
        data = await request.read()
        name = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        if request.match_info["name"] != name or request.query.get("token") != name or not data.startswith(_JPEG):
            return web.Response(status=400)
        return await self.upload(request)

    async def download(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._go_wrong(None, "download")
        if refusal:
            return web.Response(status=refusal)
        file = self._file(request.path)
        return web.FileResponse(file) if file else web.Response(status=404)

    async def forget(self, request: web.Request) -> web.Response:
        """Clients ask for it after a history download; nothing is lost by keeping it."""
        return web.Response(status=200)

    async def _go_wrong(self, phone: str | None, what: str) -> int | None:
        """The status of a refusal. Faults name the uploading account, and `upload` or `download` as the addressee."""
        fault = self._faults.take(MEDIA_KINDS, phone=phone, to=what)
        if fault is None:
            return None
        if fault.kind == "slow-media":
            await self._faults.last(fault)
            return None
        return fault.code

    def _file(self, path: str) -> Path | None:
        name = _NAME.search(path.partition("?")[0].rpartition("/")[2])
        file = self._folder / name[0] if name else None
        return file if file and file.exists() else None


def _authentication(account: Account) -> str:
    """The same after a restart, since clients keep it for a while."""
    return f"{account.phone}.{authentication_code(account.identity.private, b'media upload').hex()}"
