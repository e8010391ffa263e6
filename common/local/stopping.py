"""The order in which the processes of a stack end."""

import signal
from collections.abc import Iterable

from common.local.commands import say
from common.local.postgres import STOP_SIGNAL
from common.local.processes import Process, stop_all

PATIENCE = {"frontend": 30.0, "sender": 110.0, "emulator": 10.0, "valkey": 10.0, "postgres": 30.0}
"""Seconds for an orderly end, in the order of ending: who takes requests first, who stores them last.

A sender waits for what is on the wire.
"""


def stop_in_order(processes: Iterable[Process]) -> None:
    """Every kind ends before the next one is asked to. A process that does not is killed, and that is told."""
    running = list(processes)
    for kind, patience in PATIENCE.items():
        group = [process for process in running if process.name.partition("-")[0] == kind]
        number = STOP_SIGNAL if kind == "postgres" else signal.SIGTERM
        for process in stop_all(group, number, patience):
            say(f"{process.name} did not end within {patience:.0f} s and was killed.")
