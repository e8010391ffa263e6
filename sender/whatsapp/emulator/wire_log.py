"""The wire log: what the server saw of its clients, line by line in a file, for whoever has to prove something."""

import json
import os
import time
from pathlib import Path

from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.wire.node import Node


class WireLog:
    """Lines are JSON: `[seconds, "open" | "close" | "message", phone, device, port, to, id]`; the port is the client's.

    Without a path nothing is written. One line is one write, so what was logged survives a kill.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def opened(self, connection: Connection) -> None:
        self._write("open", connection)

    def closed(self, connection: Connection) -> None:
        self._write("close", connection)

    def message(self, connection: Connection, message: Node) -> None:
        """One to others: not what an account's devices tell each other, nor what one device asked for again."""
        is_again = message.find("participants") is None and message.jid("to").device
        if message.get("category") != "peer" and not is_again:
            self._write("message", connection, str(message.jid("to")), message.text("id"))

    def _write(self, what: str, connection: Connection, *more: str) -> None:
        if self._file is not None and (device := connection.device) is not None:
            line = [time.time(), what, device.account.phone, device.number, connection.peer_port, *more]
            os.write(self._file, json.dumps(line).encode() + b"\n")
