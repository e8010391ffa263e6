"""Heads: a request's first lines must be small and arrive in time, or the connection is closed.

Uvicorn bounds neither. What is done for each request here is one comparison; the times are looked at by a task.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from common.clock import Clock

LARGEST = 65_536  # bytes of a request's head, where nginx allows 32 KiB and Node 16
MOST = 100  # header fields
LOOKS = 4  # how often within the patience the connections are looked at


class HeadProtocol(HttpToolsProtocol):
    """Counts the bytes of a head that did not come with its request's first packet."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.is_in_head:
            self._head = 0
            return
        self._head += len(data)
        if self._head > LARGEST or (self.headers is not None and len(self.headers) > MOST):
            self.refuse(431)

    @property
    def is_in_head(self) -> bool:
        """Whether the next request is not known yet; also of a connection that has said nothing at all."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_resting(self) -> bool:
        """Kept open between two requests: uvicorn has a timer of its own for that."""
        return self.timeout_keep_alive_task is not None

    def refuse(self, status: int) -> None:
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()


class HeadWatch:
    """Closes connections whose head has been on its way for longer than `patience` seconds."""

    def __init__(self, state: ServerState, clock: Clock, patience: float) -> None:
        self._state = state
        self._clock = clock
        self._patience = patience
        self._seen: dict[Any, tuple[object, float]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self._patience / LOOKS)

    def look(self) -> None:
        now = self._clock.elapsed()
        seen: dict[Any, tuple[object, float]] = {}
        for connection in list(self._state.connections):
            if not isinstance(connection, HeadProtocol) or not connection.is_in_head or connection.is_resting:
                continue
            # Each message that begins has a scope of its own; before the first there is none.
            message, since = self._seen.get(connection, (None, now))
            if message is not connection.scope:
                since = now
            if now - since >= self._patience:
                connection.refuse(408)
            else:
                seen[connection] = (connection.scope, since)
        self._seen = seen
