"""webhook_secret: the secrets that sign an instance's callbacks, kept encrypted. Place 1 is the current one, 2 the one
before. Rows from before they were encrypted are read as they are, and sealed by `seal_old`."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Connection, Executor
from common.vault import Vault

SECRET_BYTES = 32

LIST_SECRETS = """
    SELECT place, secret, is_sealed, created_at
    FROM webhook_secret
    WHERE instance_id = $1
    ORDER BY place"""

ENSURE_SECRETS = """
    INSERT INTO webhook_secret (instance_id, place, secret, is_sealed)
    SELECT id, 1, secret, true FROM unnest($1::uuid[], $2::bytea[]) AS made (id, secret)
    ON CONFLICT DO NOTHING"""

DROP_OLD_SECRET = """
    DELETE FROM webhook_secret WHERE instance_id = $1 AND place = 2"""

AGE_SECRET = """
    UPDATE webhook_secret SET place = 2 WHERE instance_id = $1 AND place = 1"""

ADD_SECRET = """
    INSERT INTO webhook_secret (instance_id, place, secret, is_sealed) VALUES ($1, 1, $2, true)"""

LOCK_SECRETS = """
    SELECT pg_advisory_xact_lock(hashtext('webhook_secret'), hashtext($1::uuid::text))"""

LIST_PLAIN = """
    SELECT instance_id, secret
    FROM webhook_secret
    WHERE instance_id = ANY($1::uuid[]) AND NOT is_sealed"""

# A compare-and-set: a rotation may have moved the row, or another program have sealed it.
SEAL = """
    UPDATE webhook_secret
    SET secret = made.sealed, is_sealed = true
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS made (id, plain, sealed)
    WHERE instance_id = made.id AND secret = made.plain AND NOT is_sealed"""


@dataclass(frozen=True, slots=True)
class Secret:
    place: int
    secret: bytes
    created_at: datetime


async def list_secrets(connection: Executor, instance: UUID, vault: Vault) -> list[Secret]:
    """The current one first. Raises Unreadable."""
    rows = await connection.fetch(LIST_SECRETS, instance)
    return [Secret(row[0], opened(vault, instance, row[1], row[2]), row[3]) for row in rows]


async def ensure_secrets(connection: Executor, instances: Sequence[UUID], vault: Vault) -> None:
    """A first secret for each instance that has none."""
    made = [vault.seal_secret(instance, secrets.token_bytes(SECRET_BYTES)) for instance in instances]
    await connection.execute(ENSURE_SECRETS, instances, made)


async def rotate_secret(connection: Connection, instance: UUID, vault: Vault) -> None:
    """Inside a transaction: a new current secret; the one before stays valid, older ones do not."""
    await connection.execute(LOCK_SECRETS, instance)
    await connection.execute(DROP_OLD_SECRET, instance)
    await connection.execute(AGE_SECRET, instance)
    await connection.execute(ADD_SECRET, instance, vault.seal_secret(instance, secrets.token_bytes(SECRET_BYTES)))


async def seal_old(connection: Executor, instances: Sequence[UUID], vault: Vault) -> None:
    """Encrypt what these instances have from before."""
    rows = await connection.fetch(LIST_PLAIN, instances)
    if rows:
        sealed = [vault.seal_secret(row[0], row[1]) for row in rows]
        await connection.execute(SEAL, [row[0] for row in rows], [row[1] for row in rows], sealed)


def opened(vault: Vault, instance: UUID, secret: bytes, is_sealed: bool) -> bytes:
    """Raises Unreadable."""
    return vault.open_secret(instance, secret) if is_sealed else secret
