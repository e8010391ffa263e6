"""/health, /ready and /metrics on a frontend that is well. What they say in an outage is in test_outages.py."""

from datetime import datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.settings import FrontendSettings
from tests.frontend.conftest import Standing
from tests.frontend.gateway import gateway_on

pytestmark = pytest.mark.anyio


async def test_health_says_that_the_process_lives_and_what_it_is(standing: Standing) -> None:
    answer = await standing.gateway.client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "0.1.0"})


async def test_health_names_the_release_when_there_is_one(standing_settings: FrontendSettings) -> None:
    async with gateway_on(standing_settings.model_copy(update={"sentry_release": "abc123"})) as gateway:
        assert (await gateway.client.get("/health")).json()["commit"] == "abc123"


async def test_ready_tells_every_check_with_how_long_it_took(standing: Standing) -> None:
    answer = await standing.gateway.client.get("/ready")
    ready = answer.json()
    assert answer.status_code == 200
    assert {"ready", "observed_at", "checks"} <= ready.keys()
    assert ready["ready"] is True
    assert datetime.fromisoformat(ready["observed_at"]).tzinfo is not None
    assert ready["checks"].keys() == {"database", "redis"}
    for check in ready["checks"].values():
        assert (check["status"], check["error"]) == ("ok", None)
        assert check["duration_ms"] >= 0


async def test_metrics_have_the_names_and_bounded_labels(standing: Standing) -> None:
    await standing.caller.send_text()
    answer = await standing.gateway.client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert {
        "http_requests",
        "http_request_duration_seconds",
        "messages_queued",
        "message_queue_purged",
        "message_enqueue_batch_rows",
        "message_hints_lost",
    } <= families.keys()
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert labels <= {"method", "route", "status", "type", "le"}


async def test_canceled_messages_are_counted(standing: Standing) -> None:
    async def canceled() -> float:
        text = (await standing.gateway.client.get("/metrics")).text
        families = {family.name: family for family in text_string_to_metric_families(text)}
        return float(families["message_queue_purged"].samples[0].value)

    before = await canceled()
    for _ in range(3):
        await standing.caller.send_text()
    await standing.caller.delete("queue")
    assert await canceled() >= before + 3


async def test_metrics_may_have_a_namespace(standing_settings: FrontendSettings) -> None:
    async with gateway_on(standing_settings.model_copy(update={"prometheus_namespace": "shop"})) as gateway:
        assert "shop_http_request_duration_seconds" in (await gateway.client.get("/metrics")).text


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/openapi.json", "/docs"])
async def test_another_method_is_refused_in_json(standing: Standing, path: str) -> None:
    answer = await standing.gateway.client.post(path)
    assert (answer.status_code, answer.json()) == (405, {"error": "method not allowed"})
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/healthy", "/ready/x", "/metrics2", "/docs/nothing.js", "/docs/../app.py", "/openapi.jsonx"]
)
async def test_what_only_begins_like_a_page_is_404_in_json(standing: Standing, path: str) -> None:
    answer = await standing.gateway.client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}
