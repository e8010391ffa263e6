"""The way to WhatsApp of one instance: directly or through the wire relay, and through which proxy."""

from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from common import logs
from common.requests.wire import SetWire
from common.tables import wire as table
from common.vault import Unreadable
from frontend.operation import Call, Guard, Operation, Read, Write
from frontend.operations.rings import ring
from frontend.replies.wire import WireSettings
from frontend.services import Services

log = logs.get(__name__)

HIDDEN = "***"


async def read(services: Services, call: Call[None, None]) -> WireSettings:
    return await _shown(services, call.access.id)


async def change(services: Services, call: Call[None, SetWire]) -> WireSettings:
    """The session is opened anew on the other way; the link to the phone stays."""
    asked, instance = call.body, call.access.id
    async with services.pool.acquire() as connection, connection.transaction():
        if "wire" in asked.model_fields_set:
            await table.set_wire(connection, instance, asked.wire)
        if "proxy" in asked.model_fields_set:
            sealed = None if asked.proxy is None else services.vault.seal_proxy(instance, asked.proxy)
            await connection.execute(table.SET_PROXY, instance, sealed)
    await ring(services, call.access.shard, instance)
    return await _shown(services, instance)


async def _shown(services: Services, instance: UUID) -> WireSettings:
    way = await table.find(services.pool, instance)
    proxy = None
    if way.proxy_cipher is not None:
        try:
            proxy = _without_password(services.vault.open_proxy(instance, way.proxy_cipher))
        except Unreadable:
            log.error("proxy not readable with this TOKEN_ENCRYPTION_KEY", instance=instance)
            proxy = HIDDEN
    wire = None if way.wire is None else "relay" if way.wire == "relay" else "direct"
    return WireSettings(wire=wire, proxy=proxy, state=way.session_state, error=way.session_error)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}{colon and ':' + HIDDEN}{at}{host}"))


OPERATIONS = (
    Operation(
        "GET",
        "integrator/wire",
        Read(read),
        "How the instance's session reaches WhatsApp",
        WireSettings,
        guard=Guard.PARTNER,
        tag="wire",
    ),
    Operation(
        "PUT",
        "integrator/wire",
        Write(change),
        "Go directly or through the wire relay, and through a proxy; the session is opened anew",
        WireSettings,
        body=SetWire,
        guard=Guard.PARTNER,
        tag="wire",
        example={"wire": "relay", "proxy": "socks5://user:secret@proxy.example.com:1080"},
    ),
)
