"""Outbound: HTTP to addresses that callers name, which must never lead into the operator's own network.

OutboundError          code               again?
├── UrlRefused         url-refused        no      (form, scheme, a login in it)
├── AddressRefused     address-refused    no      (not on the public internet)
├── TooManyRedirects   redirects          no
├── TooLarge           too-large          no
├── BadAnswer          bad-answer         yes     (not HTTP, or packed although we asked for it plain)
├── Unreachable        unreachable        yes     (name, connection, TLS)
└── TimedOut           timeout            yes
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from common.public_address import Network, is_public

LONGEST_URL = 8_192
CHUNK = 64 * 1024
LOOKUPS = 32  # names looked up at a time: a name server that never answers holds a thread of these, and no other
CONNECTIONS = 256
CONNECT_PATIENCE = 10.0  # seconds for one connection and its TLS

_MOVED = frozenset({301, 302, 303, 307, 308})


class OutboundError(Exception):
    """The request could not be made."""

    code = "outbound"
    retry = False

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or self.code).strip())


class UrlRefused(OutboundError):
    """The URL has a form or a scheme that is not taken."""

    code = "url-refused"


class AddressRefused(OutboundError):
    """The URL does not lead to a public address."""

    code = "address-refused"


class TooManyRedirects(OutboundError):
    """The URL redirects too often."""

    code = "redirects"


class TooLarge(OutboundError):
    """The answer is larger than allowed."""

    code = "too-large"


class BadAnswer(OutboundError):
    """The answer is not understood."""

    code, retry = "bad-answer", True


class Unreachable(OutboundError):
    """The server of the URL cannot be reached."""

    code, retry = "unreachable", True


class TimedOut(OutboundError):
    """The server of the URL did not answer in time."""

    code, retry = "timeout", True


@dataclass(frozen=True, slots=True)
class Rules:
    """`patience` is for the whole exchange, `largest` the bytes of the answer's body. Only GET follows redirects;
    without any allowed, an answer that redirects is handed out as it is."""

    patience: timedelta
    largest: int
    redirects: int = 0
    schemes: frozenset[str] = frozenset({"https"})


class Answer:
    """An answer whose body has not been read yet."""

    def __init__(self, response: aiohttp.ClientResponse, largest: int) -> None:
        self._response = response
        self._largest = largest

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Names are compared without case."""
        return self._response.headers

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects."""
        return str(self._response.url)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises TooLarge as soon as it is known to be, BadAnswer when it is packed."""
        packed = self.headers.get("content-encoding", "identity").lower()
        if packed not in ("", "identity"):
            raise BadAnswer("the answer is packed although it was asked for plain")
        if (self._response.content_length or 0) > self._largest:
            raise TooLarge
        size = 0
        async for chunk in self._response.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > self._largest:
                raise TooLarge
            yield chunk

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


class _Refused(OSError):
    """Raised where the socket would be made; the same text each time, so that it survives a list of addresses."""

    def __init__(self) -> None:
        super().__init__("not a public address")


class Outbound:
    """One session for all. The guard sits where a socket is made, so it sees the very address of every connect: after
    the name was resolved, for addresses written out in any form, and for each redirect. A proxy named by the
    environment is not used: it would connect for us, unguarded.

    `allowed` are networks that may be reached although they are not public (tests, webhooks inside a cluster).
    """

    def __init__(
        self, allowed: Iterable[Network] = (), *, resolver: AbstractResolver | None = None, agent: str = "Pombo"
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver
        self._agent = agent
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        resolver = self._resolver or _Names()
        connector = aiohttp.TCPConnector(
            resolver=resolver, socket_factory=self._make_socket, limit=CONNECTIONS, ttl_dns_cache=30
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_PATIENCE),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": self._agent, "accept-encoding": "identity"},
            # What a small packed body unpacks to is not bounded by its size.
            auto_decompress=False,
            trust_env=False,
        )
        self._stack.push_async_callback(resolver.close)
        self._stack.push_async_callback(self._session.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        rules: Rules,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Answer]:
        """The answer, open while the context is. Raises OutboundErrors, also while its body is read inside."""
        try:
            async with asyncio.timeout(rules.patience.total_seconds()) as limit:
                async with self._follow(method, _parse(url, rules), rules, body, headers) as response:
                    yield Answer(response, rules.largest)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise _ours(error, limit) from None

    async def post(
        self, url: str, rules: Rules, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str]]:
        """Status and headers of the answer; its body is read so that the connection can be used again, and dropped.

        A redirect is an answer like any other. As `request` with less around it: webhooks do little else.
        """
        assert self._session is not None, "not entered"
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(rules.patience.total_seconds()) as limit:
                response = await self._session.request(
                    "POST", _parse(url, rules), data=body, headers=headers, allow_redirects=False
                )
                if not response.content.at_eof():
                    await Answer(response, rules.largest).read()
        except (OutboundError, TimeoutError, aiohttp.ClientError) as error:
            if response is None:
                raise _ours(error, limit) from None
            response.close()  # the status counts, whatever becomes of the body
        finally:
            if response is not None:
                response.release()
        return response.status, response.headers

    @asynccontextmanager
    async def _follow(
        self, method: str, url: URL, rules: Rules, body: bytes | None, headers: Mapping[str, str] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None, "not entered"
        follows = method == "GET" and rules.redirects > 0
        for _ in range(rules.redirects + 1 if follows else 1):
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                target = response.headers.get("location") if response.status in _MOVED else None
                if not follows or target is None:
                    yield response
                    return
                moved = _join(url, target, rules)
            if moved.origin() != url.origin():
                headers = None  # what was meant for one server is no other's to know
            url = moved
        raise TooManyRedirects

    def _make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not is_public(address[0], self._allowed):
            raise _Refused
        return socket.socket(family, kind, protocol)


class _Names(AbstractResolver):
    """The system's resolver on threads of its own: the loop's few threads also serve files."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kin, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kin, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _ours(error: Exception, limit: asyncio.Timeout) -> Exception:
    """A foreign error in our words."""
    match error:
        case OutboundError():
            return error
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, _Refused):
            return AddressRefused()
        case TimeoutError():
            # A connection that took too long, or our own limit; any other time limit is the caller's to see.
            return TimedOut() if limit.expired() or isinstance(error, aiohttp.ServerTimeoutError) else error
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return UrlRefused()
        case aiohttp.ClientConnectorError():
            return Unreachable()
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return BadAnswer()
    return Unreachable()


def _parse(text: str, rules: Rules) -> URL:
    if len(text) > LONGEST_URL:
        raise UrlRefused("the URL is too long")
    try:
        url = URL(text)
        port = url.port
    except (ValueError, TypeError):
        raise UrlRefused("the URL is not valid") from None
    if url.scheme not in rules.schemes:
        raise UrlRefused(f"the URL must begin with {' or '.join(f'{scheme}://' for scheme in sorted(rules.schemes))}")
    if not url.host or not port:
        raise UrlRefused("the URL names no host")
    if url.user is not None or url.password is not None:
        raise UrlRefused("the URL must not hold a login")
    return url


def _join(url: URL, target: str, rules: Rules) -> URL:
    try:
        joined = url.join(URL(target))
    except (ValueError, TypeError):
        raise UrlRefused("the URL redirects to something that is not a URL") from None
    return _parse(str(joined), rules)
