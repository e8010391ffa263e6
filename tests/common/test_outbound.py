"""The guarded client: what it refuses to connect to, and the caps on what it takes."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from ipaddress import ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from common.outbound import (
    AddressRefused,
    BadAnswer,
    Outbound,
    OutboundError,
    Rules,
    TimedOut,
    TooLarge,
    TooManyRedirects,
    Unreachable,
    UrlRefused,
)
from common.public_address import is_public, parse_networks
from tests.web_server import WebServer, answer, redirect, web_server

pytestmark = pytest.mark.anyio

ANY = Rules(timedelta(minutes=1), largest=1_000_000, redirects=3, schemes=frozenset({"http", "https"}))


class Names(AbstractResolver):
    """Answers from a table: each look-up of a name takes the next of its answers, the last one for good."""

    def __init__(self, **answers: Iterable[str]) -> None:
        self._answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        known = self._answers.get(host)
        if known is None:
            raise OSError(socket.EAI_NONAME, "no such name")
        one = known.pop(0) if len(known) > 1 else known[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, proto=0, flags=0,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in one.split()
        ]  # fmt: skip

    async def close(self) -> None:
        return


HOSTILE = (
    # loopback and this host, in every spelling that a resolver understands
    "http://127.0.0.1/",
    "http://127.0.0.1:6379/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://127.255.255.254/",
    "http://①②⑦.⓪.⓪.①/",
    # private, carrier-grade, link-local, metadata
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://0xc0a80101/",
    "http://3232235777/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://192.0.0.192/opc/v1/instance/",
    "http://192.0.0.8/",
    "http://168.63.129.16/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    # an IPv4 address inside an IPv6 one
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[::a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    # multicast, reserved, documentation, benchmarks
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[5f00::1]/",
)

MALFORMED = (
    "file:///etc/passwd",
    "ftp://example.org/a",
    "gopher://127.0.0.1:6379/_INFO",
    "data:text/plain,hello",
    "//127.0.0.1/",
    "/etc/passwd",
    "",
    "http://",
    "http:///path",
    "http://user:password@example.org/",
    "http://user@example.org/",
    "http://[::1/",
    "http://example.org:99999/",
    "http://example.org:0/",
    "http://" + "a" * 9_000,
)


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with Outbound() as client:
        yield client


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server() as served:
        yield served


@pytest.fixture
async def local() -> AsyncIterator[Outbound]:
    """May reach 127.0.0.1, and of all loopback only that."""
    async with Outbound(parse_networks("127.0.0.1/32")) as client:
        yield client


async def fetch(client: Outbound, url: str, rules: Rules = ANY, **headers: str) -> bytes:
    async with client.request("GET", url, rules, headers=headers) as got:
        return await got.read()


@pytest.mark.parametrize("url", HOSTILE)
async def test_an_address_that_is_not_public_is_refused(outbound: Outbound, url: str) -> None:
    # Digits that are no proper address are refused by their form; a spelling unknown to the resolver leads nowhere.
    with pytest.raises((AddressRefused, UrlRefused, Unreachable)) as refused:
        await fetch(outbound, url)
    assert refused.type is not Unreachable or "LOCALHOST." in url or "①" in url


@pytest.mark.parametrize("url", MALFORMED)
async def test_a_url_of_another_form_is_refused(outbound: Outbound, url: str) -> None:
    with pytest.raises(UrlRefused):
        await fetch(outbound, url)


async def test_plain_http_is_refused_where_the_caller_wants_https(local: Outbound, server: WebServer) -> None:
    with pytest.raises(UrlRefused, match="https://"):
        await fetch(local, server.url("/"), Rules(timedelta(minutes=1), 10))
    assert server.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        "127.0.0.1",
        "10.0.0.5",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "64:ff9b::7f00:1",
        "169.254.169.254 ::1",
        "rubbish",
    ],
)
async def test_a_name_that_leads_to_a_private_address_is_refused(addresses: str) -> None:
    async with Outbound(resolver=Names(evil_example=[addresses])) as client:
        with pytest.raises(AddressRefused):
            await fetch(client, "http://evil.example/")


async def test_a_name_that_changes_its_address_after_the_first_look_is_refused(server: WebServer) -> None:
    """Rebinding: whatever the name led to before, the address of the connect itself is judged."""
    names = Names(evil_example=["127.0.0.1", "127.0.0.2"], other_example=["127.0.0.2"])
    server.replies["/"] = answer(b"public")
    server.replies["/moved"] = redirect(f"http://other.example:{server.port}/")
    async with Outbound([ip_network("127.0.0.1/32")], resolver=names) as client:
        assert await fetch(client, server.url("/", "evil.example")) == b"public"
        with pytest.raises(AddressRefused):
            await fetch(client, server.url("/moved", "evil.example"))
    async with Outbound([ip_network("127.0.0.1/32")], resolver=names) as client:
        with pytest.raises(AddressRefused):
            await fetch(client, server.url("/", "evil.example"))


async def test_a_name_with_a_public_and_a_private_address_uses_the_allowed_one(server: WebServer) -> None:
    server.replies["/"] = answer(b"here")
    names = Names(both_example=["127.0.0.2 127.0.0.1"])
    async with Outbound([ip_network("127.0.0.1/32")], resolver=names) as client:
        assert await fetch(client, server.url("/", "both.example")) == b"here"


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://127.0.0.2/", AddressRefused),
        ("http://169.254.169.254/latest/meta-data/", AddressRefused),
        ("http://[::1]/", AddressRefused),
        ("http://2130706434/", UrlRefused),
        ("//10.0.0.1/", AddressRefused),
        ("file:///etc/passwd", UrlRefused),
        ("gopher://127.0.0.1/", UrlRefused),
        ("http://user:secret@127.0.0.1/", UrlRefused),
        ("http://[::1/", UrlRefused),
    ],
)
async def test_a_redirect_is_judged_like_the_first_url(
    local: Outbound, server: WebServer, location: str, error: type[OutboundError]
) -> None:
    server.replies["/"] = redirect(location)
    with pytest.raises(error):
        await fetch(local, server.url("/"))


async def test_redirects_are_followed_as_far_as_allowed(local: Outbound, server: WebServer) -> None:
    server.replies |= {"/0": redirect("/1", 301), "/1": redirect("2", 303), "/2": redirect("/3", 307)}
    server.replies["/3"] = answer(b"end")
    assert await fetch(local, server.url("/0")) == b"end"
    server.replies["/3"] = redirect("/4", 308)
    with pytest.raises(TooManyRedirects):
        await fetch(local, server.url("/0"))
    server.replies["/round"] = redirect("/round")
    with pytest.raises(TooManyRedirects):
        await fetch(local, server.url("/round"))


async def test_without_redirects_allowed_the_answer_is_the_callers_to_judge(local: Outbound, server: WebServer) -> None:
    server.replies["/"] = redirect("http://10.0.0.1/")
    rules = Rules(timedelta(minutes=1), 100, schemes=frozenset({"http"}))
    async with local.request("POST", server.url("/"), rules, body=b"{}") as got:
        assert got.status == 302


async def test_headers_of_the_caller_stay_with_the_server_they_are_for(local: Outbound, server: WebServer) -> None:
    async with web_server({"/": answer(b"other")}) as other:
        server.replies["/"] = redirect(other.url("/"))
        assert await fetch(local, server.url("/"), authorization="Bearer secret") == b"other"
        assert "secret" in server.heads[0]
        assert "secret" not in other.heads[0]


async def test_an_answer_above_the_limit_is_cut_off(local: Outbound, server: WebServer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            await writer.drain()

    server.replies |= {"/said": answer(bytes(2_000_000)), "/endless": endless}
    for path in server.replies:
        with pytest.raises(TooLarge):
            await fetch(local, server.url(path))


async def test_a_packed_answer_is_not_unpacked(local: Outbound, server: WebServer) -> None:
    server.replies["/"] = answer(zlib.compress(bytes(50_000_000)), content_encoding="deflate")
    with pytest.raises(BadAnswer):
        await fetch(local, server.url("/"))


async def test_a_slow_answer_is_given_up(local: Outbound, server: WebServer) -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.05)

    server.replies["/"] = trickle
    with pytest.raises(TimedOut):
        await fetch(local, server.url("/"), Rules(timedelta(seconds=0.3), 1_000, schemes=frozenset({"http"})))


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
)
async def test_a_broken_answer_is_an_error_that_may_be_tried_again(
    local: Outbound, server: WebServer, raw: bytes
) -> None:
    server.replies["/"] = raw
    with pytest.raises((BadAnswer, Unreachable)) as broken:
        await fetch(local, server.url("/"))
    assert broken.value.retry


async def test_a_server_that_is_not_there_is_unreachable(local: Outbound) -> None:
    async with web_server() as gone:
        url = gone.url("/")
    with pytest.raises(Unreachable):
        await fetch(local, url)


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    async with Outbound(resolver=Names()) as client:
        with pytest.raises(Unreachable):
            await fetch(client, "http://nowhere.example/")


async def test_a_proxy_of_the_environment_is_not_used(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url("/proxy"))
    async with Outbound(resolver=Names(evil_example=["10.0.0.1"])) as client:
        with pytest.raises(AddressRefused):
            await fetch(client, "http://evil.example/")
    assert server.asked == []


async def test_the_callers_own_time_limit_stays_the_callers(local: Outbound, server: WebServer) -> None:
    server.replies["/"] = answer(b"body")

    async def wait_inside() -> None:
        async with local.request("GET", server.url("/"), ANY), asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait_inside()


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "1.1.1.1", "::ffff:8.8.8.8", "2a00:1450::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "rubbish", "127.1", "10.0.0.1%eth0", "1.2.3.4.5"])
def test_what_is_not_an_address_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_an_allowed_network_opens_what_is_in_it() -> None:
    allowed = parse_networks("10.0.0.0/8, fd00::/8")
    assert is_public("10.1.2.3", allowed)
    assert is_public("::ffff:10.1.2.3", allowed)
    assert is_public("fd12::1", allowed)
    assert not is_public("192.168.0.1", allowed)


# --- webhooks ---


async def test_a_post_tells_status_and_headers_and_follows_no_redirect() -> None:
    async with web_server({"/hook": redirect("/elsewhere")}) as server, Outbound(parse_networks("127.0.0.0/8")) as out:
        status, headers = await out.post(server.url("/hook"), ANY, b"{}", {"content-type": "application/json"})
    assert (status, headers["location"]) == (302, "/elsewhere")


async def test_a_post_goes_nowhere_that_a_get_may_not() -> None:
    async with Outbound() as out:
        with pytest.raises(AddressRefused):
            await out.post("http://127.0.0.1:9/", ANY, b"", {})
        with pytest.raises(UrlRefused):
            await out.post("ftp://example.com/", ANY, b"", {})
