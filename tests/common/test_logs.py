"""Logs: one JSON object a line, from our code and from libraries, without what must never be in a log."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from common import logs
from common.sentry import Severity


class Recorded:
    """Reports, kept."""

    def __init__(self) -> None:
        self.reported: list[tuple[BaseException, Severity, str | None]] = []

    def report(self, error: BaseException, *, severity: Severity = "error", instance_id: str | None = None) -> None:
        self.reported.append((error, severity, instance_id))

    def close(self) -> None:
        pass


class Logged:
    """Logging as a program has it, onto a text of ours."""

    def __init__(self) -> None:
        self.reports = Recorded()
        self._output = io.StringIO()
        logs.configure("DEBUG", "program", self.reports)
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(self._output)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._output.getvalue().splitlines()]


@pytest.fixture
def logged() -> Iterator[Logged]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Logged()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_json_with_its_fields(logged: Logged) -> None:
    structlog.stdlib.get_logger("fresh 1").info("message sent", instance="x", took=0.5)
    (line,) = logged.lines
    assert line.pop("time").endswith("Z")
    assert line == {"event": "message sent", "instance": "x", "took": 0.5, "level": "info", "program": "program"}


def test_lines_of_libraries_have_the_same_form(logged: Logged) -> None:
    logging.getLogger("library").warning("it is %s", "late")
    (line,) = logged.lines
    assert (line["event"], line["level"], line["logger"]) == ("it is late", "warning", "library")


def test_fields_that_must_never_be_there_are_not(logged: Logged) -> None:
    forbidden = ("token", "client_token", "password", "authorization", "body", "payload", "text", "message")
    structlog.stdlib.get_logger("fresh 2").info("oops", **dict.fromkeys(forbidden, "secret words"), phone="kept")
    (line,) = logged.lines
    assert {line[name] for name in forbidden} == {"[redacted]"}
    assert line["phone"] == "kept"


def fail(words: str) -> None:
    raise ValueError(f"cannot use '{words}'")


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_traceback_says_where_and_not_what(logged: Logged, is_ours: bool) -> None:
    try:
        fail("secret words")
    except ValueError:
        if is_ours:
            structlog.stdlib.get_logger("fresh 3").exception("broken")
        else:
            logging.getLogger("library").exception("broken")
    (line,) = logged.lines
    assert "in fail" in line["exception"]
    assert __file__.rpartition("/")[2] in line["exception"]
    assert "ValueError: cannot use [redacted]" in line["exception"]
    assert "secret words" not in str(line)


def test_what_is_logged_with_its_exception_is_reported(logged: Logged) -> None:
    log = structlog.stdlib.get_logger("fresh 4")
    error = ValueError("broken")
    try:
        raise error
    except ValueError:
        log.exception("broken", instance="an instance")
        log.critical("broken", exc_info=True)
        log.warning("known", exc_info=True)
        log.error("no exception")
    assert logged.reports.reported == [(error, "error", "an instance"), (error, "fatal", None)]


def test_a_level_hides_what_is_below_it() -> None:
    code = (
        "from common import logs; import logging\n"
        "logs.configure('WARNING', 'x'); log = logs.get('y')\n"
        "log.info('hidden'); logging.getLogger('z').info('hidden'); log.warning('shown')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["shown"]
