"""Error reports: unexpected errors go to Sentry when SENTRY_DSN is set, tagged, once each, and without secrets.

sentry-sdk is imported only then (half a second), as a client of our own: it patches nothing and watches no log.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

from common.scrub import HIDDEN, scrub, scrub_known
from common.settings import Settings

Severity = Literal["warning", "error", "fatal"]

FLUSH_SECONDS = 2.0


class Reports(Protocol):
    def report(self, error: BaseException, *, severity: Severity = "error", instance_id: str | None = None) -> None:
        """Tell about an error that nobody expected. Never raises and does not wait."""
        ...

    def close(self) -> None:
        """Send what is left, for a bounded time."""
        ...


class SilentReports:
    """No SENTRY_DSN: the log is all there is."""

    def report(self, error: BaseException, *, severity: Severity = "error", instance_id: str | None = None) -> None:
        pass

    def close(self) -> None:
        pass


class SentryReports:
    def __init__(
        self, dsn: str, component: str, environment: str, release: str | None, secrets: Collection[str]
    ) -> None:
        import sentry_sdk

        self._sdk = sentry_sdk
        self._component = component
        self._secrets = tuple(secret for secret in secrets if secret)
        self._client = sentry_sdk.Client(
            dsn=dsn,
            environment=environment,
            release=release,
            default_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            max_request_body_size="never",
            send_client_reports=False,
            server_name="",
            before_send=self._scrubbed,
        )

    def report(self, error: BaseException, *, severity: Severity = "error", instance_id: str | None = None) -> None:
        event, hint = self._sdk.utils.event_from_exception(error, client_options=self._client.options)
        event["level"] = severity
        event["tags"] = {"component": self._component, "severity": severity}
        if instance_id is not None:
            event["tags"]["instance_id"] = instance_id
        # A scope of its own: the global one collects what other code of the process did.
        self._client.capture_event(event, hint, self._sdk.Scope(client=self._client))

    def close(self) -> None:
        self._client.close(timeout=FLUSH_SECONDS)

    def _scrubbed(self, event: Any, hint: Mapping[str, Any]) -> Any:
        tags = event.get("tags")
        for name in ("request", "user", "extra", "breadcrumbs"):
            event.pop(name, None)
        event = _walk(event, self._secrets)
        event["tags"] = tags
        return event


def open_reports(settings: Settings, component: str, secrets: Collection[str] = ()) -> Reports:
    """`secrets` are values that must never leave, wherever they turn up."""
    if settings.sentry_dsn is None or not settings.sentry_dsn.get_secret_value():
        return SilentReports()
    return SentryReports(
        settings.sentry_dsn.get_secret_value(),
        component,
        settings.sentry_environment,
        settings.sentry_release,
        secrets,
    )


_CODE = frozenset({"context_line", "pre_context", "post_context", "abs_path", "filename", "module", "function"})
_IDENTIFIERS = frozenset({"event_id", "timestamp", "release", "environment", "sdk", "platform", "level", "contexts"})


def _walk(value: Any, secrets: Sequence[str], *, is_code: bool = False) -> Any:
    if isinstance(value, str):
        return scrub_known(value, secrets) if is_code else scrub(value, secrets)
    if isinstance(value, Mapping):
        return {
            name: HIDDEN
            if name == "vars"
            else part
            if name in _IDENTIFIERS
            else _walk(part, secrets, is_code=is_code or name in _CODE)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(part, secrets, is_code=is_code) for part in value]
    return value
