"""instance and webhook_secret, as the webhook routes change them: addresses, the flag for own messages, secrets."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Connection, Executor

SECRET_BYTES = 32

_SET_ONE = """
    UPDATE instance
    SET {column} = $2, version = version + 1
    WHERE id = $1"""

SET_DELIVERY = _SET_ONE.format(column="delivery_callback_url")
SET_MESSAGE_STATUS = _SET_ONE.format(column="message_status_callback_url")
SET_PRESENCE = _SET_ONE.format(column="presence_chat_callback_url")
SET_CONNECTED = _SET_ONE.format(column="connected_callback_url")
SET_DISCONNECTED = _SET_ONE.format(column="disconnected_callback_url")

# One address for received messages. While own messages are told as well it is shown under both of its names.
SET_RECEIVED = """
    UPDATE instance
    SET received_callback_url = $2,
        received_and_delivery_callback_url = CASE WHEN receive_callback_sent_by_me THEN $2 END,
        version = version + 1
    WHERE id = $1"""

SET_RECEIVED_AND_DELIVERY = """
    UPDATE instance
    SET received_callback_url = $2, received_and_delivery_callback_url = $2, receive_callback_sent_by_me = true,
        version = version + 1
    WHERE id = $1"""

SET_EVERY = """
    UPDATE instance
    SET delivery_callback_url = $2, received_callback_url = $2, message_status_callback_url = $2,
        presence_chat_callback_url = $2, connected_callback_url = $2, disconnected_callback_url = $2,
        receive_callback_sent_by_me = coalesce($3, receive_callback_sent_by_me),
        received_and_delivery_callback_url =
            CASE WHEN coalesce($3, receive_callback_sent_by_me) THEN $2 END,
        version = version + 1
    WHERE id = $1"""

NOTIFY_SENT_BY_ME = """
    UPDATE instance
    SET receive_callback_sent_by_me = $2,
        received_callback_url = coalesce(received_and_delivery_callback_url, received_callback_url),
        received_and_delivery_callback_url =
            CASE WHEN $2 THEN coalesce(received_and_delivery_callback_url, received_callback_url) END,
        version = version + 1
    WHERE id = $1"""

LIST_SECRETS = """
    SELECT place, secret, created_at
    FROM webhook_secret
    WHERE instance_id = $1
    ORDER BY place"""

ENSURE_SECRETS = """
    INSERT INTO webhook_secret (instance_id, place, secret)
    SELECT id, 1, secret FROM unnest($1::uuid[], $2::bytea[]) AS made (id, secret)
    ON CONFLICT DO NOTHING"""

DROP_OLD_SECRET = """
    DELETE FROM webhook_secret WHERE instance_id = $1 AND place = 2"""

AGE_SECRET = """
    UPDATE webhook_secret SET place = 2 WHERE instance_id = $1 AND place = 1"""

ADD_SECRET = """
    INSERT INTO webhook_secret (instance_id, place, secret) VALUES ($1, 1, $2)"""

LOCK_SECRETS = """
    SELECT pg_advisory_xact_lock(hashtext('webhook_secret'), hashtext($1::uuid::text))"""


@dataclass(frozen=True, slots=True)
class Secret:
    place: int
    secret: bytes
    created_at: datetime


async def list_secrets(connection: Executor, instance: UUID) -> list[Secret]:
    """The current one first."""
    return [Secret(*row) for row in await connection.fetch(LIST_SECRETS, instance)]


async def ensure_secrets(connection: Executor, instances: Sequence[UUID]) -> None:
    """A first secret for each instance that has none."""
    await connection.execute(ENSURE_SECRETS, instances, [secrets.token_bytes(SECRET_BYTES) for _ in instances])


async def rotate_secret(connection: Connection, instance: UUID) -> None:
    """Inside a transaction: a new current secret; the one before stays valid, older ones do not."""
    await connection.execute(LOCK_SECRETS, instance)
    await connection.execute(DROP_OLD_SECRET, instance)
    await connection.execute(AGE_SECRET, instance)
    await connection.execute(ADD_SECRET, instance, secrets.token_bytes(SECRET_BYTES))
