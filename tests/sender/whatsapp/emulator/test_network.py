"""The one port: an HTTP proxy for WhatsApp's hosts, TLS and Noise behind it, and plain HTTP for the control API."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sender.whatsapp.emulator.control.application import add_routes, new_application
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode as encode_node
from sender.whatsapp.wire.framing import HEADER, FrameReader, frame
from sender.whatsapp.wire.handshake import ClientHandshake
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.noise import Transport
from sender.whatsapp.wire.protobuf import encode
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

CHAT = "https://web.whatsapp.com/ws/chat"


@pytest.fixture
async def network(server: Server, folder: Path) -> AsyncIterator[Network]:
    control = new_application(server.database)
    network = Network(server, folder, control)
    add_routes(control, server, network)
    await network.start("127.0.0.1", 0)
    yield network
    await network.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def dial(http: aiohttp.ClientSession, network: Network, url: str = CHAT) -> "aiohttp.client._WSRequestContextManager":
    context = ssl.create_default_context(cafile=str(network.authority.certificate))
    return http.ws_connect(url, proxy=f"http://127.0.0.1:{network.port}", ssl=context)


async def next_frame(socket: aiohttp.ClientWebSocketResponse, reader: FrameReader) -> bytes:
    while True:
        message = await socket.receive(timeout=PATIENCE)
        assert message.type == aiohttp.WSMsgType.BINARY, message.type
        for body in reader.feed(message.data):
            return body


async def shake(socket: aiohttp.ClientWebSocketResponse, root: bytes, payload: bytes) -> tuple[Transport, FrameReader]:
    """The client's side of the handshake; header and first frame in one message, as clients send them."""
    handshake, reader = ClientHandshake(root), FrameReader(from_client=False)
    await socket.send_bytes(HEADER + frame(handshake.hello()))
    handshake.check(await next_frame(socket, reader))
    finish, transport = handshake.finish(KeyPair(), payload)
    await socket.send_bytes(frame(finish))
    return transport, reader


def registration() -> bytes:
    identity, prekey = KeyPair(), KeyPair()
    signature = identity.sign(b"\x05" + prekey.public)
    parts = [(1, bytes(4)), (2, b"\x05"), (3, identity.public), (4, bytes(3)), (5, prekey.public), (6, signature)]
    return encode([(19, parts)])


async def raw(network: Network, request: bytes) -> bytes:
    """What comes back on a plain connection until the other side closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_client_is_led_through_proxy_tls_and_noise(network: Network, http: aiohttp.ClientSession) -> None:
    async with dial(http, network) as socket:
        transport, reader = await shake(socket, network.noise_root, registration())
        offer = decode(transport.open(await next_frame(socket, reader)))
        assert len(offer.child("pair-device").all("ref")) == 6


async def test_a_login_of_nobody_is_refused(network: Network, http: aiohttp.ClientSession) -> None:
    async with dial(http, network) as socket:
        transport, reader = await shake(socket, network.noise_root, encode([(1, 5511999999999), (18, 1)]))
        assert decode(transport.open(await next_frame(socket, reader))).get("reason") == "401"
        assert (await socket.receive(timeout=PATIENCE)).type == aiohttp.WSMsgType.CLOSE


@pytest.mark.parametrize("message", [b"GET / HTTP/1.1\r\n\r\n", HEADER + frame(b"nonsense"), HEADER + frame(b"")])
async def test_a_client_that_makes_no_sense_is_dropped(
    network: Network, http: aiohttp.ClientSession, message: bytes
) -> None:
    async with dial(http, network) as socket:
        await socket.send_bytes(message)
        assert (await socket.receive(timeout=PATIENCE)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_frame_that_was_changed_ends_the_connection_and_no_other(
    network: Network, http: aiohttp.ClientSession
) -> None:
    async with dial(http, network) as socket, dial(http, network) as other:
        transport, reader = await shake(socket, network.noise_root, registration())
        await shake(other, network.noise_root, registration())
        await next_frame(socket, reader)
        *most, last = transport.seal(encode_node(Node("iq")))
        await socket.send_bytes(frame(bytes([*most, last ^ 1])))
        assert (await socket.receive(timeout=PATIENCE)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert (await other.receive(timeout=PATIENCE)).type == aiohttp.WSMsgType.BINARY


async def test_only_hosts_of_whatsapp_are_reached(network: Network) -> None:
    assert b" 403 " in await raw(network, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
    assert b" 403 " in await raw(network, b"CONNECT evilwhatsapp.com:443 HTTP/1.1\r\n\r\n")


async def test_nobody_comes_in_while_whatsapp_is_out(network: Network, http: aiohttp.ClientSession) -> None:
    network.go_out()
    assert await raw(network, b"CONNECT web.whatsapp.com:443 HTTP/1.1\r\n\r\n") == b""
    async with http.get(f"http://127.0.0.1:{network.port}/control/stats") as answer:
        assert answer.status == 200
    network.come_back()
    async with dial(http, network) as socket:
        await shake(socket, network.noise_root, registration())


async def test_whatsapps_paths_are_not_on_the_plain_side_nor_the_control_api_inside(
    network: Network, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"http://127.0.0.1:{network.port}/ws/chat") as answer:
        assert answer.status == 404
    context = ssl.create_default_context(cafile=str(network.authority.certificate))
    inside = "https://web.whatsapp.com/control/stats"
    async with http.get(inside, proxy=f"http://127.0.0.1:{network.port}", ssl=context) as answer:
        assert answer.status == 404


async def test_a_client_that_does_not_trust_the_authority_harms_nobody(
    network: Network, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(CHAT, proxy=f"http://127.0.0.1:{network.port}")
    async with dial(http, network) as socket:
        await shake(socket, network.noise_root, registration())


async def test_the_identity_stays_the_same_on_the_same_folder(network: Network, server: Server, folder: Path) -> None:
    again = Network(server, folder, new_application(server.database))
    assert again.noise_root == network.noise_root
    assert again.authority == network.authority
