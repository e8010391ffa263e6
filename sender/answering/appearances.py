"""Appearances: pictures and texts that people and groups show, kept for a while."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from common.addresses import Jid
from common.clock import Clock
from common.metrics import SenderMetrics
from sender.answering.cache import Cache
from sender.whatsapp.powers.people import People


@dataclass(frozen=True, slots=True)
class CacheRules:
    kept: timedelta = timedelta(minutes=10)
    size: int = 20_000


class Appearances:
    """Kept per instance: what somebody shows depends on to whom. Methods raise DeliveryError."""

    def __init__(self, clock: Clock, metrics: SenderMetrics, rules: CacheRules) -> None:
        self._pictures: Cache[tuple[UUID, Jid], str | None] = Cache("pictures", rules.kept, rules.size, clock, metrics)
        self._abouts: Cache[tuple[UUID, Jid], str | None] = Cache("abouts", rules.kept, rules.size, clock, metrics)

    async def picture(self, people: People, instance: UUID, who: Jid) -> str | None:
        return await self._pictures.get((instance, who), lambda: people.picture(who))

    async def about(self, people: People, instance: UUID, person: Jid) -> str | None:
        return await self._abouts.get((instance, person), lambda: people.about(person))
