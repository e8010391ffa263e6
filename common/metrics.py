"""Every metric, declared once, with its unit in the name. Labels are bounded; `instance_id` only by setting."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.share import Share

_QUEUE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_SEND_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90)
_MEDIA_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_MEDIA_BYTES = (1e3, 1e4, 1e5, 5e5, 1e6, 5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9)
_HTTP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class FrontendMetrics:
    def __init__(self, registry: CollectorRegistry, namespace: str = "") -> None:
        self.requests = Counter(
            "http_requests", "Requests by route and status", ("method", "route", "status"),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.request_duration = Histogram(
            "http_request_duration_seconds", "Time to answer", ("route",),
            namespace=namespace, registry=registry, buckets=_HTTP_SECONDS,
        )  # fmt: skip
        self.queued = Counter(
            "messages_queued", "Messages accepted, by kind", ("type",), namespace=namespace, registry=registry
        )
        self.canceled = Counter(
            "message_queue_purged", "Messages canceled over the API", namespace=namespace, registry=registry
        )
        self.settled = Counter(
            "message_uncertain_settled_by_hand", "Messages in doubt that were settled over the API", ("outcome",),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.batch = Histogram(
            "message_enqueue_batch_rows", "Rows committed together",
            namespace=namespace, registry=registry, buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        )  # fmt: skip
        self.hints_lost = Counter(
            "message_hints_lost", "Batches whose stream append failed; the owner's sweep finds them",
            namespace=namespace, registry=registry,
        )  # fmt: skip


class SenderMetrics:
    """`instance_label` adds the instance id to the queue's series: one series per instance, so off by default."""

    def __init__(self, registry: CollectorRegistry, namespace: str = "", *, instance_label: bool = False) -> None:
        self._by_instance = instance_label
        extra = ("instance_id",) if instance_label else ()
        self.backlog = Gauge(
            "message_queue_backlog", "Messages accepted and not final, in the shards of this node",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.oldest = Gauge(
            "message_queue_oldest_seconds", "Age of the oldest message that could go now",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.attempts = Counter(
            "message_send_attempts", "Attempts by kind and outcome", ("type", "status", *extra),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.duration = Histogram(
            "message_send_duration_seconds", "From the intent to the outcome", ("type",),
            namespace=namespace, registry=registry, buckets=_SEND_SECONDS,
        )  # fmt: skip
        self.latency = Histogram(
            "message_queue_latency_seconds", "From acceptance to the hand-over to the engine", ("type",),
            namespace=namespace, registry=registry, buckets=_QUEUE_SECONDS,
        )  # fmt: skip
        self.failures = Counter(
            "message_queue_failures", "Failed attempts by kind and class", ("type", "error_class", *extra),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.dead_letters = Counter(
            "message_dead_letters", "Messages given up", ("error_class",), namespace=namespace, registry=registry
        )
        self.uncertain = Counter(
            "message_uncertain", "Messages whose outcome was lost", namespace=namespace, registry=registry
        )
        self._doubted = Share()
        Gauge(
            "message_uncertain_ratio", "Share of the messages sent in the last 15 minutes whose outcome was lost",
            namespace=namespace, registry=registry,
        ).set_function(self._doubted.value)  # fmt: skip
        self.settled = Counter(
            "message_uncertain_settled", "Messages in doubt that were settled, by what and how", ("by", "outcome"),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self._caches = Counter(
            "session_cache_lookups", "Answers of WhatsApp that were remembered or not, by cache", ("cache", "outcome"),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self._cache_misses = Histogram(
            "session_cache_miss_seconds", "How long WhatsApp took where nothing was remembered", ("cache",),
            namespace=namespace, registry=registry, buckets=_SEND_SECONDS,
        )  # fmt: skip
        self.in_doubt = Gauge(
            "message_uncertain_open", "Messages whose outcome is not known now, in the shards of this node",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.expired = Counter("message_expired", "Messages past their time", namespace=namespace, registry=registry)
        self.sessions = Gauge(
            "whatsapp_sessions", "Sessions of this node by state", ("state",), namespace=namespace, registry=registry
        )
        self.session_changes = Counter(
            "whatsapp_session_changes", "Changes of a session's state, by the new state", ("state",),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.shards = Gauge("lease_shards_held", "Shards this node owns", namespace=namespace, registry=registry)
        self.leases_lost = Counter(
            "lease_lost", "Shards lost without giving them up", namespace=namespace, registry=registry
        )
        self.handoffs = Counter(
            "lease_handoffs", "Shards handed to other nodes", namespace=namespace, registry=registry
        )
        self.handoff_seconds = Histogram(
            "lease_handoff_seconds", "From the first pause of a hand-off to the release of a shard",
            namespace=namespace, registry=registry, buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
        )  # fmt: skip
        self.sweep_finds = Counter(
            "message_sweep_finds", "Instances with work that only a sweep found", namespace=namespace, registry=registry
        )
        self.ledger_batch = Histogram(
            "message_ledger_batch_rows", "Intents and outcomes committed together",
            namespace=namespace, registry=registry, buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        )  # fmt: skip

        self.event_attempts = Counter(
            "event_delivery_attempts", "Attempts to deliver an event to its webhook, by outcome", ("outcome",),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        # Looked up once: this one is counted for every event.
        self.events_delivered = self.event_attempts.labels("delivered")
        self.event_dead_letters = Counter(
            "event_dead_letters", "Events that their webhook never took", ("error_class",),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.event_latency = Histogram(
            "event_first_attempt_seconds", "From the event to the first attempt to deliver it",
            namespace=namespace, registry=registry, buckets=_QUEUE_SECONDS,
        )  # fmt: skip
        self.event_duration = Histogram(
            "event_delivery_duration_seconds", "One attempt to deliver an event",
            namespace=namespace, registry=registry, buckets=_SEND_SECONDS,
        )  # fmt: skip
        self.event_backlog = Gauge(
            "event_outbox_backlog", "Events that wait for their webhook (of all nodes, counted to 100,000)",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.event_oldest = Gauge(
            "event_outbox_oldest_seconds", "Age of the oldest of them", namespace=namespace, registry=registry
        )
        self.events_untranslated = Counter(
            "events_untranslated", "Events of the engine that could not be read, by code", ("code",),
            namespace=namespace, registry=registry,
        )  # fmt: skip

    def cache(self, name: str, outcome: str, count: int) -> None:
        """`outcome` is hit or miss."""
        self._caches.labels(name, outcome).inc(count)

    def cache_took(self, name: str, seconds: float) -> None:
        self._cache_misses.labels(name).observe(seconds)

    def attempt(self, kind: str, status: str, instance: str) -> None:
        labels = (kind, status, instance) if self._by_instance else (kind, status)
        self.attempts.labels(*labels).inc()
        if status == "sent":
            self._doubted.count(1, 0)

    def doubted(self, number: int) -> None:
        """Messages whose outcome was lost."""
        self.uncertain.inc(number)
        self._doubted.count(number, number)

    def failure(self, kind: str, error_class: str, instance: str) -> None:
        labels = (kind, error_class, instance) if self._by_instance else (kind, error_class)
        self.failures.labels(*labels).inc()


class PulseMetrics:
    """How Postgres answers this process."""

    def __init__(self, registry: CollectorRegistry, namespace: str = "") -> None:
        self.duration = Histogram(
            "postgres_ping_seconds", "A connection of the pool and the smallest answer",
            namespace=namespace, registry=registry, buckets=_HTTP_SECONDS,
        )  # fmt: skip
        self.failures = Counter(
            "postgres_ping_failures", "Pings that an outage ended", namespace=namespace, registry=registry
        )
        self.in_use = Gauge(
            "postgres_connections_in_use", "Connections of the pool that are at work",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.limit = Gauge(
            "postgres_connections_limit", "Connections that the pool may open", namespace=namespace, registry=registry
        )


class MediaMetrics:
    """Files on their way. `step` is arrive, fetch, store, convert, upload or download; `type` the kind of message or
    the form that a file takes, of a received one what it is."""

    def __init__(self, registry: CollectorRegistry, namespace: str = "") -> None:
        self.size = Histogram(
            "media_bytes", "Size of a file that passed a step", ("step", "type"),
            namespace=namespace, registry=registry, buckets=_MEDIA_BYTES,
        )  # fmt: skip
        self.duration = Histogram(
            "media_duration_seconds", "Time that a step took", ("step", "type"),
            namespace=namespace, registry=registry, buckets=_MEDIA_SECONDS,
        )  # fmt: skip
        self.failures = Counter(
            "media_failures", "Files that failed in a step, by class", ("step", "type", "error_class"),
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.fallbacks = Counter(
            "media_bucket_fallbacks", "Files kept on disk because the bucket was away",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.moved = Counter(
            "media_moved", "Files moved from disk into the bucket", namespace=namespace, registry=registry
        )
        self.waiting = Gauge(
            "media_waiting_to_move", "Files on this disk that the bucket does not have yet, up to 1000",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.to_download = Gauge(
            "media_waiting_to_download", "Files of received messages that are not here yet, up to 10000",
            namespace=namespace, registry=registry,
        )  # fmt: skip
        self.removed = Counter(
            "media_removed", "Files deleted because their time was over", namespace=namespace, registry=registry
        )

    def passed(self, step: str, kind: str, size: int, took: float) -> None:
        self.size.labels(step, kind).observe(size)
        self.duration.labels(step, kind).observe(took)

    def failed(self, step: str, kind: str, error_class: str) -> None:
        self.failures.labels(step, kind, error_class).inc()
