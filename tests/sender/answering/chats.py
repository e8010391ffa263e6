"""A linked instance on the simulated engine, on either way to WhatsApp, and the questions that it is asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry

from common.capabilities import Wire
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.answering.appearances import Appearances, CacheRules
from sender.answering.chat_changes import ChatChanges
from sender.answering.chats import ChatQuestions
from sender.answering.seats import Seats
from sender.answering.tags import TagQuestions
from sender.answers import Answerer
from sender.notices import Notices
from sender.sessions import Held
from sender.whatsapp.session import Account, Event
from sender.whatsapp.simulated import Behaviour, Journal, RelayedSimulatedSession, SimulatedEngine, SimulatedSession
from sender.whatsapp.simulation.people import SimulatedPeople
from sender.whatsapp.simulation.state import SharedState
from tests.clock import ManualClock


@dataclass
class Desk:
    pool: Pool
    instance: UUID
    session: SimulatedSession
    clock: ManualClock
    questions: Mapping[str, Answerer]
    announced: set[UUID]
    """Instances of which it was said that they have events to deliver."""

    @property
    def shared(self) -> SharedState:
        assert isinstance(self.session, RelayedSimulatedSession)
        return self.session.shared

    async def ask(self, question: str, /, **arguments: Any) -> Any:
        return await self.questions[question](self.instance, arguments)

    @property
    def people(self) -> SimulatedPeople:
        """What the session shows of others, and what its phone has set."""
        return self.session.has.people


@asynccontextmanager
async def desk_on(pool: Pool, wire: Wire) -> AsyncIterator[Desk]:
    async with SimulatedEngine(Behaviour(), Journal(), connects=False) as engine:

        async def hear(event: Event) -> None: ...

        session = await engine.open(Account("a" * 32, "5511911111111:1@s.whatsapp.net", wire), hear)
        await session.restore()
        held = Held(1, 1, session, "5511911111111")
        seats, clock = Seats(lambda _: held), ManualClock()
        announced: set[UUID] = set()
        metrics, rules = SenderMetrics(CollectorRegistry()), CacheRules()
        appearances = Appearances(clock, metrics, rules)
        questions = {
            **ChatQuestions(seats, pool, appearances, clock, metrics, rules).by_name(),
            **ChatChanges(seats, pool, clock).by_name(),
            **TagQuestions(seats, pool, Notices(pool, announced.update), clock).by_name(),
        }
        yield Desk(pool, uuid4(), session, clock, questions, announced)
