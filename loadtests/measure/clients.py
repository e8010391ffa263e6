"""Clients of a cluster: they send messages until they are accepted, ask questions, and remember what they were told."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import aiohttp

from loadtests.history.events import Answered, Asked

PATIENCE = 30.0  # seconds that a client goes on trying
QUESTION_EVERY = 20  # messages
CHATS = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """An instance as its owner calls it. `phone` is that of its account where the emulator knows one."""

    id: UUID
    token: str
    policy: str = "hold"
    phone: str = ""

    @property
    def path(self) -> str:
        return f"/instances/{self.id.hex.upper()}/token/{self.token}"


@dataclass(frozen=True, slots=True)
class Question:
    """One that the owner of a session answers; `holds` is what only the right answer holds."""

    caller: Caller
    path: str
    holds: str


@dataclass(slots=True)
class Load:
    """What clients did and were told. `refused` counts answers other than 200 and connections that failed."""

    answered: list[Answered] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    refused: int = 0


class Clients:
    """`base` gives the address of some frontend."""

    def __init__(
        self,
        callers: Sequence[Caller],
        questions: Sequence[Question],
        contacts: Sequence[str],
        token: str,
        base: Callable[[], str],
        chance: Random,
    ) -> None:
        self._callers = callers
        self._questions = questions
        self._contacts = contacts
        self._headers = {"Client-Token": token}
        self._base = base
        self._chance = chance
        self._numbers = itertools.count(1)
        self.load = Load()

    async def run(self, rate: float, until: asyncio.Event) -> None:
        """Send `rate` messages a second over all instances and frontends, repeating what is not answered."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            asyncio.TaskGroup() as tasks,
        ):
            due = time.monotonic()
            # A chat's next message is accepted after the one before: that is what makes an order.
            turns = {caller.id: asyncio.Lock() for caller in self._callers}
            for caller in itertools.cycle(self._callers):
                if until.is_set():
                    return
                number = next(self._numbers)
                tasks.create_task(self._post(session, caller, number, turns[caller.id]))
                if self._questions and number % QUESTION_EVERY == 0:
                    tasks.create_task(self._ask(session, self._chance.choice(self._questions)))
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _post(self, session: aiohttp.ClientSession, caller: Caller, number: int, turn: asyncio.Lock) -> None:
        body = {"phone": self._contacts[number % len(self._contacts)], "message": str(number)}
        headers = {**self._headers, "Idempotency-Key": f"k{number}"}
        deadline = time.monotonic() + PATIENCE
        async with turn:
            while time.monotonic() < deadline:
                try:
                    url = f"{self._base()}{caller.path}/send-text"
                    async with session.post(url, json=body, headers=headers) as answer:
                        if answer.status == 200:
                            self.load.answered.append(Answered(time.time(), (await answer.json())["messageId"]))
                            return
                except (aiohttp.ClientError, OSError):
                    pass
                self.load.refused += 1
                await asyncio.sleep(0.1)

    async def _ask(self, session: aiohttp.ClientSession, question: Question) -> None:
        """Asked once: an answer may be a refusal, and it may not be another question's."""
        asked, got = time.time(), None
        url = f"{self._base()}{question.caller.path}{question.path}"
        try:
            async with session.get(url, headers=self._headers) as answer:
                if answer.status == 200:
                    got = await answer.text()
        except (aiohttp.ClientError, OSError):
            pass
        self.load.asked.append(Asked(asked, f"{question.path} of {question.caller.id}", question.holds, got))
