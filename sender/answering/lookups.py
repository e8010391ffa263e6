"""Lookups: which numbers have WhatsApp, asked for in small batches with pauses between, and remembered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from common.addresses import user_of
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import number_lookup
from common.tables.number_lookup import Lookup
from sender.whatsapp.powers.people import Known, People

CACHE = "numbers"


@dataclass(frozen=True, slots=True)
class LookupRules:
    """`batch` numbers in one question to WhatsApp, `pause` between two questions of an instance."""

    batch: int = 200
    pause: timedelta = timedelta(milliseconds=500)
    kept: timedelta = timedelta(hours=24)
    kept_missing: timedelta = timedelta(minutes=10)


class Lookups:
    def __init__(self, pool: Pool, clock: Clock, metrics: SenderMetrics, rules: LookupRules) -> None:
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._rules = rules
        self._turns: WeakValueDictionary[UUID, _Turn] = WeakValueDictionary()

    async def find(self, instance: UUID, numbers: Sequence[str], people: People) -> dict[str, Lookup]:
        """One for each number. Raises DeliveryErrors; what was found until then is remembered."""
        wanted, turn = list(dict.fromkeys(numbers)), self._turns.setdefault(instance, _Turn())
        seen, own = turn.questions, 0
        found = await self._remembered(wanted)
        missing = [number for number in wanted if number not in found]
        self._metrics.cache(CACHE, "hit", len(found))
        self._metrics.cache(CACHE, "miss", len(missing))
        for start in range(0, len(missing), self._rules.batch):
            batch = missing[start : start + self._rules.batch]
            async with turn.lock:
                if turn.questions != seen + own:
                    # Whoever asked meanwhile may have asked the same: a caller who gave up comes again.
                    found |= await self._remembered(batch)
                    batch = [number for number in batch if number not in found]
                if batch:
                    found |= await self._ask(turn, batch, people)
                    own += 1
        return found

    async def _ask(self, turn: "_Turn", batch: Sequence[str], people: People) -> dict[str, Lookup]:
        """In its turn, which ends when the answer is remembered."""
        # Measured from the last question of this instance, whoever asked it.
        await self._clock.sleep_until(turn.next_at)
        began = self._clock.elapsed()
        known = await people.look_up(batch)
        turn.questions += 1
        turn.next_at = self._clock.elapsed() + self._rules.pause.total_seconds()
        self._metrics.cache_took(CACHE, self._clock.elapsed() - began)
        fresh = [_lookup(each) for each in known]
        await self._remember(fresh)
        return {each.number: each for each in fresh}

    async def _remembered(self, numbers: Sequence[str]) -> dict[str, Lookup]:
        try:
            return await number_lookup.find(self._pool, numbers, self._rules.kept, self._rules.kept_missing)
        except OUTAGES:
            return {}

    async def _remember(self, found: Sequence[Lookup]) -> None:
        try:
            await number_lookup.record(self._pool, found, self._rules.kept)
        except OUTAGES:
            return  # asked again next time


class _Turn:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.next_at = 0.0
        self.questions = 0


def _lookup(known: Known) -> Lookup:
    phone = None if known.phone is None else user_of(known.phone)
    return Lookup(known.number, phone if known.exists else None, known.lid)
