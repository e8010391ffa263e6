"""Every statement of an owner writes nothing once its epoch is over, whatever it is asked to write."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.postgres import Pool
from common.tables import attempt, message, session, shard, uncertain
from tests.builders import insert_instance, new_message

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
TTL = timedelta(minutes=1)
OVER = timedelta(seconds=-1)
TABLES = (
    "message_queue", "message_history", "message_dead_letter", "message_attempt", "instance_pace", "instance", "shard",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owned:
    """An instance with one message in the given state, at the first epoch of its shard."""

    instance: UUID
    shard: int
    number: int


async def owned(pool: Pool, status: str, **columns: object) -> Owned:
    instance = await insert_instance(pool, uncertain_policy=columns.pop("policy", "hold"), session_state="connected")
    [[number]] = await pool.fetch(message.ENQUEUE, *message.columns_of([new_message(instance)]))
    place = await pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await pool.fetch(shard.CLAIM, [place], "first", OVER)
    await pool.execute(
        """UPDATE message_queue
           SET status = $2, epoch = 1, node = 'first', started_at = now(), attempts = 1, whatsapp_id = 'WIRE',
               uncertain_since = CASE WHEN $2 = 'uncertain' THEN now() - interval '1 hour' END
           WHERE id = $1""",
        number,
        status,
    )
    for name, value in columns.items():
        await pool.execute(f"UPDATE message_queue SET {name} = $2 WHERE id = $1", number, value)
    await pool.execute("UPDATE instance SET session_changed_at = now() - interval '1 hour'")
    return Owned(instance, place, number)


async def everything(pool: Pool) -> dict[str, list[str]]:
    return {
        name: [row[0] for row in await pool.fetch(f"SELECT {name}::text FROM {name} ORDER BY 1")] for name in TABLES
    }


def statements(one: Owned, epoch: int) -> dict[str, tuple[str, list[Any]]]:
    """What an owner runs by itself, and in which state of the message it has something to do."""
    held: list[Any] = [[one.shard], [epoch]]
    profile: list[Any] = [None, None, None, None]
    return {
        "expire": (message.EXPIRE, held),
        "release": (message.RELEASE_SCHEDULED, held),
        "orphans": (attempt.DOUBT_ORPHANS, [*held, TTL]),
        "assume sent": (uncertain.ASSUME_SENT, [*held, TTL]),
        "resend": (uncertain.RESEND, [*held, TTL]),
        "give up": (uncertain.GIVE_UP, [*held, TTL]),
        "forget held": (uncertain.FORGET_HELD, [*held, TTL]),
        "state": (session.SET_STATE, [one.instance, one.shard, epoch, "disconnected", "gone", *profile]),
        "profile": (session.SET_PROFILE, [one.instance, one.shard, epoch, "about", "picture"]),
        "device": (session.SET_DEVICE, [one.instance, one.shard, epoch, "1:2@s.whatsapp.net", "1", None, None]),
        "forget device": (session.FORGET_DEVICE, [one.instance, one.shard, epoch, "logged out"]),
    }


STATES: dict[str, tuple[str, dict[str, object]]] = {
    "expire": ("queued", {"expires_at": NOW - TTL}),
    "release": ("queued", {"scheduled_at": NOW - TTL, "is_due": False}),
    "orphans": ("sending", {}),
    "assume sent": ("uncertain", {"policy": "assume-sent"}),
    "resend": ("uncertain", {"policy": "resend"}),
    "give up": ("uncertain", {"policy": "resend", "attempts": 3}),
    "forget held": ("uncertain", {}),
    **dict.fromkeys(("state", "profile", "device", "forget device"), ("queued", {})),
}


@pytest.mark.parametrize("name", STATES)
async def test_an_owner_writes_only_at_its_own_epoch(pool: Pool, name: str) -> None:
    status, columns = STATES[name]
    one = await owned(pool, status, **columns)
    # An orphan is of an earlier epoch than its new owner's.
    current = 2 if name == "orphans" else 1
    if name == "orphans":
        await pool.fetch(shard.CLAIM, [one.shard], "second", OVER)
    await pool.fetch(shard.CLAIM, [one.shard], "next", OVER)
    before = await everything(pool)
    stale, arguments = statements(one, current)[name]
    assert await pool.fetch(stale, *arguments) == []
    assert await everything(pool) == before
    current_statement, arguments = statements(one, current + 1)[name]
    assert await pool.fetch(current_statement, *arguments) != []
    assert await everything(pool) != before
