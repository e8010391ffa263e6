"""The child's end of the socket to its node."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from sender.host.frames import Decoder, Frame

CHUNK = 256 * 1024


class Link:
    """Frames to the node from any thread, frames from the node in one.

    When the node reads slowly, `send` blocks, and with it the library's callbacks: that is the back-pressure.
    Without a node nothing may go on, least of all the library: then `send` calls `alone`.
    """

    def __init__(self, connection: socket.socket, alone: Callable[[], NoReturn]) -> None:
        self._connection = connection
        self._alone = alone
        self._writing = threading.Lock()

    def send(self, frame: Frame) -> None:
        data = frame.encode()
        with self._writing:
            try:
                self._connection.sendall(data)
            except OSError:
                self._alone()

    def frames(self) -> Iterator[Frame]:
        """Ends when the node is gone."""
        decoder = Decoder()
        while data := self._receive():
            yield from decoder.feed(data)

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(CHUNK)
        except OSError:
            return b""
