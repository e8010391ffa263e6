"""profile_picture: links to what people and groups show to an instance, as WhatsApp gave them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Executor

FIND = """
    SELECT instance_id, phone, link, expires_at, asked_at
    FROM profile_picture
    JOIN unnest($1::uuid[], $2::text[]) AS wanted (instance_id, phone) USING (instance_id, phone)"""

RECORD = """
    INSERT INTO profile_picture (instance_id, phone, link, expires_at, asked_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (instance_id, phone) DO UPDATE
    SET link = excluded.link, expires_at = excluded.expires_at, asked_at = excluded.asked_at"""

# The link goes on leading to the former picture until there is a new one.
CHANGED = """
    UPDATE profile_picture
    SET asked_at = 'epoch'
    WHERE instance_id = $1 AND phone = $2"""


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """`link` is None where there is no picture, or none for this account."""

    instance_id: UUID
    phone: str
    link: str | None
    expires_at: datetime | None
    asked_at: datetime

    def is_valid(self, now: datetime) -> bool:
        """Whether a link still leads somewhere, as far as it says."""
        return self.expires_at is None or self.expires_at > now


async def find(executor: Executor, wanted: Collection[tuple[UUID, str]]) -> list[KnownPicture]:
    instances: Sequence[UUID] = [instance for instance, _ in wanted]
    rows = await executor.fetch(FIND, instances, [phone for _, phone in wanted])
    return [KnownPicture(*row) for row in rows]
