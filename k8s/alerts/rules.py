"""The alerts: each a question to Prometheus, how long its answer must stand, and what it means for who is paged.

`python -m k8s.build` writes them as files; k8s/README.md has a section on each, named like it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

RUNBOOKS = "k8s/README.md"
GROUP = "pombo"


@dataclass(frozen=True, slots=True)
class Alert:
    """`expression` names metrics without a namespace. `lasts` is Prometheus' `for`."""

    name: str
    severity: Literal["page", "ticket"]
    expression: str
    lasts: str
    summary: str


ALERTS = (
    Alert(
        "PomboErrorRate",
        "page",
        'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.01',
        "5m",
        "More than 1 % of the requests are answered with an error of ours",
    ),
    Alert(
        "PomboPostgresAway",
        "page",
        "sum(increase(postgres_ping_failures_total[5m])) > 3",
        "1m",
        "Processes cannot reach Postgres: nothing is accepted and nothing is sent",
    ),
    Alert(
        "PomboPostgresSlow",
        "ticket",
        "histogram_quantile(0.95, sum by (le) (rate(postgres_ping_seconds_bucket[10m]))) > 0.1",
        "10m",
        "The smallest answer of Postgres takes more than 100 ms",
    ),
    Alert(
        "PomboNoSender",
        "page",
        "absent(lease_shards_held) or sum(lease_shards_held) == 0",
        "2m",
        "No sender holds a shard: messages are accepted and none is sent",
    ),
    Alert(
        "PomboQueueStuck",
        "page",
        "max(message_queue_oldest_seconds) > 900",
        "5m",
        "A message that could go has waited for more than 15 minutes",
    ),
    Alert(
        "PomboQueueSlow",
        "ticket",
        "histogram_quantile(0.95, sum by (le) (rate(message_queue_latency_seconds_bucket[15m]))) > 120",
        "15m",
        "One message in twenty waits for more than two minutes",
    ),
    Alert(
        "PomboDeadLetters",
        "ticket",
        "sum(increase(message_dead_letters_total[30m])) > 20",
        "0m",
        "More than 20 messages were given up in half an hour",
    ),
    Alert(
        "PomboUncertainRate",
        "ticket",
        "sum(rate(message_uncertain_total[15m])) / sum(rate(message_send_attempts_total[15m])) > 0.01",
        "10m",
        "The outcome of more than 1 % of the sends was lost",
    ),
    Alert(
        "PomboUncertainOpen",
        "ticket",
        "sum(message_uncertain_open) > 50",
        "30m",
        "More than 50 messages are in doubt and hold their chats",
    ),
    Alert(
        "PomboLeaseChurn",
        "page",
        "sum(increase(lease_lost_total[15m])) > 5",
        "0m",
        "Nodes lose shards that they did not give up",
    ),
    Alert(
        "PomboSessionFlaps",
        "ticket",
        'sum(increase(whatsapp_session_changes_total{state="disconnected"}[15m]))'
        " / clamp_min(sum(whatsapp_sessions), 1) > 1",
        "10m",
        "Sessions lose their connection more than once in a quarter of an hour",
    ),
    Alert(
        "PomboSessionsAway",
        "page",
        'sum(whatsapp_sessions{state="disconnected"}) / sum(whatsapp_sessions) > 0.2',
        "10m",
        "More than one session in five has no connection to WhatsApp",
    ),
    Alert(
        "PomboOutdated",
        "page",
        'sum(increase(whatsapp_session_changes_total{state="outdated"}[15m])) > 0',
        "0m",
        "WhatsApp refuses this version of the library",
    ),
    Alert(
        "PomboBans",
        "ticket",
        'sum(increase(whatsapp_session_changes_total{state=~"banned|logged-out"}[1h])) > 3',
        "0m",
        "Several accounts were banned or unlinked within an hour",
    ),
    Alert(
        "PomboHostCrashes",
        "ticket",
        "sum(increase(whatsapp_host_deaths_total[30m])) > 2",
        "0m",
        "Session hosts end without having been asked to",
    ),
    Alert(
        "PomboRelayProblems",
        "ticket",
        "sum(increase(whatsapp_relay_problems_total[30m])) > 5",
        "0m",
        "The wire relay refuses or loses connections for a reason of its own",
    ),
    Alert(
        "PomboEventsUnread",
        "ticket",
        "sum(increase(events_untranslated_total[1h])) > 10",
        "0m",
        "What WhatsApp told could not be read and is told to no webhook",
    ),
    Alert(
        "PomboWebhookFailures",
        "ticket",
        'sum(rate(event_delivery_attempts_total{outcome!="delivered"}[15m]))'
        " / sum(rate(event_delivery_attempts_total[15m])) > 0.2",
        "15m",
        "More than one callback in five fails",
    ),
    Alert(
        "PomboEventsLate",
        "ticket",
        "max(event_outbox_oldest_seconds) > 1800",
        "10m",
        "An event has waited for its webhook for more than half an hour",
    ),
    Alert(
        "PomboEventDeadLetters",
        "ticket",
        "sum(increase(event_dead_letters_total[30m])) > 20",
        "0m",
        "More than 20 events were given up in half an hour",
    ),
    Alert(
        "PomboRedisAway",
        "ticket",
        "sum(increase(message_hints_lost_total[10m])) > 5",
        "5m",
        "Frontends cannot ring: messages wait for sweeps, and questions are not answered",
    ),
    Alert(
        "PomboFilesWait",
        "ticket",
        "max(media_waiting_to_move) > 100",
        "30m",
        "Files lie on a disk because the bucket does not take them",
    ),
    Alert(
        "PomboFileDescriptors",
        "ticket",
        "max(process_open_fds / process_max_fds) > 0.8",
        "10m",
        "A process has used 80 % of its file descriptors",
    ),
)


def groups(alerts: Iterable[Alert] = ALERTS) -> dict[str, Any]:
    """A rule file as Prometheus reads it."""
    return {"groups": [{"name": GROUP, "rules": [_rule(alert) for alert in alerts]}]}


def resource(alerts: Iterable[Alert] = ALERTS) -> dict[str, Any]:
    """The same for the Prometheus operator."""
    metadata = {"name": "pombo", "labels": {"app.kubernetes.io/part-of": "pombo"}}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": groups(alerts),
    }


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "runbook": f"{RUNBOOKS}#{alert.name.lower()}"},
    }
