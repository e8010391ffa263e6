"""Whatever the board and the alerts ask for is there, on the /metrics of programs that run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import promql_parser
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from common.local.http import answers
from common.metrics import FrontendMetrics, MediaMetrics, PulseMetrics, SenderMetrics
from k8s.alerts.rules import ALERTS
from k8s.dashboards.board import board
from sender.vitals import HostsCollector
from tests.frontend.process import running
from tests.system.programs import Sender
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


async def test_every_metric_that_is_asked_for_exists(database: str, redis_url: str, tmp_path: Path) -> None:
    files = {"MEDIA_LOCAL_STORAGE_PATH": str(tmp_path / "media")}
    sender = Sender(database, redis_url, tmp_path)
    sender.start()
    try:
        with running(database, redis_url, tmp_path, **files) as frontend:
            async with httpx2.AsyncClient() as client:
                exposed = names((await client.get(f"{frontend.url}/metrics")).text)
                await eventually(lambda: answers(f"{sender.url}/health"))
                exposed |= names((await client.get(f"{sender.url}/metrics")).text)
    finally:
        sender.kill()
    assert asked() - exposed == set()


def test_every_metric_of_ours_has_its_place_on_the_board_or_in_an_alert() -> None:
    registry = CollectorRegistry()
    for metrics in (FrontendMetrics, SenderMetrics, PulseMetrics, MediaMetrics):
        metrics(registry)
    registry.register(HostsCollector(None))
    wanted = asked()
    forgotten = [family.name for family in registry.collect() if not any(_is_of(name, family.name) for name in wanted)]
    assert not forgotten, f"{forgotten}: draw them in k8s/dashboards/board.py and run: python -m k8s.build"


def _is_of(name: str, family: str) -> bool:
    return name in {f"{family}{suffix}" for suffixes in SUFFIXES.values() for suffix in suffixes}


def asked() -> set[str]:
    """The names of all metrics in the alerts and on the board."""
    questions = [alert.expression for alert in ALERTS]
    questions += [target["expr"] for panel in board()["panels"] for target in panel.get("targets", ())]
    return {name for question in questions for name in selected(question.replace("$__rate_interval", "5m"))}


def selected(question: str) -> Iterable[str]:
    found: list[str] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector.name)
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node.name)
        return True

    promql_parser.walk(promql_parser.parse(question), visit)
    return found


def names(exposition: str) -> set[str]:
    families = text_string_to_metric_families(exposition)
    return {f"{family.name}{suffix}" for family in families for suffix in SUFFIXES.get(family.type, ())}
