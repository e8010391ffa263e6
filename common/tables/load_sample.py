"""load_sample: how much had gone through and what waited, a row a minute, for the panel's charts."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from common.postgres import Executor
from common.tables.console import Counters, Load

IS_DUE = """
    SELECT NOT EXISTS (SELECT FROM load_sample WHERE at > $1)"""

KEEP = """
    INSERT INTO load_sample (at, accepted, finished, callbacks, messages, message_age, events, event_age, sessions)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (at) DO NOTHING"""

LIST_AFTER = """
    SELECT at, accepted, finished, callbacks, messages, message_age, events, event_age, sessions
    FROM load_sample
    WHERE at > $1
    ORDER BY at"""

FORGET = """
    DELETE FROM load_sample WHERE at < $1"""


@dataclass(frozen=True, slots=True)
class Sample:
    at: datetime
    accepted: int
    finished: int
    callbacks: int
    messages: int
    message_age: timedelta | None
    events: int
    event_age: timedelta | None
    sessions: int

    @classmethod
    def of(cls, at: datetime, counters: Counters, load: Load) -> "Sample":
        return cls(
            at,
            counters.accepted,
            counters.finished,
            counters.callbacks,
            load.messages,
            load.message_age,
            load.events,
            load.event_age,
            load.sessions,
        )


async def is_due(executor: Executor, since: datetime) -> bool:
    """Whether nobody has kept a sample since then."""
    due: bool = await executor.fetchval(IS_DUE, since)
    return due


async def keep(executor: Executor, sample: Sample, oldest: datetime) -> None:
    """What is older than `oldest` goes."""
    await executor.execute(KEEP, *astuple(sample))
    await executor.execute(FORGET, oldest)


async def list_after(executor: Executor, at: datetime) -> Sequence[Sample]:
    return [Sample(*row) for row in await executor.fetch(LIST_AFTER, at)]
