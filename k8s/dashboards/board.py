"""The Grafana board: rows of panels, each a question to Prometheus. `python -m k8s.build` writes it as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 6, 7  # of a panel, in Grafana's grid of 24 columns
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's word. Each question with its legend."""

    title: str
    unit: str
    questions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def one(title: str, unit: str, question: str, legend: str = "") -> Panel:
    return Panel(title, unit, ((question, legend),))


def quantiles(title: str, metric: str) -> Panel:
    return Panel(
        title,
        "s",
        tuple(
            (f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket[$__rate_interval])))", name)
            for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
        ),
    )


def per_second(title: str, metric: str, *by: str, unit: str = "ops") -> Panel:
    labels = ", ".join(by)
    total = f"sum by ({labels})" if by else "sum"
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    return one(title, unit, f"{total} (rate({metric}[$__rate_interval]))", legend)


ROWS = (
    Row(
        "Requests",
        (
            per_second("Requests by status", "http_requests_total", "status", unit="reqps"),
            one(
                "Share of errors",
                "percentunit",
                'sum(rate(http_requests_total{status=~"5.."}[$__rate_interval]))'
                " / sum(rate(http_requests_total[$__rate_interval]))",
            ),
            quantiles("Time to answer", "http_request_duration_seconds"),
            one(
                "Slowest routes (p95)",
                "s",
                "topk(5, histogram_quantile(0.95, sum by (le, route)"
                " (rate(http_request_duration_seconds_bucket[$__rate_interval]))))",
                "{{route}}",
            ),
        ),
    ),
    Row(
        "Queue",
        (
            per_second("Accepted, by kind", "messages_queued_total", "type"),
            per_second("Attempts, by outcome", "message_send_attempts_total", "status"),
            one("Backlog by node", "short", "message_queue_backlog", "{{instance}}"),
            one("Oldest that could go", "s", "max(message_queue_oldest_seconds)"),
            quantiles("From acceptance to the engine", "message_queue_latency_seconds"),
            quantiles("From the intent to the outcome", "message_send_duration_seconds"),
            per_second("Failed attempts, by kind and class", "message_queue_failures_total", "type", "error_class"),
            per_second("Given up, by class", "message_dead_letters_total", "error_class"),
            one("In doubt now", "short", "sum(message_uncertain_open)"),
            one("Share whose outcome was lost", "percentunit", "max(message_uncertain_ratio)"),
            Panel(
                "In doubt: lost and settled",
                "ops",
                (
                    ("sum(rate(message_uncertain_total[$__rate_interval]))", "lost"),
                    (
                        "sum by (by, outcome) (rate(message_uncertain_settled_total[$__rate_interval]))",
                        "{{by}} {{outcome}}",
                    ),
                    (
                        "sum by (outcome) (rate(message_uncertain_settled_by_hand_total[$__rate_interval]))",
                        "by hand {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "Ended without sending",
                "ops",
                (
                    ("sum(rate(message_queue_purged_total[$__rate_interval]))", "canceled"),
                    ("sum(rate(message_expired_total[$__rate_interval]))", "expired"),
                ),
            ),
            Panel(
                "Rows of one commit",
                "short",
                (
                    (
                        "sum(rate(message_enqueue_batch_rows_sum[$__rate_interval]))"
                        " / sum(rate(message_enqueue_batch_rows_count[$__rate_interval]))",
                        "accepting",
                    ),
                    (
                        "sum(rate(message_ledger_batch_rows_sum[$__rate_interval]))"
                        " / sum(rate(message_ledger_batch_rows_count[$__rate_interval]))",
                        "sending",
                    ),
                ),
            ),
        ),
    ),
    Row(
        "Sessions and nodes",
        (
            one("Sessions by state", "short", "sum by (state) (whatsapp_sessions)", "{{state}}"),
            per_second("Changes of state", "whatsapp_session_changes_total", "state"),
            Panel(
                "Session hosts",
                "short",
                (
                    ("sum(whatsapp_hosts)", "alive"),
                    ("sum(increase(whatsapp_host_deaths_total[$__rate_interval]))", "died"),
                    ("sum(increase(whatsapp_relay_problems_total[$__rate_interval]))", "problems of the relay"),
                    ("sum(increase(whatsapp_relay_refusals_total[$__rate_interval]))", "relays refused"),
                ),
            ),
            per_second("Messages that receivers asked for again", "whatsapp_asked_again_total", "outcome"),
            one("Shards by node", "short", "lease_shards_held", "{{instance}}"),
            Panel(
                "Shards on the move",
                "ops",
                (
                    ("sum(rate(lease_lost_total[$__rate_interval]))", "lost"),
                    ("sum(rate(lease_handoffs_total[$__rate_interval]))", "handed over"),
                ),
            ),
            quantiles("Pause of a hand-off", "lease_handoff_seconds"),
            Panel(
                "What Redis did not say",
                "ops",
                (
                    ("sum(rate(message_hints_lost_total[$__rate_interval]))", "rings lost"),
                    ("sum(rate(message_sweep_finds_total[$__rate_interval]))", "found by sweeps"),
                ),
            ),
            per_second("Events that could not be read", "events_untranslated_total", "code"),
            one(
                "Answers of WhatsApp that were remembered",
                "percentunit",
                'sum by (cache) (rate(session_cache_lookups_total{outcome="hit"}[$__rate_interval]))'
                " / sum by (cache) (rate(session_cache_lookups_total[$__rate_interval]))",
                "{{cache}}",
            ),
            quantiles("WhatsApp's answer where none was", "session_cache_miss_seconds"),
        ),
    ),
    Row(
        "Webhooks",
        (
            per_second("Callbacks by outcome", "event_delivery_attempts_total", "outcome"),
            quantiles("One callback", "event_delivery_duration_seconds"),
            quantiles("From the event to its first callback", "event_first_attempt_seconds"),
            Panel(
                "Waiting",
                "short",
                (("max(event_outbox_backlog)", "events"), ("max(event_outbox_oldest_seconds)", "age of the oldest, s")),
            ),
            per_second("Given up, by class", "event_dead_letters_total", "error_class"),
        ),
    ),
    Row(
        "Files",
        (
            quantiles("Time of a step", "media_duration_seconds"),
            one(
                "An upload to WhatsApp, by kind (p95)",
                "s",
                "histogram_quantile(0.95, sum by (le, type)"
                ' (rate(media_duration_seconds_bucket{step="upload"}[$__rate_interval])))',
                "{{type}}",
            ),
            per_second("Bytes, by step", "media_bytes_sum", "step", unit="Bps"),
            per_second("Failures", "media_failures_total", "step", "type", "error_class"),
            per_second("Bytes sent to WhatsApp, by kind", 'media_bytes_sum{step="upload"}', "type", unit="Bps"),
            Panel("Received files that are not here yet", "short", (("max(media_waiting_to_download)", "files"),)),
            Panel(
                "Bucket",
                "short",
                (
                    ("max(media_waiting_to_move)", "files on disk"),
                    ("sum(rate(media_bucket_fallbacks_total[$__rate_interval]))", "kept on disk, per second"),
                    ("sum(rate(media_moved_total[$__rate_interval]))", "moved, per second"),
                    ("sum(rate(media_removed_total[$__rate_interval]))", "removed, per second"),
                ),
            ),
        ),
    ),
    Row(
        "Postgres and processes",
        (
            quantiles("Smallest answer of Postgres", "postgres_ping_seconds"),
            Panel(
                "Connections of a pool",
                "short",
                (
                    ("max by (job) (postgres_connections_in_use)", "{{job}} at work"),
                    ("max by (job) (postgres_connections_limit)", "{{job}} limit"),
                ),
            ),
            per_second("Pings that failed", "postgres_ping_failures_total"),
            one("Memory", "bytes", "process_resident_memory_bytes", "{{instance}}"),
            one("Processor", "percentunit", "rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}"),
            one("File descriptors", "short", "process_open_fds", "{{instance}}"),
        ),
    ),
)


def board(rows: Sequence[Row] = ROWS) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        panels.append(_placed({"type": "row", "title": row.title, "collapsed": False}, len(panels), 0, top, 24, 1))
        top += 1
        for place, panel in enumerate(row.panels):
            left, down = place % (24 // WIDTH) * WIDTH, place // (24 // WIDTH) * HEIGHT
            panels.append(_placed(_drawn(panel), len(panels), left, top + down, WIDTH, HEIGHT))
        top += -(-len(row.panels) // (24 // WIDTH)) * HEIGHT
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": "pombo",
        "title": "Pombo",
        "tags": ["pombo"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [source]},
        "panels": panels,
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": question, "legendFormat": legend or "__auto"}
            for place, (question, legend) in enumerate(panel.questions)
        ],
    }


def _placed(panel: dict[str, Any], number: int, left: int, top: int, width: int, height: int) -> dict[str, Any]:
    return {"id": number + 1, **panel, "gridPos": {"x": left, "y": top, "w": width, "h": height}}
