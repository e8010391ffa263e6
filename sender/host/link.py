"""The child's end of the socket to its node."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

from sender.host.frames import Decoder, Frame

CHUNK = 256 * 1024


class Link:
    """Frames to the node from any thread, frames from the node in one.

    When the node reads slowly, `send` blocks, and with it the library's callbacks: that is the back-pressure.
    When the node is gone, what is sent is gone as well, and `frames` ends: whoever reads them decides what is left.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._writing = threading.Lock()

    def send(self, frame: Frame) -> None:
        data = frame.encode()
        with self._writing, suppress(OSError):
            self._connection.sendall(data)

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
