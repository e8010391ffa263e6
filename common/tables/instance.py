"""instance: one linked (or linkable) WhatsApp account with its token, settings, subscription and session state."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.postgres import Executor

TRIAL = timedelta(days=2)
LAST_DAYS = timedelta(days=30)  # how long an instance stays usable after its subscription was canceled


def shard_of(instance: UUID, shards: int) -> int:
    """The shard that a new instance belongs to. It is stored in the row: read it there afterwards."""
    return zlib.crc32(instance.bytes) % shards


@dataclass(frozen=True, slots=True)
class Access:
    """What a frontend checks on every request. `due` is None when nothing ends."""

    id: UUID
    shard: int
    token_hash: bytes
    is_subscribed: bool
    due: datetime | None
    session_state: str
    disable_enqueue_when_disconnected: bool
    former_token_hash: bytes | None = None
    """While the token before the last rotation is still good."""

    @property
    def is_connected(self) -> bool:
        return self.session_state == "connected"


@dataclass(frozen=True, slots=True)
class Instance:
    id: UUID
    shard: int
    name: str
    session_name: str | None
    token_cipher: bytes
    middleware: str
    business_device: bool
    disable_enqueue_when_disconnected: bool
    call_reject_auto: bool
    call_reject_message: str | None
    auto_read_message: bool
    auto_read_status: bool
    receive_callback_sent_by_me: bool
    delivery_callback_url: str | None
    received_callback_url: str | None
    received_and_delivery_callback_url: str | None
    presence_chat_callback_url: str | None
    connected_callback_url: str | None
    disconnected_callback_url: str | None
    message_status_callback_url: str | None
    received_status_callback_url: str | None
    created_at: datetime
    due: datetime
    subscribed_at: datetime | None
    canceled_at: datetime | None
    with_calls: bool
    device: str | None
    phone: str | None
    lid: str | None
    profile_name: str | None
    profile_about: str | None
    profile_picture: str | None
    platform: str | None
    session_state: str
    session_error: str | None
    session_changed_at: datetime

    @property
    def is_connected(self) -> bool:
        return self.session_state == "connected"

    @property
    def is_linked(self) -> bool:
        return self.device is not None

    @property
    def payment_status(self) -> str:
        if self.canceled_at is not None:
            return "CANCELED"
        return "TRIAL" if self.subscribed_at is None else "ACTIVE"


@dataclass(frozen=True, slots=True)
class NewInstance:
    """The columns that creation sets; the others have their defaults in the schema."""

    id: UUID
    shard: int
    name: str
    session_name: str | None
    token_hash: bytes
    token_cipher: bytes
    middleware: str
    business_device: bool
    disable_enqueue_when_disconnected: bool
    call_reject_auto: bool
    call_reject_message: str | None
    auto_read_message: bool
    auto_read_status: bool
    receive_callback_sent_by_me: bool
    delivery_callback_url: str | None
    received_callback_url: str | None
    received_and_delivery_callback_url: str | None
    presence_chat_callback_url: str | None
    connected_callback_url: str | None
    disconnected_callback_url: str | None
    message_status_callback_url: str | None
    due: datetime


_COLUMNS = ", ".join(Instance.__dataclass_fields__)
_NEW_COLUMNS = tuple(NewInstance.__dataclass_fields__)

# A running subscription has no end of its own here: nobody sends a bill.
FIND_ACCESS = """
    SELECT id, shard, token_hash, subscribed_at IS NOT NULL,
           CASE WHEN subscribed_at IS NULL OR canceled_at IS NOT NULL THEN due END,
           session_state, disable_enqueue_when_disconnected,
           CASE WHEN former_token_until > now() THEN former_token_hash END
    FROM instance
    WHERE id = ANY($1::uuid[])"""

FIND = f"""
    SELECT {_COLUMNS}
    FROM instance
    WHERE id = $1"""

INSERT = f"""
    INSERT INTO instance ({", ".join(_NEW_COLUMNS)})
    VALUES ({", ".join(f"${place}" for place in range(1, len(_NEW_COLUMNS) + 1))})"""

# $1 is searched in the name as it is, $2 (without dashes, empty for none) in the id.
_MATCHING = """
    FROM instance
    WHERE ($1 = '' OR strpos(lower(name), lower($1)) > 0 OR ($2 <> '' AND strpos(replace(id::text, '-', ''), $2) > 0))
      AND ($3::text IS NULL OR middleware = $3)"""

COUNT_MATCHING = f"""
    SELECT count(*)
    {_MATCHING}"""

LIST_MATCHING = f"""
    SELECT {_COLUMNS}
    {_MATCHING}
    ORDER BY created_at, id
    LIMIT $4 OFFSET $5"""

SUBSCRIBE = """
    UPDATE instance
    SET subscribed_at = coalesce(subscribed_at, now()), canceled_at = NULL, due = $2,
        with_calls = coalesce($3, with_calls), version = version + 1
    WHERE id = $1"""

ADD_CALLS = """
    UPDATE instance
    SET with_calls = true, version = version + 1
    WHERE id = $1"""

# Two rotations within one overlap: the token before the first of them ends at once.
ROTATE_TOKEN = """
    UPDATE instance
    SET former_token_hash = token_hash, former_token_until = now() + $4::interval, token_hash = $2, token_cipher = $3,
        version = version + 1
    WHERE id = $1
    RETURNING former_token_until"""

# A trial that is canceled keeps its own end, and a second cancel does not move the first one's.
CANCEL = """
    UPDATE instance
    SET canceled_at = now(), due = CASE WHEN subscribed_at IS NULL THEN due ELSE now() + $2::interval END,
        version = version + 1
    WHERE id = $1 AND canceled_at IS NULL"""

_PREFER = """
    UPDATE instance
    SET {column} = $2, version = version + 1
    WHERE id = $1"""

RENAME = _PREFER.format(column="name")
PREFER_AUTO_READ_MESSAGE = _PREFER.format(column="auto_read_message")
PREFER_AUTO_READ_STATUS = _PREFER.format(column="auto_read_status")
PREFER_CALL_REJECT_AUTO = _PREFER.format(column="call_reject_auto")
PREFER_CALL_REJECT_MESSAGE = _PREFER.format(column="call_reject_message")


async def find_access(connection: Executor, ids: Sequence[UUID]) -> dict[UUID, Access]:
    return {row[0]: Access(*row) for row in await connection.fetch(FIND_ACCESS, ids)}


async def find(connection: Executor, instance: UUID) -> Instance | None:
    row = await connection.fetchrow(FIND, instance)
    return None if row is None else Instance(*row)


async def insert(connection: Executor, new: NewInstance) -> None:
    await connection.execute(INSERT, *(getattr(new, column) for column in _NEW_COLUMNS))


async def list_matching(
    connection: Executor, query: str, middleware: str | None, *, limit: int, offset: int
) -> tuple[int, list[Instance]]:
    """How many there are in all, and one page in order of creation."""
    search = (query, query.replace("-", "").lower(), middleware)
    total = await connection.fetchval(COUNT_MATCHING, *search)
    return total, [Instance(*row) for row in await connection.fetch(LIST_MATCHING, *search, limit, offset)]
