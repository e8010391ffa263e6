"""The queue as a state machine: whatever callers, senders, stores and WhatsApp do, and in whatever order, nothing that
was accepted is lost, doubled, or leaves out of its chat's order."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from frontend.enqueue import IdempotencyKey, KeyConflict
from tests.property import virtual_time
from tests.property.world import FATES, HANGS, PHONES, POLICIES, SHARDS, World

# The same examples every time, so that a failure is one of the change and not of the day, and told as it was found: a
# shorter one costs many runs. To look for new ones, and to have them shortened: HYPOTHESIS_PROFILE=search.
COMMON: dict[str, Any] = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
    "stateful_step_count": 40,
}
settings.register_profile("repeat", derandomize=True, database=None, max_examples=30, phases=[Phase.generate], **COMMON)
settings.register_profile("search", max_examples=1000, **COMMON)

Result = TypeVar("Result")

INSTANCES = st.integers(0, SHARDS - 1)
CHATS = st.integers(0, len(PHONES) - 1)
FATE = st.sampled_from((*FATES, *HANGS, *HANGS))
SOME_FATES = st.lists(FATE, min_size=1, max_size=3)
SECONDS = st.sampled_from([0, 1, 4])  # that pass after a step, since most of what may go wrong needs time
UNTIL_CLAIMED = st.sampled_from([0, 10, 10])  # seconds: the leases of a dead sender run out in 9
LONG_OR_NOT = st.sampled_from([None, 15])  # a delay that outlives a lease
ALONE = st.sampled_from([0, 0, 5])  # seconds without any sender
SUCCESSOR = st.sampled_from(["the same", "another"])


class Queue(RuleBasedStateMachine):
    dsn: str
    redis_url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def teardown(self) -> None:
        try:
            self.do(self.world.finish())
            self.do(self.world.check())
        finally:
            self.do(self.world.end())
            self.runner.close()

    @initialize(policies=st.tuples(*[st.sampled_from(POLICIES)] * SHARDS))
    def begin(self, policies: tuple[str, ...]) -> None:
        self.world = self.do(World.begin(self.dsn, self.redis_url, policies))
        self.do(self.world.start())

    messages = Bundle("messages")

    # --- callers ---

    @rule(
        target=messages,
        instance=INSTANCES,
        chat=CHATS,
        fates=SOME_FATES,
        delay=st.none() | st.integers(1, 6),
        typing=st.sampled_from([0, 0, 0, 3]),
        most=st.integers(1, 3),
        seconds=SECONDS,
    )
    def send(
        self, instance: int, chat: int, fates: list[str], delay: int | None, typing: int, most: int, seconds: int
    ) -> Any:
        fields = {"delay_message": delay, "delay_typing": typing, "max_attempts": most}
        ticket = self.do(self.world.accept(instance, chat, fates, **fields))
        self.do(self.world.pass_time(seconds))
        return ticket.zaap_id

    @rule(
        instance=INSTANCES,
        messages=st.lists(st.tuples(CHATS, FATE), min_size=3, max_size=8),
        seconds=SECONDS,
    )
    def send_many(self, instance: int, messages: list[tuple[int, str]], seconds: int) -> None:
        for chat, fate in messages:
            self.do(self.world.accept(instance, chat, [fate]))
        self.do(self.world.pass_time(seconds))

    @rule(target=messages, instance=INSTANCES, chat=CHATS, after=st.integers(1, 20), seconds=SECONDS)
    def schedule(self, instance: int, chat: int, after: int, seconds: int) -> Any:
        at = self.world.time.now() + timedelta(seconds=after)
        ticket = self.do(self.world.accept(instance, chat, [], scheduled_at=at))
        self.do(self.world.pass_time(seconds))
        return ticket.zaap_id

    @rule(instance=INSTANCES, chat=CHATS, after=st.integers(1, 10), fates=SOME_FATES, seconds=SECONDS)
    def send_what_expires(self, instance: int, chat: int, after: int, fates: list[str], seconds: int) -> None:
        at = self.world.time.now() + timedelta(seconds=after)
        self.do(self.world.accept(instance, chat, fates, expires_at=at))
        self.do(self.world.pass_time(seconds))

    @rule(instance=INSTANCES, name=st.sampled_from("ab"), body=st.sampled_from("xy"))
    def send_with_a_key(self, instance: int, name: str, body: str) -> None:
        """A caller that repeats itself is answered as the first time, and refused when it says something else."""
        world, place = self.world, (self.world.instances[instance], name)
        key = IdempotencyKey(name, body.encode())
        before = len(world.accepted)
        if place not in world.keys:
            world.keys[place] = body, self.do(world.accept(instance, 0, [], key))
            return
        known, ticket = world.keys[place]
        if known == body:
            assert self.do(world.accept(instance, 0, [], key)) == ticket
        else:
            with pytest.raises(KeyConflict):
                self.do(world.accept(instance, 0, [], key))
        assert len(world.accepted) == before

    @rule(zaap_id=messages)
    def cancel_one(self, zaap_id: Any) -> None:
        instance = self.world.instances.index(self.world.accepted[zaap_id].new.instance_id)
        self.do(self.world.cancel(instance, zaap_id))

    @rule(instance=INSTANCES)
    def cancel_all(self, instance: int) -> None:
        self.do(self.world.cancel(instance))
        rows = self.do(self.world.rows())
        ours = self.world.instances[instance]
        assert not [
            row for row in rows if row.status == "queued" and self.world.accepted[row.zaap_id].new.instance_id == ours
        ]

    @rule(instance=INSTANCES, seconds=SECONDS)
    def replay(self, instance: int, seconds: int) -> None:
        self.do(self.world.replay(instance))
        self.do(self.world.pass_time(seconds))

    # --- time and stores ---

    @rule(seconds=st.sampled_from([1, 2, 5, 12, 30]))
    def time_passes(self, seconds: int) -> None:
        self.do(self.world.pass_time(seconds))

    @rule()
    def redis_is_emptied(self) -> None:
        self.do(self.world.redis.flushall())

    # --- WhatsApp ---

    @rule(fate=st.sampled_from(["sent", "temporary", "lost before", "lost after"]), seconds=SECONDS)
    def a_hanging_send_goes_on(self, fate: str, seconds: int) -> None:
        self.world.let_go(fate)
        self.do(self.world.pass_time(seconds))

    @rule(which=st.integers(0, 100), kind=st.sampled_from(["delivered", "read", "played"]))
    def a_receipt_comes(self, which: int, kind: str) -> None:
        self.do(self.world.receipt(which, kind))

    @rule(instance=INSTANCES, seconds=SECONDS)
    def a_connection_breaks_and_returns(self, instance: int, seconds: int) -> None:
        self.do(self.world.break_connection(instance))
        self.do(self.world.pass_time(seconds))
        self.do(self.world.restore_connection(instance))

    # --- senders. Which rules there are must not depend on what ran how fast: each does what it can. ---

    @rule(then=st.sampled_from(["nobody", "the same", "another"]), seconds=SECONDS)
    def the_sender_is_killed(self, then: str, seconds: int) -> None:
        if self.world.alive:
            self.do(self.world.kill(self.world.alive[0]))
        self.do(self.world.pass_time(seconds))
        self.do(self.world.succeed(then))

    @rule(moment=st.integers(0, 5), instance=INSTANCES, delay=LONG_OR_NOT, then=SUCCESSOR, seconds=UNTIL_CLAIMED)
    def the_sender_dies_around_a_commit(
        self, moment: int, instance: int, delay: int | None, then: str, seconds: int
    ) -> None:
        """Before or after one of the commits of the intents and outcomes that some messages bring."""
        if self.world.alive:
            self.world.processes[self.world.alive[0]].ledger_pool.crash_at = moment
        for chat in (0, 1, 0):
            self.do(self.world.accept(instance, chat, [], delay_message=delay))
        self.do(self.world.pass_time(4))
        self.do(self.world.succeed(then))
        self.do(self.world.pass_time(seconds))

    @rule(instance=INSTANCES, delay=LONG_OR_NOT, then=SUCCESSOR, alone=ALONE)
    def the_sender_is_stopped(self, instance: int, delay: int | None, then: str, alone: int) -> None:
        for chat in (0, 1):
            self.do(self.world.accept(instance, chat, [], delay_message=delay))
        self.do(self.world.pass_time(1))
        if self.world.alive:
            name = self.world.alive[0]
            before = {row.zaap_id for row in self.do(self.world.rows()) if row.status == "uncertain"}
            if self.do(self.world.stop(name)):
                ours = [row for row in self.do(self.world.rows()) if row.node == name]
                assert not [row for row in ours if row.status == "sending"]
                assert {row.zaap_id for row in ours if row.status == "uncertain"} <= before
        self.do(self.world.pass_time(alone))
        self.do(self.world.succeed(then))

    @rule(seconds=st.sampled_from([1, 14, 20]), fate=st.sampled_from(["sent", "temporary", "lost after"]))
    def the_sender_stands_still_and_goes_on(self, seconds: int, fate: str) -> None:
        """When another has taken over meanwhile, the first one writes nothing at all."""
        if not self.world.alive or self.world.frozen:
            return
        still = self.world.alive[0]
        self.do(self.world.freeze(still))
        self.do(self.world.succeed("another"))
        self.do(self.world.pass_time(seconds))
        self.do(self.world.go_on(still, fate))
        if len(self.world.alive) > 1:
            self.do(self.world.kill(still))

    @invariant()
    def the_promise_holds(self) -> None:
        self.do(self.world.check())


@pytest.fixture
def quiet() -> Iterator[None]:
    """Thousands of expected warnings and tracebacks would take longer than what they tell of."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("quiet")
def test_the_queue_keeps_its_promise(database: str, redis_url: str) -> None:
    asyncio.run(virtual_time.install(database, shards=SHARDS))

    class QueueHere(Queue):
        pass

    QueueHere.dsn, QueueHere.redis_url = database, redis_url
    profile = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
    run_state_machine_as_test(QueueHere, settings=profile)
