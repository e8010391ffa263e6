"""A node: the tasks that it is made of, and the order in which it stops."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from common import logs
from common.clock import Clock
from sender.answers import Answers
from sender.couriers import Couriers
from sender.handoff import Handoff
from sender.inbox import Inbox
from sender.intake import Intake
from sender.leases import Leases
from sender.ledger import Ledger
from sender.media.receiving import Receiving
from sender.probes import Probes
from sender.rescue import Rescue
from sender.sessions import Sessions
from sender.stays import Stays
from sender.uncertain import Uncertain
from sender.watchdog import Watchdog
from sender.webhooks.dispatcher import Webhooks
from sender.whatsapp.session import Engine

log = logs.get(__name__)


CALLBACKS = 5.0  # seconds that a stopping node waits for callbacks under way; later ones are told again


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
        receiving: Receiving,
        webhooks: Webhooks,
        intake: Intake,
        rescue: Rescue,
        answers: Answers,
        probes: Probes,
        handoff: Handoff,
        stays: Stays,
        uncertain: Uncertain,
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
        self._receiving = receiving
        self._webhooks = webhooks
        self._intake = intake
        self._rescue = rescue
        self._answers = answers
        self._probes = probes
        self._handoff = handoff
        self._stays = stays
        self._uncertain = uncertain
        self._clock = clock
        self._address = address
        self._patience = patience
        self._event_sweep = event_sweep
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then hand everything on: sends first, then sessions, then leases."""
        # The watchdog is outermost: also an engine that hangs while it closes must not outlive the leases.
        with Watchdog(lambda: self._leases.deadline, self._clock):
            await self._run(stop)

    async def _run(self, stop: asyncio.Event) -> None:
        async with self._engine:
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    tasks.create_task(self._probes.serve(*self._address), name="probes")
                    tasks.create_task(self._ledger.run(), name="ledger")
                    tasks.create_task(self._sessions.run(), name="sessions")
                    tasks.create_task(self._couriers.run(), name="couriers")
                    tasks.create_task(self._inbox.run(), name="inbox")
                    tasks.create_task(self._receiving.run(), name="received files")
                    tasks.create_task(self._webhooks.run(), name="webhooks")
                    tasks.create_task(self._leases.keep(self), name="leases")
                    tasks.create_task(self._intake.run(), name="intake")
                    tasks.create_task(self._answers.run(), name="answers")
                    tasks.create_task(self._rescue.run(), name="rescue")
                    tasks.create_task(self._uncertain.run(), name="uncertain")
                    tasks.create_task(
                        self._webhooks.sweep_forever(self._event_sweep, lambda: self._leases.held),
                        name="sweep of webhooks",
                    )
                    await stop.wait()
                    await self._hand_on()
                    raise Stopping
            except* Stopping:
                log.info("node stopped")

    async def look(self, instance: UUID) -> None:
        """Something may be new about this instance: its session, or a message."""
        await self._sessions.look(instance)
        self._couriers.wake(instance)

    async def look_around(self, shards: Iterable[int] | None = None) -> None:
        """Rings may have been lost: begin to look at every session and queue of these shards (default: all held)."""
        self._couriers.all_changed()
        held = self._leases.held
        wanted = dict(held) if shards is None else {shard: held[shard] for shard in shards if shard in held}
        self._begin(self._take_over(wanted), "look around")

    # --- duties of an owner ---

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        await self._rescue.reconcile(shards)
        await self._uncertain.hold_waiting(shards)

    async def claimed(self, shards: Mapping[int, int]) -> None:
        self._inbox.look()
        self._receiving.look()
        self._webhooks.claimed()
        self._begin(self._take_over(dict(shards)), "take over")
        # The blocking reads do not know of these shards yet.
        self._begin(self._handoff.call([self._leases.node]), "call self")

    async def lost(self, shards: set[int]) -> None:
        self._couriers.stop_shards(shards)
        self._begin(self._sessions.close_shards(shards), "close sessions")

    async def resumed(self, shards: Mapping[int, int]) -> None:
        self._begin(self._take_over(dict(shards)), "resume")

    async def given(self, targets: Mapping[int, str | None]) -> None:
        if going := self._stays.may_go(targets):
            self._begin(self._hand_off(going), "hand off")

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        # Beside the renewals: connecting thousands of sessions takes longer than a lease lives.
        assert self._tasks is not None, "the node is not running"
        self._tasks.create_task(work, name=name)

    async def _take_over(self, shards: Mapping[int, int]) -> None:
        await self._sessions.open_shards(shards)
        await self._rescue.look_at_all(shards)

    async def _hand_off(self, targets: Mapping[int, str | None]) -> None:
        await self._handoff.give(targets, self._patience)
        self._leases.hurry()

    async def _hand_on(self) -> None:
        log.info("node stops", couriers=len(self._couriers), sessions=len(self._sessions))
        self._leases.retire()
        # Before the shards go: what was delivered is recorded as that, else the next owner tells it again.
        await self._webhooks.rest(min(CALLBACKS, self._patience))
        # Everything goes on until the last session is closed: nobody may connect them meanwhile.
        await self._handoff.give_all(self._patience)
        await self._couriers.rest(0)
