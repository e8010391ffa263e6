"""What is read off a node when Prometheus asks."""

from typing import ClassVar

from prometheus_client import CollectorRegistry

from common.metrics import SenderMetrics
from sender.vitals import HostsCollector, watch_sessions


class Engine:
    hosts_alive, hosts_died, relay_problems = 2, 3, 4
    asked_again: ClassVar = {"answered": 5, "gone": 6}


class Sessions:
    connected = 4

    def __len__(self) -> int:
        return 5


def test_hosts_that_live_and_that_died_are_shown() -> None:
    registry = CollectorRegistry()
    registry.register(HostsCollector(Engine(), "pombo"))
    assert registry.get_sample_value("pombo_whatsapp_hosts") == 2
    assert registry.get_sample_value("pombo_whatsapp_host_deaths_total") == 3
    assert registry.get_sample_value("pombo_whatsapp_relay_problems_total") == 4
    assert registry.get_sample_value("pombo_whatsapp_asked_again_total", {"outcome": "gone"}) == 6


def test_an_engine_without_hosts_lost_none() -> None:
    registry = CollectorRegistry()
    registry.register(HostsCollector(object()))
    assert registry.get_sample_value("whatsapp_host_deaths_total") == 0


def test_sessions_are_counted_by_whether_they_are_connected() -> None:
    registry = CollectorRegistry()
    watch_sessions(SenderMetrics(registry), Sessions())
    assert registry.get_sample_value("whatsapp_sessions", {"state": "connected"}) == 4
    assert registry.get_sample_value("whatsapp_sessions", {"state": "disconnected"}) == 1
