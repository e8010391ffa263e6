"""Media and pictures: what contacts received decrypted, what they send, how accounts look."""

import base64
import binascii

from aiohttp import web

from sender.whatsapp.emulator import attachments
from sender.whatsapp.emulator.control.requests import Body, Problem, account, chat, read
from sender.whatsapp.emulator.media import HOST
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.signal.cipher import SignalError


class Medium(Body):
    """`data` is in base64; a voice message is an audio with `voice`."""

    to: str
    kind: str
    data: str
    mimetype: str
    caption: str = ""
    file_name: str = ""
    voice: bool = False


class Picture(Body):
    """`data` is a JPEG in base64; null takes the picture away."""

    data: str | None


class MediaRoutes:
    def __init__(self, server: Server) -> None:
        self._server, self._directory, self._media = server, server.directory, server.media

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/contacts/{phone}/messages/{id}/media", self.received),
            web.post("/control/contacts/{phone}/send-media", self.send),
            web.post("/control/accounts/{phone}/picture", self.picture),
        ]

    async def received(self, request: web.Request) -> web.Response:
        """The decrypted media of a message, as bytes."""
        phone, message_id = request.match_info["phone"], request.match_info["id"]
        account(self._directory, phone)
        message = self._server.inbox.find(phone, message_id)
        attachment = attachments.read(message.message) if message else None
        if attachment is None:
            raise Problem(404, f"{phone} has received no media with {message_id}")
        body = self._media.find(attachment.path)
        if body is None:
            raise Problem(404, "the media host does not have what the message tells of")
        try:
            data = attachments.unseal(attachment, body)
        except SignalError as error:
            raise Problem(409, str(error)) from error
        kind = attachment.mimetype.partition(";")[0] or "application/octet-stream"
        return web.Response(body=data, headers={"Content-Type": kind})

    async def send(self, request: web.Request) -> web.Response:
        wanted = await read(request, Medium)
        handset = self._server.handsets.of(account(self._directory, request.match_info["phone"]))
        if wanted.kind not in attachments.KINDS:
            raise Problem(400, f"kind must be one of {', '.join(attachments.KINDS)}")
        to = chat(handset, wanted.to)
        sealed = attachments.seal(wanted.kind, _decoded(wanted.data))
        path = self._media.keep(sealed.body)
        message = attachments.write(
            wanted.kind,
            sealed,
            url=f"https://{HOST}{path}",
            path=path,
            mimetype=wanted.mimetype,
            caption=wanted.caption,
            file_name=wanted.file_name,
            is_voice=wanted.voice,
        )
        return web.json_response({"id": handset.outgoing.send(to, message, "media")})

    async def picture(self, request: web.Request) -> web.Response:
        owner = account(self._directory, request.match_info["phone"])
        wanted = await read(request, Picture)
        data = None if wanted.data is None else _decoded(wanted.data)
        return web.json_response({"id": self._server.pictures.set(owner, owner, data)})


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise Problem(400, "data must be in base64") from error
