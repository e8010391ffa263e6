"""The pulse of Postgres."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.metrics import PulseMetrics
from common.postgres import Pool
from common.pulse import Pulse

pytestmark = pytest.mark.anyio


async def test_an_answer_is_measured_and_an_outage_counted(pool: Pool) -> None:
    registry = CollectorRegistry()
    pulse = Pulse(pool, PulseMetrics(registry), SystemClock(), timedelta(seconds=15))

    await pulse.beat()
    assert registry.get_sample_value("postgres_ping_seconds_count") == 1
    assert registry.get_sample_value("postgres_ping_failures_total") == 0
    assert registry.get_sample_value("postgres_connections_limit") == 10

    await pool.close()
    await pulse.beat()
    assert registry.get_sample_value("postgres_ping_failures_total") == 1
