"""Which engine a node runs."""

from dataclasses import replace
from pathlib import Path

from common.clock import Clock
from common.settings import SenderSettings
from sender.whatsapp.session import Engine, KeptArrivals, Recall
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine


def choose_engine(
    settings: SenderSettings, clock: Clock, kept: KeptArrivals | None = None, recall: Recall | None = None
) -> Engine:
    """The engine that WHATSAPP_ENGINE names; the real one is imported only when it is the one. `kept` tells which
    messages came in through the relay and were not told, `recall` makes those anew that somebody could not read."""
    if settings.whatsapp_engine == "simulated":
        path = Path(settings.simulated_journal) if settings.simulated_journal else None
        return SimulatedEngine(
            Behaviour(latency=settings.simulated_latency, failures=settings.simulated_failures),
            Journal(path),
            seed=settings.simulated_seed,
            connects=settings.simulated_pairing != "offline",
            links=settings.simulated_pairing != "never",
        )
    from sender.host.options import HostOptions
    from sender.whatsapp.neonize.engine import NeonizeEngine
    from sender.whatsapp.neonize.patience import Patience

    options = HostOptions(
        sessions=settings.host_sessions,
        memory_limit=settings.host_memory_limit,
        proxy=settings.whatsapp_proxy,
        ca_file=settings.whatsapp_ca_file,
        noise_root=settings.whatsapp_noise_root,
        held=settings.whatsapp_relay_held,
    )
    patience = Patience(ack=settings.whatsapp_ack_timeout.total_seconds())
    # The caller's patience must not end first: whoever sees a message time out is to start its session anew.
    patience = replace(
        patience,
        send=min(patience.send, settings.send_timeout.total_seconds() * 0.95),
        between_questions=settings.whatsapp_question_pause.total_seconds(),
        answers=settings.whatsapp_retry_answers,
    )
    return NeonizeEngine(
        settings.session_store,
        options,
        patience,
        clock,
        logins=settings.session_open_concurrency,
        idle_timeout=settings.wameow_idle_timeout.total_seconds(),
        kept=kept,
        recall=recall,
    )
