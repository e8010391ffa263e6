"""Servers that hang: their machine takes connections, and nothing answers on them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from common.local.processes import Process


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """The process and its children do nothing meanwhile."""
    server = psutil.Process(process.pid)
    everybody = [server, *server.children(recursive=True)]
    for one in everybody:
        one.suspend()
    try:
        yield
    finally:
        for one in everybody:
            one.resume()
