"""A node: the tasks that it is made of, and the order in which it stops."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from uuid import UUID

from common import logs
from common.clock import Clock
from sender.answers import Answers
from sender.couriers import Couriers
from sender.inbox import Inbox
from sender.intake import Intake
from sender.leases import Leases
from sender.ledger import Ledger
from sender.probes import Probes
from sender.rescue import Rescue
from sender.sessions import Sessions
from sender.webhooks.dispatcher import Webhooks
from sender.whatsapp.session import Engine

log = logs.get(__name__)


class Stopping(Exception):
    """The node was asked to stop: ends the task group from inside."""


class Node:
    """Everything is handed in; the node only starts it, joins it and stops it in order."""

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        ledger: Ledger,
        sessions: Sessions,
        couriers: Couriers,
        inbox: Inbox,
        webhooks: Webhooks,
        intake: Intake,
        rescue: Rescue,
        answers: Answers,
        probes: Probes,
        clock: Clock,
        *,
        address: tuple[str, int],
        patience: float,
        event_sweep: timedelta,
    ) -> None:
        self._engine = engine
        self._leases = leases
        self._ledger = ledger
        self._sessions = sessions
        self._couriers = couriers
        self._inbox = inbox
        self._webhooks = webhooks
        self._intake = intake
        self._rescue = rescue
        self._answers = answers
        self._probes = probes
        self._clock = clock
        self._address = address
        self._patience = patience
        self._event_sweep = event_sweep
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then hand everything back: sends first, then sessions, then leases."""
        async with self._engine:
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    tasks.create_task(self._probes.serve(*self._address), name="probes")
                    tasks.create_task(self._ledger.run(), name="ledger")
                    tasks.create_task(self._sessions.run(), name="sessions")
                    tasks.create_task(self._couriers.run(), name="couriers")
                    tasks.create_task(self._inbox.run(), name="inbox")
                    tasks.create_task(self._webhooks.run(), name="webhooks")
                    claiming = tasks.create_task(self._leases.keep(self), name="leases")
                    listening = [
                        tasks.create_task(self._intake.run(), name="intake"),
                        tasks.create_task(self._answers.run(), name="answers"),
                        tasks.create_task(self._rescue.run(), name="rescue"),
                        tasks.create_task(
                            self._webhooks.sweep_forever(self._event_sweep, lambda: self._leases.held),
                            name="sweep of webhooks",
                        ),
                    ]
                    await stop.wait()
                    await self._hand_back(claiming, listening)
                    raise Stopping
            except* Stopping:
                log.info("node stopped")

    async def look(self, instance: UUID) -> None:
        """Something may be new about this instance: its session, or a message."""
        await self._sessions.look(instance)
        self._couriers.wake(instance)

    async def look_around(self) -> None:
        """Rings may have been lost: begin to look at every session and every queue of the shards held."""
        self._begin(self._take_over(dict(self._leases.held)))

    # --- duties of an owner ---

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        await self._rescue.reconcile(shards)

    async def claimed(self, shards: Mapping[int, int]) -> None:
        self._inbox.look()
        self._webhooks.claimed()
        self._begin(self._take_over(dict(shards)))

    async def lost(self, shards: set[int]) -> None:
        await self._sessions.close_shards(shards)

    async def resumed(self) -> None:
        await self.look_around()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        # Beside the renewals: connecting thousands of sessions takes longer than a lease lives.
        assert self._tasks is not None, "the node is not running"
        self._tasks.create_task(work, name="take over")

    async def _take_over(self, shards: Mapping[int, int]) -> None:
        await self._sessions.open_shards(shards)
        await self._rescue.look_at_all(shards)

    async def _hand_back(self, claiming: asyncio.Task[None], listening: list[asyncio.Task[None]]) -> None:
        log.info("node stops", couriers=len(self._couriers), sessions=len(self._sessions))
        for task in listening:
            task.cancel()
        await self._couriers.rest(self._patience)
        # Renewing goes on until the sessions are closed: nobody may connect them meanwhile.
        await self._sessions.close_shards(list(self._leases.held))
        await self._webhooks.rest(self._patience)
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)
        await self._leases.release()
