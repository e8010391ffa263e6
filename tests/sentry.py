"""A local Sentry: it takes envelopes as the real one does and keeps the events."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sentry:
    def __init__(self, port: int) -> None:
        self.dsn = f"http://publickey@127.0.0.1:{port}/42"
        self.received: list[str] = []
        """Every envelope as it came, to look for what must not be in it."""

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for envelope in self.received:
            lines = envelope.splitlines()
            # An envelope is a header, then a header and a content for each item.
            for head, content in zip(lines[1::2], lines[2::2], strict=True):
                if json.loads(head)["type"] == "event":
                    found.append(json.loads(content))
        return found


@contextmanager
def sentry() -> Iterator[Sentry]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            known.received.append(body.decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Sentry(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sentry")
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
