"""What the owner of a message writes: the intent before a send and the outcome after it. All of it fenced.

Every statement takes arrays, one element a message, and is run inside a transaction that holds `shard.FENCE`.
"""

from dataclasses import dataclass
from datetime import datetime

# The intent is durable before the engine is asked. Rows that were canceled or have expired meanwhile are not returned.
# A row already `sending` at this epoch is our own write whose commit was not answered: saying it again is harmless.
INTEND = """
    UPDATE message_queue
    SET status = 'sending', attempts = attempts + (status = 'queued')::int, epoch = intent.epoch, node = $4,
        started_at = clock_timestamp(),
        next_attempt_at = NULL, whatsapp_id = intent.whatsapp_id
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS intent (id, epoch, whatsapp_id)
    WHERE message_queue.id = intent.id
      AND (status = 'queued' OR (status = 'sending' AND message_queue.epoch = intent.epoch))
      AND (expires_at IS NULL OR expires_at > now())
      AND NOT (intent.whatsapp_id IS NULL AND metadata ? 'same_id')
    RETURNING message_queue.id, attempts, started_at"""

NOTE_WIRE_ID = """
    UPDATE message_queue
    SET whatsapp_id = noted.whatsapp_id
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS noted (id, epoch, whatsapp_id)
    WHERE message_queue.id = noted.id AND message_queue.epoch = noted.epoch AND status = 'sending'
    RETURNING message_queue.id"""

# Intents go by the database's clock, outcomes by the node's.
_RECORD = """
        INSERT INTO message_attempt (message_id, attempt, epoch, node, started_at, ended_at, outcome, error)
        SELECT id, attempts, epoch, node, started_at, greatest(ended_at, started_at), {outcome}, detail
        FROM {rows}"""

_KEPT = """id, instance_id, zaap_id, message_id, kind, chat, payload, attempts, max_attempts, accepted_at,
            scheduled_at, started_at, epoch, node"""

# The message is finished when WhatsApp says that it took it, in whole seconds; the attempt ends when we know.
SENT = f"""
    WITH outcome AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])
            AS outcome (id, epoch, wire, taken_at)
    ), gone AS (
        DELETE FROM message_queue
        USING outcome
        WHERE message_queue.id = outcome.id AND message_queue.epoch = outcome.epoch
          AND status IN ('sending', 'uncertain')
        RETURNING message_queue.*, outcome.wire, taken_at, clock_timestamp() AS ended_at, NULL::text AS detail
    ), recorded AS ({_RECORD.format(outcome="'sent'", rows="gone")}
    )
    INSERT INTO message_history ({_KEPT}, status, finished_at, whatsapp_id, metadata)
    SELECT {_KEPT}, 'sent', taken_at, wire, metadata
    FROM gone
    RETURNING instance_id, zaap_id, message_id, chat, finished_at, kind"""

# `burns` is false when the attempt is given back: the session was not connected and nothing was tried.
PUT_BACK = f"""
    WITH outcome AS (
        SELECT * FROM unnest(
            $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::boolean[])
            AS outcome (id, epoch, error_class, detail, ended_at, again_at, burns)
    ), back AS (
        UPDATE message_queue
        SET status = 'queued', next_attempt_at = now() + (outcome.again_at - outcome.ended_at), error = outcome.detail,
            error_class = outcome.error_class, attempts = attempts - (NOT outcome.burns)::int
        FROM outcome
        WHERE message_queue.id = outcome.id AND message_queue.epoch = outcome.epoch AND status = 'sending'
        RETURNING message_queue.id, attempts + (NOT outcome.burns)::int AS attempts, message_queue.epoch, node,
            started_at, outcome.ended_at, outcome.detail, outcome.burns
    ), recorded AS ({_RECORD.format(outcome="CASE WHEN burns THEN 'retry' ELSE 'not-connected' END", rows="back")}
    )
    SELECT id FROM back"""

GIVE_UP = f"""
    WITH outcome AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
            AS outcome (id, epoch, class, detail, ended_at)
    ), gone AS (
        DELETE FROM message_queue
        USING outcome
        WHERE message_queue.id = outcome.id AND message_queue.epoch = outcome.epoch
          AND status IN ('sending', 'uncertain')
        RETURNING message_queue.*, outcome.class, outcome.detail, outcome.ended_at
    ), recorded AS ({_RECORD.format(outcome="'failed'", rows="gone")}
    )
    INSERT INTO message_dead_letter ({_KEPT}, shard, delay_message, delay_typing, finished_at, whatsapp_id, error,
        error_class, metadata)
    SELECT {_KEPT}, shard, delay_message, delay_typing, ended_at, whatsapp_id, detail, class, metadata
    FROM gone
    RETURNING instance_id, zaap_id, message_id, chat, error"""

DOUBT = f"""
    WITH outcome AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])
            AS outcome (id, epoch, detail, ended_at)
    ), doubted AS (
        UPDATE message_queue
        SET status = 'uncertain', error = outcome.detail, error_class = 'unknown', uncertain_since = now()
        FROM outcome
        WHERE message_queue.id = outcome.id AND message_queue.epoch = outcome.epoch AND status = 'sending'
        RETURNING message_queue.id, attempts, message_queue.epoch, node, started_at, outcome.ended_at, outcome.detail,
            instance_id, zaap_id, message_id, chat
    ), recorded AS ({_RECORD.format(outcome="'uncertain'", rows="doubted")}
    )
    SELECT instance_id, zaap_id, message_id, chat, detail FROM doubted"""

# After a claim: what an earlier owner had under way. It may have left just now, so it is in doubt, and its instance
# pauses as after any message; $3 is the longest pause of those that did not choose one.
DOUBT_ORPHANS = f"""
    WITH ours AS (
        SELECT shard.id, shard.epoch
        FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
        JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch
        ORDER BY shard.id
        FOR SHARE OF shard
    ), doubted AS (
        UPDATE message_queue
        SET status = 'uncertain', error = 'the sender stopped before the outcome was known', error_class = 'unknown',
            uncertain_since = now()
        FROM ours
        WHERE message_queue.shard = ours.id AND message_queue.epoch < ours.epoch AND status = 'sending'
        RETURNING message_queue.id, instance_id, zaap_id, message_id, chat, attempts, message_queue.epoch, node,
            started_at, now() AS ended_at, error AS detail, delay_message
    ), recorded AS ({_RECORD.format(outcome="'uncertain'", rows="doubted")}
    ), paced AS (
        INSERT INTO instance_pace (instance_id, send_after)
        SELECT instance_id, now() + max(coalesce(delay_message * interval '1 second', $3::interval))
        FROM doubted
        GROUP BY instance_id
        ON CONFLICT (instance_id) DO UPDATE
        SET send_after = greatest(instance_pace.send_after, excluded.send_after)
    )
    SELECT instance_id, zaap_id, message_id, chat, detail FROM doubted"""

# $3 is when a message was handed over, null for one that was not or may not have been.
KEEP_PACE = """
    INSERT INTO instance_pace (instance_id, send_after, sent_at)
    SELECT instance_id, now() + max(pause), max(sent_at)
    FROM unnest($1::uuid[], $2::interval[], $3::timestamptz[]) AS pace (instance_id, pause, sent_at)
    GROUP BY instance_id
    ON CONFLICT (instance_id) DO UPDATE
    SET send_after = greatest(instance_pace.send_after, excluded.send_after),
        sent_at = greatest(instance_pace.sent_at, excluded.sent_at)"""

# Receipts name ids of the wire. Those of one message are taken together: an UPDATE applies one of several matches only.
# Most are of messages in the history, found through its index; only the others may settle a message in doubt, which
# takes a look through its instance's queue.
RECEIPTS = """
    WITH told AS (
        SELECT instance_id, wire, max(rank) AS rank, min(at) AS delivered_at,
               min(at) FILTER (WHERE rank >= 3) AS read_at, min(at) FILTER (WHERE rank = 4) AS played_at
        FROM (
            SELECT instance_id, wire, at, array_position(ARRAY['sent', 'delivered', 'read', 'played'], kind) AS rank
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
                AS receipt (instance_id, wire, kind, at)
        ) AS ranked
        GROUP BY instance_id, wire
    )
    UPDATE message_history
    SET status = CASE
            WHEN told.rank > array_position(ARRAY['sent', 'delivered', 'read', 'played'], status)
            THEN (ARRAY['sent', 'delivered', 'read', 'played'])[told.rank] ELSE status END,
        delivered_at = coalesce(message_history.delivered_at, told.delivered_at),
        read_at = coalesce(message_history.read_at, told.read_at),
        played_at = coalesce(message_history.played_at, told.played_at)
    FROM told
    WHERE message_history.whatsapp_id = ANY($2::text[]) AND message_history.whatsapp_id = told.wire
      AND message_history.instance_id = told.instance_id
      AND finished_at BETWEEN now() - interval '8 days' AND now() + interval '1 hour'
      AND status IN ('sent', 'delivered', 'read', 'played')
    RETURNING message_history.instance_id, message_history.whatsapp_id, message_id, chat"""

# A receipt outweighs what we believe of a message that is still here: one in doubt was sent, and so was one whose
# answer is still to come, or whose failure was called sure and was not. Who waits for that answer may die before it
# keeps the pause, and leaves nothing by which the next owner could tell: the pause is kept with the receipt.
SETTLE_BY_RECEIPTS = f"""
    WITH told AS (
        SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[]) AS receipt (instance_id, wire)
    ), gone AS (
        DELETE FROM message_queue
        USING told
        WHERE message_queue.instance_id = told.instance_id AND whatsapp_id = told.wire
        RETURNING message_queue.*, now() AS ended_at, NULL::text AS detail
    ), answered AS (
        SELECT * FROM gone WHERE status = 'sending'
    ), recorded AS ({_RECORD.format(outcome="'sent'", rows="answered")}
    ), paced AS (
        INSERT INTO instance_pace (instance_id, send_after)
        SELECT instance_id, now() + max(coalesce(delay_message * interval '1 second', $3::interval))
        FROM answered
        GROUP BY instance_id
        ON CONFLICT (instance_id) DO UPDATE
        SET send_after = greatest(instance_pace.send_after, excluded.send_after)
    )
    INSERT INTO message_history ({_KEPT}, status, finished_at, whatsapp_id, metadata)
    SELECT {_KEPT}, 'sent', ended_at, whatsapp_id, metadata
    FROM gone
    RETURNING instance_id, zaap_id, message_id, chat, finished_at, whatsapp_id, kind"""


@dataclass(frozen=True, slots=True)
class Intent:
    """A durable intent: from here on the outcome must be recorded or the message is in doubt."""

    id: int
    epoch: int
    attempt: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """`content` is the message as it left, for who is told about own messages; it is not stored."""

    whatsapp_id: str
    at: datetime
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Retry:
    """Surely not sent; try again at `again_at`. `burns` is false when nothing was tried."""

    error_class: str
    detail: str
    at: datetime
    again_at: datetime
    burns: bool


@dataclass(frozen=True, slots=True)
class Failed:
    error_class: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Doubtful:
    detail: str
    at: datetime


Outcome = Sent | Retry | Failed | Doubtful
