"""event_outbox: what the webhooks have not taken yet, and what became of each attempt. The owner's writes are fenced.

Statements that take arrays have one element an event and run in a transaction that holds `shard.FENCE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import logs
from common.postgres import Connection, Pool
from common.tables.webhook_secret import opened
from common.vault import Unreadable, Vault

log = logs.get(__name__)

SLOTS = ("delivery", "received", "message-status", "presence", "connected", "disconnected")


@dataclass(frozen=True, slots=True)
class Routes:
    """Where the events of an instance go: addresses in the order of SLOTS, and the live secrets, newest first."""

    instance_id: UUID
    shard: int
    urls: tuple[str | None, ...]
    secrets: tuple[bytes, ...]
    has_plain_secrets: bool
    """Kept from before secrets were encrypted."""

    def slots_of(self, url: str) -> list[str]:
        return [slot for slot, each in zip(SLOTS, self.urls, strict=True) if each == url]

    @property
    def unset(self) -> list[str]:
        return [slot for slot, each in zip(SLOTS, self.urls, strict=True) if each is None]

    @property
    def destinations(self) -> list[str]:
        return list(dict.fromkeys(url for url in self.urls if url is not None))


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    instance_id: UUID
    slot: str
    seq: int
    type: str
    body: bytes
    created_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    media_until: datetime | None
    replayed: bool


FIND_ROUTES = """
    SELECT id, shard,
           ARRAY[delivery_callback_url, coalesce(received_and_delivery_callback_url, received_callback_url),
                 message_status_callback_url, presence_chat_callback_url, connected_callback_url,
                 disconnected_callback_url],
           ARRAY(SELECT secret FROM webhook_secret WHERE instance_id = instance.id ORDER BY place),
           ARRAY(SELECT is_sealed FROM webhook_secret WHERE instance_id = instance.id ORDER BY place)
    FROM instance
    WHERE id = ANY($1::uuid[])"""

# The oldest of each slot. The snapshot is one for all slots, so merged by number they have no hole.
FETCH = """
    SELECT waiting.instance_id, waiting.slot, waiting.seq, found.type, found.body, waiting.created_at, attempts,
           next_attempt_at, media_until, replayed
    FROM unnest($1::uuid[], $2::text[]) AS wanted (instance_id, slot)
    CROSS JOIN LATERAL (
        SELECT * FROM event_outbox
        WHERE instance_id = wanted.instance_id AND slot = wanted.slot
        ORDER BY seq
        LIMIT $3
    ) AS waiting
    CROSS JOIN LATERAL (
        SELECT type, body FROM event
        WHERE instance_id = waiting.instance_id AND seq = waiting.seq AND created_at = waiting.created_at
    ) AS found"""

# What waits without an address, because its webhook was taken away. It stays in the log of events.
DISCARD_UNSET = """
    DELETE FROM event_outbox
    USING instance
    WHERE instance_id = ANY($1::uuid[]) AND instance.id = instance_id AND webhook_url(instance, slot) IS NULL"""

SWEEP = """
    SELECT instance.id
    FROM instance
    WHERE shard = ANY($1::integer[])
      AND EXISTS (SELECT FROM event_outbox WHERE event_outbox.instance_id = instance.id)"""

_ATTEMPT = """
        INSERT INTO event_attempt (
            instance_id, seq, attempt, node, url, ended_at, took_ms, outcome, status_code, error)
        SELECT instance_id, seq, {attempt}, $1, url, ended_at, took_ms, '{outcome}', code, {error}
        FROM {rows}"""

DELIVERED = f"""
    WITH outcome AS (
        SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::integer[],
            $8::smallint[]) AS outcome (instance_id, slot, seq, url, ended_at, took_ms, code)
    ), gone AS (
        DELETE FROM event_outbox
        USING outcome
        WHERE event_outbox.instance_id = outcome.instance_id AND event_outbox.slot = outcome.slot
          AND event_outbox.seq = outcome.seq
        RETURNING outcome.*, attempts
    )
    {_ATTEMPT.format(attempt="attempts + 1", outcome="delivered", error="NULL", rows="gone")}"""

AGAIN = f"""
    WITH outcome AS (
        SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::integer[],
            $8::smallint[], $9::text[], $10::timestamptz[])
            AS outcome (instance_id, slot, seq, url, ended_at, took_ms, code, detail, again_at)
    ), kept AS (
        UPDATE event_outbox
        SET attempts = attempts + 1, next_attempt_at = outcome.again_at
        FROM outcome
        WHERE event_outbox.instance_id = outcome.instance_id AND event_outbox.slot = outcome.slot
          AND event_outbox.seq = outcome.seq
        RETURNING outcome.*, attempts
    )
    {_ATTEMPT.format(attempt="attempts", outcome="retry", error="detail", rows="kept")}"""

_BURY = """
        INSERT INTO event_dead_letter (
            instance_id, seq, slot, type, body, created_at, attempts, failed_at, url, status_code, error_class, error)
        SELECT gone.instance_id, gone.seq, gone.slot, event.type, event.body, gone.created_at, {attempts}, {at}, {url},
               {code}, {error_class}, {error}
        FROM gone
        JOIN event ON event.instance_id = gone.instance_id AND event.seq = gone.seq
                  AND event.created_at = gone.created_at
        ON CONFLICT (instance_id, seq) DO UPDATE
        SET attempts = excluded.attempts, failed_at = excluded.failed_at, url = excluded.url,
            status_code = excluded.status_code, error_class = excluded.error_class, error = excluded.error"""

DEAD = f"""
    WITH outcome AS (
        SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::integer[],
            $8::smallint[], $9::text[], $10::text[])
            AS outcome (instance_id, slot, seq, url, ended_at, took_ms, code, detail, class)
    ), gone AS (
        DELETE FROM event_outbox
        USING outcome
        WHERE event_outbox.instance_id = outcome.instance_id AND event_outbox.slot = outcome.slot
          AND event_outbox.seq = outcome.seq
        RETURNING outcome.*, attempts, created_at
    ), buried AS (
        {
    _BURY.format(
        attempts="attempts + 1", at="ended_at", url="gone.url", code="code", error_class="class", error="detail"
    )
}
    )
    {_ATTEMPT.format(attempt="attempts + 1", outcome="dead", error="detail", rows="gone")}"""

# The receiver said 410: its address is forgotten wherever the instance names it ...
DISABLE = """
    UPDATE instance
    SET delivery_callback_url = nullif(delivery_callback_url, $2),
        received_callback_url = nullif(received_callback_url, $2),
        received_and_delivery_callback_url = nullif(received_and_delivery_callback_url, $2),
        message_status_callback_url = nullif(message_status_callback_url, $2),
        presence_chat_callback_url = nullif(presence_chat_callback_url, $2),
        connected_callback_url = nullif(connected_callback_url, $2),
        disconnected_callback_url = nullif(disconnected_callback_url, $2),
        version = version + 1
    WHERE id = $1"""

# ... and what still waited for it can be replayed to another one.
BURY_REST = f"""
    WITH gone AS (
        DELETE FROM event_outbox
        WHERE instance_id = $1 AND slot = ANY($2::text[])
        RETURNING *
    )
    {
    _BURY.format(
        attempts="attempts",
        at="now()",
        url="$3",
        code="410::smallint",
        error_class="'gone'",
        error="'the receiver said that its address is gone (410)'",
    )
}"""

# The day of an event is about to be dropped while its webhook has not taken it.
BURY_OLD = f"""
    WITH gone AS (
        DELETE FROM event_outbox
        WHERE created_at < $1
        RETURNING *
    )
    {
    _BURY.format(
        attempts="attempts",
        at="now()",
        url="NULL",
        code="NULL::smallint",
        error_class="'too-old'",
        error="'not delivered within the time that events are kept'",
    )
}"""

BACKLOG = """
    SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS age
    FROM (SELECT created_at FROM event_outbox LIMIT 100000) AS waiting"""


async def find_routes(connection: Connection, instances: Sequence[UUID], vault: Vault) -> list[Routes]:
    """Instances whose secrets cannot be read are left out: their events wait, rather than go without a signature."""
    found = []
    for instance, shard, urls, secrets, are_sealed in await connection.fetch(FIND_ROUTES, instances):
        try:
            live = tuple(opened(vault, instance, *each) for each in zip(secrets, are_sealed, strict=True))
        except Unreadable:
            log.error("webhook secret not readable with this TOKEN_ENCRYPTION_KEY", instance=instance)
            continue
        found.append(Routes(instance, shard, tuple(urls), live, not all(are_sealed)))
    return found


async def fetch(connection: Connection, wanted: Sequence[tuple[UUID, str]], limit: int) -> list[WaitingEvent]:
    """The oldest `limit` events of each (instance, slot), in no particular order."""
    rows = await connection.fetch(FETCH, [pair[0] for pair in wanted], [pair[1] for pair in wanted], limit)
    return [WaitingEvent(*row) for row in rows]


async def sweep(pool: Pool, shards: Sequence[int]) -> list[UUID]:
    """The instances of these shards that have something to deliver."""
    return [row[0] for row in await pool.fetch(SWEEP, shards)]
