"""Pictures of products, put on WhatsApp's media servers as they are: nobody encrypts what everybody may see.

Where to, and with which key, is a question of w:m, as whatsmeow asks it (mediaconn.go); path, name and answer are those
of Baileys (product-catalog-image in Utils/messages-media.ts). Not tried live here.
"""

import asyncio
import hashlib
import http.client
import io
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

import orjson

from common.errors import DeliveryError, Refused, TemporaryFailure
from sender.whatsapp.powers.refusals import NotUnderstood
from sender.whatsapp.relay.asking import Ask, ask_in, understood
from sender.whatsapp.relay.dialing import dial
from sender.whatsapp.wire.node import Node

NAMESPACE = "w:m"
PATH = "/product/image/"
SHOWN_FROM = "https://mmg.whatsapp.net"
PORT = 443
LONGEST_ANSWER = 64 * 1024


class Uploads(Protocol):
    async def upload(self, picture: bytes) -> str:
        """The address that a product names its picture by. Raises DeliveryErrors."""
        ...


class PlainUploads:
    """`proxy` is the session's way to WhatsApp, `ca_file` whom to trust instead of the system's authorities."""

    def __init__(self, ask: Ask, proxy: str, ca_file: str, patience: float) -> None:
        self._ask = ask
        self._proxy = proxy
        self._ca_file = ca_file
        self._patience = patience

    async def upload(self, picture: bytes) -> str:
        answer = await ask_in(self._ask, NAMESPACE, "set", Node("media_conn"))
        with understood():
            connection = answer.child("media_conn")
            key, hosts = connection.text("auth"), [each.text("hostname") for each in connection.all("host")]
        name = urlsafe_b64encode(hashlib.sha256(picture).digest()).decode().rstrip("=")
        target = f"{PATH}{name}?auth={quote(key, safe='')}&token={name}"
        return await self._to_one_of(hosts, target, picture)

    async def _to_one_of(self, hosts: Sequence[str], target: str, picture: bytes) -> str:
        failure: DeliveryError = TemporaryFailure("WhatsApp names no media server")
        for host in hosts:
            try:
                async with asyncio.timeout(self._patience):
                    return _address(await self._post(host, target, picture))
            except (OSError, TimeoutError) as error:
                failure = TemporaryFailure(f"a media server could not be reached: {type(error).__name__}")
            except TemporaryFailure as error:
                failure = error
        raise failure

    async def _post(self, host: str, target: str, picture: bytes) -> bytes:
        trust = ssl.create_default_context(cafile=self._ca_file or None)
        reader, writer = await dial(host, PORT, self._proxy)
        try:
            await writer.start_tls(trust, server_hostname=host)
            head = (
                f"POST {target} HTTP/1.1", f"Host: {host}", "Origin: https://web.whatsapp.com",
                "Referer: https://web.whatsapp.com/", "Content-Type: application/octet-stream",
                f"Content-Length: {len(picture)}", "Connection: close",
            )  # fmt: skip
            writer.write("\r\n".join((*head, "", "")).encode() + picture)
            await writer.drain()
            return await _all_of(reader)
        finally:
            writer.transport.abort()


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """The answer ends with the connection."""
    answer = bytearray()
    while piece := await reader.read(LONGEST_ANSWER):
        answer += piece
        if len(answer) > LONGEST_ANSWER:
            raise NotUnderstood("a media server's answer has no end")
    return bytes(answer)


def _address(answer: bytes) -> str:
    try:
        response = http.client.HTTPResponse(_Said(answer))  # type: ignore[arg-type]
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError) as error:
        raise NotUnderstood("a media server's answer") from error
    if response.status in (408, 429) or response.status >= 500:
        raise TemporaryFailure(f"a media server answered {response.status}")
    if response.status != 200:
        raise Refused(f"a media server answered {response.status}")
    try:
        return f"{SHOWN_FROM}{orjson.loads(body)['direct_path']}"
    except (ValueError, LookupError, TypeError) as error:
        raise NotUnderstood("a media server's answer") from error


class _Said:
    """What was read from a connection, in the form that the standard library's reader of answers wants."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)
