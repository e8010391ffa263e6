"""What is kept encrypted with TOKEN_ENCRYPTION_KEY, column by column, for the day on which that key changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.postgres import Executor
from common.vault import ARRIVAL, PROXY, SIGNING, TOKEN

# By pages: $1 is the last instance of the one before.
LIST_TOKENS = """
    SELECT id, token_cipher FROM instance WHERE id > $1 ORDER BY id LIMIT $2"""

# Compare-and-set, here and below: a rotation may have written another one meanwhile.
SEAL_TOKENS = """
    UPDATE instance
    SET token_cipher = renewed.sealed
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS renewed (id, known, sealed)
    WHERE instance.id = renewed.id AND token_cipher = renewed.known"""

LIST_PROXIES = """
    SELECT id, proxy_cipher FROM instance WHERE id > $1 AND proxy_cipher IS NOT NULL ORDER BY id LIMIT $2"""

SEAL_PROXIES = """
    UPDATE instance
    SET proxy_cipher = renewed.sealed
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS renewed (id, known, sealed)
    WHERE instance.id = renewed.id AND proxy_cipher = renewed.known"""

# An instance has two at most, which come together: a page must not end between them.
LIST_SECRETS = """
    SELECT instance_id, secret
    FROM webhook_secret
    WHERE instance_id IN (
        SELECT DISTINCT instance_id FROM webhook_secret WHERE instance_id > $1 AND is_sealed
        ORDER BY instance_id LIMIT $2
    ) AND is_sealed
    ORDER BY instance_id"""

SEAL_SECRETS = """
    UPDATE webhook_secret
    SET secret = renewed.sealed
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS renewed (id, known, sealed)
    WHERE instance_id = renewed.id AND secret = renewed.known AND is_sealed"""

LIST_ARRIVALS = """
    SELECT instance_id, unnest(records)
    FROM arrival
    WHERE instance_id IN (
        SELECT DISTINCT instance_id FROM arrival WHERE instance_id > $1 AND told_at IS NULL
        ORDER BY instance_id LIMIT $2
    ) AND told_at IS NULL
    ORDER BY instance_id"""

SEAL_ARRIVALS = """
    WITH renewed AS (
        SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS renewed (id, known, sealed)
    )
    UPDATE arrival
    SET records = ARRAY(
        SELECT coalesce(renewed.sealed, record)
        FROM unnest(records) WITH ORDINALITY AS kept (record, place)
        LEFT JOIN renewed ON renewed.id = instance_id AND renewed.known = record
        ORDER BY place)
    WHERE instance_id IN (SELECT id FROM renewed) AND told_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Column:
    """`purpose` is what the vault binds its values to."""

    name: str
    purpose: bytes
    list: str
    seal: str


COLUMNS = (
    Column("instance tokens", TOKEN, LIST_TOKENS, SEAL_TOKENS),
    Column("secrets of webhooks", SIGNING, LIST_SECRETS, SEAL_SECRETS),
    Column("addresses of proxies", PROXY, LIST_PROXIES, SEAL_PROXIES),
    Column("messages that came in", ARRIVAL, LIST_ARRIVALS, SEAL_ARRIVALS),
)


async def list_page(executor: Executor, column: Column, after: UUID, limit: int) -> Sequence[tuple[UUID, bytes]]:
    return [(row[0], row[1]) for row in await executor.fetch(column.list, after, limit)]


async def seal(executor: Executor, column: Column, renewed: Sequence[tuple[UUID, bytes, bytes]]) -> None:
    """Each as its instance, the value that was read, and the one to keep."""
    await executor.execute(column.seal, *(list(part) for part in zip(*renewed, strict=True)))
