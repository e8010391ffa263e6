"""Why a message has not gone yet, from what Postgres knows: one look at its row, its chat, its instance, its shard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from common.postgres import Executor

LOOK = """
    SELECT message_queue.status, message_queue.is_due, message_queue.scheduled_at, message_queue.next_attempt_at,
           message_queue.started_at, now() AS seen_at,
           instance.device IS NOT NULL AS is_linked, session_state, session_changed_at, uncertain_policy,
           queue_paused_at,
           shard.node, shard.epoch, lease_until, coalesce(lease_until > now(), false) AS is_owned,
           now() - renewed_at AS lease_age, send_after,
           head.zaap_id AS head, doubt.zaap_id AS doubt, ahead.messages AS ahead
    FROM message_queue
    JOIN instance ON instance.id = message_queue.instance_id
    JOIN shard ON shard.id = message_queue.shard
    LEFT JOIN instance_pace ON instance_pace.instance_id = message_queue.instance_id
    LEFT JOIN LATERAL (
        SELECT zaap_id
        FROM message_queue AS earlier
        WHERE earlier.instance_id = message_queue.instance_id AND is_due AND earlier.id < message_queue.id
          AND earlier.chat = message_queue.chat AND earlier.status <> 'uncertain'
        ORDER BY is_due DESC, id
        LIMIT 1
    ) AS head ON true
    LEFT JOIN LATERAL (
        SELECT zaap_id
        FROM message_queue AS earlier
        WHERE earlier.instance_id = message_queue.instance_id AND is_due AND earlier.id < message_queue.id
          AND earlier.chat = message_queue.chat AND earlier.status = 'uncertain'
        ORDER BY is_due DESC, id DESC
        LIMIT 1
    ) AS doubt ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS messages
        FROM (
            SELECT FROM message_queue AS earlier
            WHERE earlier.instance_id = message_queue.instance_id AND is_due AND earlier.id < message_queue.id
              AND earlier.status <> 'uncertain'
            LIMIT 1000
        ) AS counted
    ) AS ahead
    WHERE message_queue.instance_id = $1 AND message_queue.zaap_id = $2"""

Reason = Literal[
    "sending", "uncertain", "scheduled", "paused", "no-owner", "not-linked", "not-connected", "retry", "head", "pace",
    "turn", "doubt", "soon",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What LOOK found. `head` is the first message of the same chat that goes before, `doubt` one whose outcome is
    not known, `ahead` counts the instance's own messages before it (a thousand at most)."""

    status: str
    is_due: bool
    scheduled_at: datetime | None
    next_attempt_at: datetime | None
    started_at: datetime | None
    seen_at: datetime
    is_linked: bool
    session_state: str
    session_changed_at: datetime
    uncertain_policy: str
    paused_at: datetime | None
    node: str | None
    epoch: int
    lease_until: datetime | None
    is_owned: bool
    lease_age: timedelta | None
    send_after: datetime | None
    head: UUID | None
    doubt: UUID | None
    ahead: int

    @property
    def reason(self) -> Reason:
        """The first thing that has to change before the message can go."""
        if self.status in ("sending", "uncertain"):
            return "sending" if self.status == "sending" else "uncertain"
        if not self.is_due:
            return "scheduled"
        if self.paused_at is not None:
            return "paused"
        if not self.is_owned:
            return "no-owner"
        if self.session_state != "connected":
            return "not-connected" if self.is_linked else "not-linked"
        if self.head is not None:
            return "head"
        if self._is_later(self.next_attempt_at):
            return "retry"
        if self.ahead:
            return "turn"
        if self._is_later(self.send_after):
            return "pace"
        return "doubt" if self.doubt is not None else "soon"

    def _is_later(self, moment: datetime | None) -> bool:
        return moment is not None and moment > self.seen_at


async def look(connection: Executor, instance: UUID, zaap_id: UUID) -> Circumstances | None:
    """None: the message does not wait (any more)."""
    row = await connection.fetchrow(LOOK, instance, zaap_id)
    return None if row is None else Circumstances(*row)
