import asyncio
import ssl
import stat
from pathlib import Path

import pytest

from sender.whatsapp.wire.authority import ensure_authority

pytestmark = pytest.mark.anyio


async def connect(directory: Path, host: str) -> str | None:
    """Open TLS as a client that trusts the authority and asks for a host; gives the agreed application protocol."""
    authority = ensure_authority(directory)
    server = await asyncio.start_server(
        lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=authority.server_context()
    )
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    trust.set_alpn_protocols(["h2", "http/1.1"])
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=host)
        protocol: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return protocol


@pytest.mark.parametrize("host", ["web.whatsapp.com", "mmg.whatsapp.net", "anything.whatsapp.net"])
async def test_whatsapp_hosts_are_served_over_http_1_1_only(tmp_path: Path, host: str) -> None:
    assert await connect(tmp_path, host) == "http/1.1"


async def test_other_hosts_are_not_vouched_for(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(tmp_path, "example.org")


async def test_the_authority_is_made_once_and_its_secret_is_private(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path / "new").certificate.read_bytes()
    again = ensure_authority(tmp_path / "new")
    assert again.certificate.read_bytes() == first
    assert stat.S_IMODE(again.server.stat().st_mode) == 0o600
