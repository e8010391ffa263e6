"""Structured logs: one JSON object a line on stdout, from structlog and from the standard library alike.

Never a token, a message body or a full phone number: what may hold one is masked by `common.addresses.masked` where
it is logged, and the processor below drops fields that must never be there.
"""

import logging
import sys
from typing import Any

import orjson
import structlog

from common.scrub import scrub
from common.sentry import Reports, Severity, SilentReports

_FORBIDDEN = frozenset({"token", "client_token", "password", "authorization", "body", "payload", "text", "message"})


def _drop_secrets(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in _FORBIDDEN & event.keys():
        event[name] = "[redacted]"
    return event


def _to_bytes(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _Reporting:
    """What is logged with an exception, as an error or worse, is something that nobody expected: it is reported too."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def __call__(self, _: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        error = _error_of(event.get("exc_info"))
        if error is not None and method in ("error", "exception", "critical"):
            instance = event.get("instance")
            severity: Severity = "fatal" if method == "critical" else "error"
            self._reports.report(error, severity=severity, instance_id=None if instance is None else str(instance))
        return event


def _error_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _scrub_trace(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Messages of foreign errors repeat what they were given."""
    if "exception" in event:
        event["exception"] = scrub(event["exception"])
    return event


def configure(level: str, program: str, reports: Reports | None = None) -> None:
    """Set up logging for a process. Call once, first thing in `__main__`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _drop_secrets,
        _Reporting(reports or SilentReports()),
        structlog.processors.format_exc_info,
        _scrub_trace,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_bytes),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("asyncio").setLevel("WARNING")
    structlog.contextvars.bind_contextvars(program=program)


def get(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
