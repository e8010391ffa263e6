"""Vitals: what is read off a running node at the moment when Prometheus asks."""

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from common.metrics import SenderMetrics


@runtime_checkable
class Hosts(Protocol):
    """What an engine with session hosts tells about them."""

    @property
    def hosts_alive(self) -> int: ...

    @property
    def relay_problems(self) -> int: ...

    @property
    def asked_again(self) -> Mapping[str, int]: ...

    @property
    def hosts_died(self) -> int:
        """How many ended without having been asked to, since the node started."""
        ...


class Sessions(Protocol):
    def __len__(self) -> int: ...

    @property
    def connected(self) -> int: ...


class HostsCollector(Collector):
    """An engine without hosts has none, and none of them died."""

    def __init__(self, engine: object, namespace: str = "") -> None:
        self._engine = engine
        self._prefix = f"{namespace}_" if namespace else ""

    def collect(self) -> Iterable[Metric]:
        alive = died = problems = 0
        asked: Mapping[str, int] = {}
        if isinstance(self._engine, Hosts):
            alive, died = self._engine.hosts_alive, self._engine.hosts_died
            problems, asked = self._engine.relay_problems, dict(self._engine.asked_again)
        yield GaugeMetricFamily(f"{self._prefix}whatsapp_hosts", "Session hosts of this node", value=alive)
        yield CounterMetricFamily(
            f"{self._prefix}whatsapp_host_deaths", "Session hosts that ended without having been asked to", value=died
        )
        yield CounterMetricFamily(
            f"{self._prefix}whatsapp_relay_problems",
            "Connections that the wire relay refused or lost for a reason of its own",
            value=problems,
        )
        again = CounterMetricFamily(
            f"{self._prefix}whatsapp_asked_again",
            "Requests of receivers for messages that the engine had forgotten, by what became of them",
            labels=("outcome",),
        )
        for outcome, count in asked.items():
            again.add_metric((outcome,), count)
        yield again


def watch_sessions(metrics: SenderMetrics, sessions: Sessions) -> None:
    metrics.sessions.labels("connected").set_function(lambda: sessions.connected)
    metrics.sessions.labels("disconnected").set_function(lambda: len(sessions) - sessions.connected)
