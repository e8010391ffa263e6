"""Error reports: tagged, once each, and without secrets."""

from collections.abc import Iterator
from typing import Any

import pytest

from common.sentry import SentryReports, SilentReports, open_reports
from common.settings import Settings
from tests.sentry import Sentry, sentry

SECRET = "a-secret-of-the-settings"
TOKEN = "F2A41C55B0E35D668A10C3D4"
PHONE = "5511988887777"
WORDS = "secret words"


@pytest.fixture
def server() -> Iterator[Sentry]:
    with sentry() as server:
        yield server


def reports_to(server: Sentry) -> SentryReports:
    return SentryReports(server.dsn, "frontend", "test", "abc123", [SECRET, ""])


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """With a traceback, as a report finds it."""
    held = WORDS + PHONE  # what a frame holds must not leave either
    try:
        if cause is not None:
            raise error from cause
        raise error
    except BaseException as found:
        assert held
        return found


def reported(server: Sentry, error: BaseException, **more: Any) -> dict[str, Any]:
    reports = reports_to(server)
    reports.report(error, **more)
    reports.close()
    (event,) = server.events
    return event


def test_an_error_arrives_once_with_its_tags(server: Sentry) -> None:
    event = reported(server, caught(ValueError("broken")), instance_id="0b6c6f0a-0000-4000-8000-000000000001")
    assert event["tags"] == {
        "component": "frontend",
        "severity": "error",
        "instance_id": "0b6c6f0a-0000-4000-8000-000000000001",
    }
    assert (event["level"], event["environment"], event["release"]) == ("error", "test", "abc123")
    (value,) = event["exception"]["values"]
    assert (value["type"], value["value"]) == ("ValueError", "broken")


def test_the_severity_is_a_tag_and_the_level(server: Sentry) -> None:
    event = reported(server, caught(ValueError("broken")), severity="fatal")
    assert event["tags"] == {"component": "frontend", "severity": "fatal"}
    assert event["level"] == "fatal"


def test_a_report_says_where_to_look(server: Sentry) -> None:
    event = reported(server, caught(ValueError("broken")))
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert frame["function"] == "caught"
    assert frame["filename"].endswith("test_sentry.py")
    assert frame["context_line"].strip() == "raise error"


def test_nothing_of_the_input_leaves(server: Sentry) -> None:
    given = f"/instances/x/token/{TOKEN}/send-text '{WORDS}' {PHONE} Bearer {SECRET} postgresql://u:{SECRET}@db/x"
    cause = caught(KeyError(WORDS, PHONE))
    reported(server, caught(ValueError(given, {"message": WORDS}), cause))
    sent = "".join(server.received)
    for hidden in (SECRET, TOKEN, WORDS, PHONE, PHONE[2:10]):
        assert hidden not in sent


def test_nothing_of_the_machine_or_of_other_requests_leaves(server: Sentry) -> None:
    event = reported(server, caught(ValueError("broken")))
    assert not event.get("server_name")
    for name in ("request", "user", "breadcrumbs", "extra", "modules"):
        assert name not in event


def test_two_errors_are_two_events(server: Sentry) -> None:
    reports = reports_to(server)
    for number in range(2):
        reports.report(caught(ValueError(f"broken {number}")))
    reports.close()
    assert sorted(event["exception"]["values"][0]["value"] for event in server.events) == ["broken 0", "broken 1"]


def test_a_sentry_that_is_away_costs_nobody_anything() -> None:
    reports = SentryReports("http://key@127.0.0.1:9/1", "frontend", "test", None, [])
    reports.report(caught(ValueError("broken")))
    reports.close()


@pytest.mark.parametrize("dsn", [None, ""])
def test_without_a_dsn_nothing_is_reported(dsn: str | None) -> None:
    settings = Settings.model_validate({"postgres_dsn": "postgresql://db/x", "sentry_dsn": dsn})
    reports = open_reports(settings, "frontend")
    assert isinstance(reports, SilentReports)
    reports.report(ValueError("broken"))
    reports.close()
