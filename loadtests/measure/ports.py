"""Ports for programs that are stopped and started again: none that the system gives to outgoing connections."""

import socket
from random import SystemRandom

FIRST, LAST = 18_000, 32_000
TRIES = 200


def lasting_port() -> int:
    """One that is free now, and that no connection takes while its program is away. Raises OSError."""
    chance = SystemRandom()
    for _ in range(TRIES):
        port = chance.randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
