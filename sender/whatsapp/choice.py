"""Which engine a node runs."""

from pathlib import Path

from common.clock import Clock
from common.settings import SenderSettings
from sender.whatsapp.session import Engine
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine


def choose_engine(settings: SenderSettings, clock: Clock) -> Engine:
    """The engine that WHATSAPP_ENGINE names; the real one is imported only when it is the one."""
    if settings.whatsapp_engine == "simulated":
        path = Path(settings.simulated_journal) if settings.simulated_journal else None
        return SimulatedEngine(
            Behaviour(latency=settings.simulated_latency, failures=settings.simulated_failures),
            Journal(path),
            seed=settings.simulated_seed,
            connects=settings.simulated_pairing != "offline",
        )
    raise SystemExit(f"WHATSAPP_ENGINE={settings.whatsapp_engine} is not there yet")
