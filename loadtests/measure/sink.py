"""A receiver that costs little: it reads requests, counts them and answers 200. `GET /count` tells how many. What is
sent to `/dead` is never answered."""

import asyncio
import os
import re
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_END = b"\r\n\r\n"
DEAD = b"POST /dead"
TAKEN = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class _Counter:
    def __init__(self) -> None:
        self.count = 0


class _Sink(asyncio.Protocol):
    def __init__(self, counter: _Counter) -> None:
        self._counter = counter
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports by form, not by class.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, head + 2)
            end = head + len(_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            start, self._buffer = self._buffer[:10], self._buffer[end:]
            if start.startswith(DEAD):
                continue
            if start.startswith(b"GET"):
                text = b'{"count":%d}' % self._counter.count
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                    % (len(text), text)
                )
            else:
                self._counter.count += 1
                self._transport.write(TAKEN)


async def serve() -> None:
    host, _, port = os.environ["HTTP_ADDR"].rpartition(":")
    counter = _Counter()
    server = await asyncio.get_running_loop().create_server(lambda: _Sink(counter), host, int(port))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
