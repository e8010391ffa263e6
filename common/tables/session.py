"""instance, as its owner sees it: which device to open, and the state of its session. Every write is fenced."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Pool

_OWNER = """
    WITH owner AS (
        SELECT id FROM shard WHERE id = $2 AND epoch = $3 FOR SHARE
    )"""

_SELECT = """
    SELECT id, shard, device, name, coalesce(session_name, name) AS session_name, wire, proxy_cipher
    FROM instance"""

LIST_OF_SHARDS = f"""
    {_SELECT}
    WHERE shard = ANY($1::integer[])
    ORDER BY id"""

FIND = f"""
    {_SELECT}
    WHERE id = $1"""

# Without a device there is no session: what a session that was just logged out still says is late. Another name than
# the known one is news, for SET_PROFILE_NAME.
SET_STATE = f"""
    {_OWNER}
    UPDATE instance
    SET session_state = $4, session_error = $5, session_changed_at = now(), version = version + 1,
        phone = coalesce($6, phone), lid = coalesce($7, lid), profile_name = coalesce(profile_name, $8),
        platform = coalesce($9, platform)
    FROM owner
    WHERE instance.id = $1 AND instance.shard = owner.id AND device IS NOT NULL
    RETURNING instance.id"""

# The chats of another account that was linked before are none of this one's.
SET_DEVICE = f"""
    {_OWNER}, forgotten AS (
        DELETE FROM chat
        USING instance, owner
        WHERE chat.instance_id = $1 AND instance.id = $1 AND instance.shard = owner.id AND instance.phone <> $5
    ), unmarked AS (
        DELETE FROM chat_note
        USING instance, owner
        WHERE chat_note.instance_id = $1 AND instance.id = $1 AND instance.shard = owner.id AND instance.phone <> $5
    ), untagged AS (
        DELETE FROM tag
        USING instance, owner
        WHERE tag.instance_id = $1 AND instance.id = $1 AND instance.shard = owner.id AND instance.phone <> $5
    )
    UPDATE instance
    SET device = $4, phone = $5, lid = $6, platform = $7, session_state = 'connecting', session_error = NULL,
        session_changed_at = now(), version = version + 1,
        profile_name = NULL, profile_about = NULL, profile_picture = NULL, profile_read_at = NULL
    FROM owner
    WHERE instance.id = $1 AND instance.shard = owner.id
    RETURNING instance.id"""

# What the account showed before, for whoever tells what changed.
_FORMER = f"""
    {_OWNER}, former AS (
        SELECT instance.id, phone, lid, profile_name, profile_picture, profile_read_at
        FROM instance
        JOIN owner ON owner.id = instance.shard
        WHERE instance.id = $1 AND device IS NOT NULL
        FOR UPDATE OF instance
    )"""

SET_PROFILE = f"""
    {_FORMER}
    UPDATE instance
    SET profile_about = $4, profile_picture = $5, profile_read_at = now(), version = version + 1
    FROM former
    WHERE instance.id = former.id
    RETURNING former.phone, former.lid, former.profile_name, former.profile_picture, former.profile_read_at"""

SET_PROFILE_NAME = f"""
    {_FORMER}
    UPDATE instance
    SET profile_name = $4, version = version + 1
    FROM former
    WHERE instance.id = former.id AND former.profile_name IS DISTINCT FROM $4
    RETURNING former.phone, former.lid, former.profile_name, former.profile_picture, former.profile_read_at"""

LIST_NAMES = """
    SELECT id, device, profile_name
    FROM instance
    WHERE id = ANY($1::uuid[]) AND device IS NOT NULL"""

FORGET_DEVICE = f"""
    {_OWNER}
    UPDATE instance
    SET device = NULL, session_state = 'logged-out', session_error = $4, session_changed_at = now(),
        version = version + 1
    FROM owner
    WHERE instance.id = $1 AND instance.shard = owner.id
    RETURNING instance.id"""


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """An instance that this node is to hold a session for, once it has a device."""

    id: UUID
    shard: int
    device: str | None
    name: str
    session_name: str
    wire: str | None = None
    proxy_cipher: bytes | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """What an account showed before a write. `read_at` is None while it was never asked."""

    phone: str | None
    lid: str | None
    name: str | None
    picture: str | None
    read_at: datetime | None


async def list_of_shards(pool: Pool, shards: list[int]) -> list[SessionOwner]:
    return [SessionOwner(*row) for row in await pool.fetch(LIST_OF_SHARDS, shards)]


async def find(pool: Pool, instance: UUID) -> SessionOwner | None:
    row = await pool.fetchrow(FIND, instance)
    return SessionOwner(*row) if row else None
