"""Messages in doubt: rows of message_queue whose outcome was lost, and the ways in which that ends.

Every statement is a compare-and-set on `uncertain`: evidence, policy and a person may come at the same time.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from common.addresses import Jid

Policy = Literal["hold", "resend", "assume-sent", "resend-same-id"]

# The grace time begins when the session is back: until then no receipt can have come.
_PAST_GRACE = """session_state = 'connected'
          AND greatest(uncertain_since, session_changed_at) <= now() - $3::interval"""

_HELD = """
    WITH ours AS (
        SELECT shard.id
        FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
        JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch
        ORDER BY shard.id
        FOR SHARE OF shard
    ), due AS (
        SELECT message_queue.id
        FROM message_queue
        JOIN ours ON ours.id = message_queue.shard
        JOIN instance ON instance.id = message_queue.instance_id
        WHERE uncertain_since IS NOT NULL AND status = 'uncertain' AND {which}
        ORDER BY message_queue.id
        LIMIT 500
        FOR UPDATE OF message_queue SKIP LOCKED
    )"""

_KEPT = """id, instance_id, zaap_id, message_id, kind, chat, payload, attempts, max_attempts, accepted_at,
        scheduled_at, started_at, epoch, node"""

_GONE = """, gone AS (
        DELETE FROM message_queue
        USING due
        WHERE message_queue.id = due.id
        RETURNING message_queue.*
    )"""

# WhatsApp's own id is not known where the engine chose it and stopped before it told: the API's stands for it.
_TO_HISTORY = f"""{_GONE}
    INSERT INTO message_history ({_KEPT}, status, finished_at, whatsapp_id, metadata)
    SELECT {_KEPT}, 'sent', now(), coalesce(whatsapp_id, message_id),
           metadata || jsonb_build_object('settled', '{{by}}')
    FROM gone
    RETURNING instance_id, chat, zaap_id, message_id"""

_TO_DEAD_LETTERS = f"""{_GONE}
    INSERT INTO message_dead_letter ({_KEPT}, shard, delay_message, delay_typing, finished_at, whatsapp_id, error,
        error_class, metadata)
    SELECT {_KEPT}, shard, delay_message, delay_typing, now(), whatsapp_id,
           'whether this message was sent never became known', 'unknown',
           metadata || jsonb_build_object('settled', '{{by}}')
    FROM gone
    RETURNING instance_id, chat, zaap_id, message_id"""

# Sent again under the id it had: the row keeps its place in its chat's order among what still waits.
_TO_QUEUE = """
    UPDATE message_queue
    SET status = 'queued', uncertain_since = NULL, next_attempt_at = NULL,
        max_attempts = greatest(max_attempts, attempts + 1)
    FROM due
    WHERE message_queue.id = due.id
    RETURNING instance_id, chat, zaap_id, message_id"""

# The mark keeps it from leaving under another id: see `attempt.INTEND` and `wire.BACK_IN_DOUBT`.
_TO_QUEUE_MARKED = _TO_QUEUE.replace(
    "next_attempt_at = NULL,", "next_attempt_at = NULL, metadata = metadata || jsonb_build_object('same_id', true),"
)

ASSUME_SENT = _HELD.format(which=f"uncertain_policy = 'assume-sent' AND {_PAST_GRACE}") + _TO_HISTORY.format(
    by="assume-sent"
)

RESEND = _HELD.format(which=f"uncertain_policy = 'resend' AND attempts < max_attempts AND {_PAST_GRACE}") + _TO_QUEUE

GIVE_UP = _HELD.format(
    which=f"uncertain_policy = 'resend' AND attempts >= max_attempts AND {_PAST_GRACE}"
) + _TO_DEAD_LETTERS.format(by="resend")

FORGET_HELD = _HELD.format(which="uncertain_since <= now() - $3::interval") + _TO_DEAD_LETTERS.format(by="retention")

# Only what went out, or was to go out, under the id that it will have again; the instance must still use the relay.
_CAN_HAVE_ITS_ID = "instance.wire = 'relay' AND whatsapp_id = message_id"
_SAME_ID = f"uncertain_policy = 'resend-same-id' AND {_CAN_HAVE_ITS_ID} AND {_PAST_GRACE}"

# Whoever takes the relay away at the same moment waits, and then finds the rows queued: none is left with a mark that
# nothing can send.
_HELD_IN_RELAY = _HELD.replace("SKIP LOCKED", "SKIP LOCKED\n        FOR SHARE OF instance")

RESEND_SAME_ID = _HELD_IN_RELAY.format(which=f"{_SAME_ID} AND attempts < max_attempts") + _TO_QUEUE_MARKED

GIVE_UP_SAME_ID = _HELD.format(which=f"{_SAME_ID} AND attempts >= max_attempts") + _TO_DEAD_LETTERS.format(
    by="resend-same-id"
)

# Chats that wait for a decision: all while the grace time runs, and those that are sent again until they were.
LIST_WAITING = f"""
    SELECT DISTINCT instance_id, chat
    FROM message_queue
    JOIN instance ON instance.id = message_queue.instance_id
    WHERE message_queue.shard = ANY($1::integer[]) AND uncertain_since IS NOT NULL AND status = 'uncertain'
      AND (uncertain_policy IN ('resend', 'assume-sent')
           OR (uncertain_policy = 'resend-same-id' AND {_CAN_HAVE_ITS_ID})
           OR NOT ({_PAST_GRACE.replace("$3", "$2")}))"""

COUNT = """
    SELECT count(*) FROM message_queue WHERE shard = ANY($1::integer[]) AND uncertain_since IS NOT NULL"""

_ONE = """
    WITH due AS (
        SELECT id
        FROM message_queue
        WHERE instance_id = $1 AND zaap_id = $2 AND status = 'uncertain'
        FOR UPDATE
    )"""

SETTLE_AS_SENT = _ONE + _TO_HISTORY.format(by="hand")
SETTLE_AS_FAILED = _ONE + _TO_DEAD_LETTERS.format(by="hand")
SEND_AGAIN = _ONE + _TO_QUEUE

READ_POLICY = """
    SELECT uncertain_policy FROM instance WHERE id = $1"""

# An id can be had again only where it is ours to choose.
SET_POLICY = """
    UPDATE instance
    SET uncertain_policy = $2
    WHERE id = $1 AND ($2 <> 'resend-same-id' OR wire = 'relay')
    RETURNING uncertain_policy"""


@dataclass(frozen=True, slots=True)
class Settled:
    """A message that is no longer in doubt."""

    instance_id: UUID
    chat: Jid
    zaap_id: UUID
    message_id: str
