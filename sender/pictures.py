"""Pictures: links to what people and groups show, for callbacks. What is not known is asked for afterwards, slowly:
a flood of messages must not become a flood of questions."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.errors import DeliveryError
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import profile_picture as table
from common.tables.profile_picture import KnownPicture
from sender.whatsapp.powers.people import HasPeople
from sender.whatsapp.session import Session

log = logs.get(__name__)

LIFETIME = timedelta(hours=48)  # that a link in a callback should have before it
NOT_SOONER = timedelta(hours=1)  # is a link asked for again because its own life is shorter
WAITING = 500  # questions of one instance; what comes on top is asked for when it is next seen
REST = 60.0  # seconds without questions of an instance whose question failed

Wanted = Mapping[tuple[UUID, str], Jid]
"""Whom to ask for, by the instance and by what the API calls them."""


@dataclass(frozen=True, slots=True)
class PictureRules:
    """How long an answer is trusted; the pause between two questions of an instance; questions of the node at a time.
    Without `is_on` nothing is ever asked."""

    is_on: bool = True
    refresh: timedelta = timedelta(hours=24)
    pause: timedelta = timedelta(seconds=1)
    at_once: int = 4


class Pictures:
    """`run` must be running: it owns the questions. `own_changed` is told whose account shows another picture."""

    def __init__(
        self,
        pool: Pool,
        session_of: Callable[[UUID], Session | None],
        own_changed: Callable[[UUID], Awaitable[None]],
        clock: Clock,
        metrics: SenderMetrics,
        rules: PictureRules,
    ) -> None:
        self._pool = pool
        self._session_of = session_of
        self._own_changed = own_changed
        self._clock = clock
        self._metrics = metrics
        self._rules = rules
        self._waiting: dict[UUID, dict[str, Jid]] = {}
        self._slots = asyncio.Semaphore(rules.at_once)
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the questions until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    async def of(self, wanted: Wanted) -> Mapping[UUID, Mapping[str, str]]:
        """By instance, the links that are known now. The rest is asked for."""
        found: dict[UUID, dict[str, str]] = defaultdict(dict)
        if not wanted or not self._rules.is_on:
            return found
        now = self._clock.now()
        missing = dict(wanted)
        for known in await table.find(self._pool, wanted.keys()):
            if known.link is not None and known.is_valid(now):
                found[known.instance_id][known.phone] = known.link
            if self._is_fresh(known, now):
                del missing[known.instance_id, known.phone]
        self._metrics.cache("profile-pictures", "hit", len(wanted) - len(missing))
        self._metrics.cache("profile-pictures", "miss", len(missing))
        for (instance, phone), address in missing.items():
            self._want(instance, phone, address)
        return found

    async def changed(self, instance: UUID, phone: str, *, is_own: bool) -> None:
        """WhatsApp says that somebody, a group or the account itself shows another picture."""
        if is_own:
            await self._own_changed(instance)
        else:
            await self._pool.execute(table.CHANGED, instance, phone)

    def _is_fresh(self, known: KnownPicture, now: datetime) -> bool:
        if now - known.asked_at > self._rules.refresh:
            return False
        ends_soon = known.expires_at is not None and known.expires_at - now < LIFETIME
        return not ends_soon or now - known.asked_at < NOT_SOONER

    def _want(self, instance: UUID, phone: str, address: Jid) -> None:
        waiting = self._waiting.get(instance)
        if waiting is not None:
            if len(waiting) < WAITING:
                waiting.setdefault(phone, address)
        elif self._tasks is not None:
            self._waiting[instance] = {phone: address}
            self._tasks.create_task(self._ask_for_all(instance), name="pictures")

    async def _ask_for_all(self, instance: UUID) -> None:
        """One after the other, until nothing is waiting; a pause follows also the last one."""
        waiting = self._waiting[instance]
        try:
            while waiting:
                phone = next(iter(waiting))
                pause = self._rules.pause.total_seconds()
                try:
                    await self._ask(instance, phone, waiting[phone])
                except (DeliveryError, *OUTAGES) as error:
                    log.info("picture not read", instance=instance, error=type(error).__name__)
                    waiting.clear()
                    pause = REST
                except Exception:
                    log.exception("picture not read", instance=instance)
                    waiting.clear()
                    pause = REST
                waiting.pop(phone, None)
                await self._clock.sleep_until(self._clock.elapsed() + pause)
        finally:
            del self._waiting[instance]

    async def _ask(self, instance: UUID, phone: str, address: Jid) -> None:
        session = self._session_of(instance)
        if session is None or not session.is_connected or not isinstance(session, HasPeople):
            return
        async with self._slots:
            started = self._clock.elapsed()
            try:
                link = await session.people.picture(address)
            except DeliveryError as error:
                if error.retry:
                    raise
                link = None  # WhatsApp will not say anything else tomorrow
            self._metrics.cache_took("profile-pictures", self._clock.elapsed() - started)
        await self._pool.execute(table.RECORD, instance, phone, link, end_of(link), self._clock.now())


def end_of(link: str | None) -> datetime | None:
    """When WhatsApp stops serving a link: it says so in hexadecimal seconds."""
    try:
        return datetime.fromtimestamp(int(parse_qs(urlsplit(link or "").query)["oe"][0], 16), UTC)
    except (KeyError, ValueError, OverflowError):
        return None
