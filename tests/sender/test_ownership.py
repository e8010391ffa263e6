"""Ownership against a world of two stores, slow replies, pauses and lost memory, and rule by rule."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sender.ownership import Ownership, Phase

TTL = 10.0
NODES = st.integers(0, 2)
SHARD = 7


@dataclass
class Call:
    """One call to the stores: asked, then executed, then answered, with any delay between."""

    kind: str
    asked_at: float
    asked: dict[int, int]
    executed: bool = False
    granted: dict[int, int] = field(default_factory=dict)


class World(RuleBasedStateMachine):
    """One shard, three nodes. A node that is paused is one whose rules are not chosen: time passes it by."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.epoch, self.owner, self.lease_until = 0, -1, 0.0
        self.redis: tuple[int, float] | None = None
        self.nodes = [Ownership(TTL) for _ in range(3)]
        self.calls: list[list[Call]] = [[], [], []]
        self.wire: list[tuple[int, int]] = []

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 7.9, 8.1, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def redis_forgets(self) -> None:
        self.redis = None

    @rule(node=NODES, kind=st.sampled_from(["claim", "renew", "lease"]))
    def ask(self, node: int, kind: str) -> None:
        """What is held is not claimed, but an earlier claim may still be on its way when a later one is answered."""
        mine = self.nodes[node].epochs
        if bool(mine) == (kind != "claim"):
            self.calls[node].append(Call(kind, self.now, mine))

    @rule(node=NODES)
    def execute(self, node: int) -> None:
        for call in self.calls[node]:
            if not call.executed:
                call.executed = True
                call.granted = getattr(self, f"_{call.kind}")(node, call.asked)
                return

    @rule(node=NODES, last=st.booleans())
    def answer(self, node: int, last: bool) -> None:
        answered = [call for call in self.calls[node] if call.executed]
        if not answered:
            return
        call = answered[-1 if last else 0]
        self.calls[node].remove(call)
        match call.kind:
            case "claim":
                self.nodes[node].claimed(call.granted, call.asked_at)
            case "renew":
                self.nodes[node].renewed(call.asked, call.granted, call.asked_at)
            case "lease":
                self.nodes[node].leased(call.asked, call.granted, call.asked_at)

    @rule(node=NODES)
    def lose_the_answer(self, node: int) -> None:
        self.calls[node] = [call for call in self.calls[node] if not call.executed]

    @rule(node=NODES)
    def reconcile(self, node: int) -> None:
        self.nodes[node].reconciled(self.nodes[node].epochs)

    @rule(node=NODES)
    def look_at_the_clock(self, node: int) -> None:
        self.nodes[node].overdue(self.now)

    @precondition(lambda self: any(self.nodes))
    @rule(node=NODES)
    def give(self, node: int) -> None:
        self.nodes[node].giving([SHARD])

    @rule(node=NODES)
    def release(self, node: int) -> None:
        """As a hand-off does it: first ours no more, then the rows and the key."""
        mine = self.nodes[node].epochs
        self.nodes[node].released(mine)
        if mine.get(SHARD) == self.epoch and self.owner == node:
            self.lease_until = 0.0
        if self.redis is not None and self.redis[0] == node:
            self.redis = None

    @rule(node=NODES)
    def send(self, node: int) -> None:
        epoch = self.nodes[node].epoch_of(SHARD)
        if epoch is not None and self.nodes[node].may_leave(SHARD, epoch, self.now):
            self.wire.append((epoch, node))

    # --- the stores ---

    def _claim(self, node: int, _: dict[int, int]) -> dict[int, int]:
        if not self._lease(node, {SHARD: 0}) or not (self.lease_until <= self.now or self.owner == node):
            return {}
        self.epoch, self.owner, self.lease_until = self.epoch + 1, node, self.now + TTL
        return {SHARD: self.epoch}

    def _renew(self, node: int, asked: dict[int, int]) -> dict[int, int]:
        if asked.get(SHARD) != self.epoch or self.owner != node:
            return {}
        self.lease_until = self.now + TTL
        return dict(asked)

    def _lease(self, node: int, asked: dict[int, int]) -> dict[int, int]:
        if self.redis is not None and self.redis[0] != node and self.redis[1] > self.now:
            return {}
        self.redis = (node, self.now + TTL)
        return dict(asked)

    # --- what must hold ---

    @invariant()
    def one_node_may_send_at_most(self) -> None:
        able = [
            number
            for number, node in enumerate(self.nodes)
            if (epoch := node.epoch_of(SHARD)) is not None and node.may_leave(SHARD, epoch, self.now)
        ]
        assert len(able) <= 1
        # Of its own claims one may have overtaken another: then its writes are refused, but nobody else sends.
        assert all(self.owner == number for number in able)

    @invariant()
    def the_wire_sees_epochs_in_order(self) -> None:
        assert self.wire == sorted(self.wire, key=lambda sent: sent[0])

    @invariant()
    def who_may_begin_may_also_finish(self) -> None:
        for node in self.nodes:
            if node.may_begin(SHARD, self.now):
                assert node.may_leave(SHARD, node.epochs[SHARD], self.now)


World.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestWorld = World.TestCase


def owned(at: float = 0.0) -> Ownership:
    node = Ownership(TTL, safety=0.2)
    node.claimed({SHARD: 3}, at)
    node.reconciled({SHARD: 3})
    return node


def test_a_claim_may_connect_and_write_but_not_send_before_it_is_reconciled() -> None:
    node = Ownership(TTL)
    node.claimed({SHARD: 3}, 0.0)
    assert node.may_connect(SHARD)
    assert node.epochs == {SHARD: 3}
    assert not node.may_begin(SHARD, 1.0)
    assert not node.may_leave(SHARD, 3, 1.0)


def test_what_is_given_away_before_it_is_reconciled_never_sends() -> None:
    node = Ownership(TTL)
    node.claimed({SHARD: 3}, 0.0)
    node.giving([SHARD])
    node.reconciled({SHARD: 3})
    node.renewed({SHARD: 3}, [SHARD], asked_at=1.0)
    assert not node.may_leave(SHARD, 3, 2.0)


def test_reconciling_an_earlier_claim_does_not_open_the_gate_of_a_later_one() -> None:
    node = Ownership(TTL)
    node.claimed({SHARD: 4}, 0.0)
    node.reconciled({SHARD: 3})
    assert node.phase_of(SHARD) is Phase.RECONCILING


def test_sending_ends_before_the_lease_does() -> None:
    node = owned()
    assert node.may_begin(SHARD, 7.9)
    assert not node.may_begin(SHARD, 8.0)


def test_a_slow_renewal_counts_from_when_it_was_asked_for() -> None:
    node = owned()
    node.renewed({SHARD: 3}, [SHARD], asked_at=2.0)
    assert node.may_begin(SHARD, 9.9)
    assert not node.may_begin(SHARD, 10.0)


def test_without_postgres_sessions_stay_while_redis_promises_but_nothing_is_sent() -> None:
    node = owned()
    node.leased({SHARD: 3}, [SHARD], asked_at=6.0)
    assert node.overdue(13.9) == set()
    assert not node.may_begin(SHARD, 9.0)
    assert node.lapsed(9.0) == {SHARD}
    assert node.overdue(14.0) == {SHARD}
    assert not node.may_connect(SHARD)


def test_a_renewal_that_is_not_granted_loses_the_shard() -> None:
    node = owned()
    assert node.renewed({SHARD: 3}, [], asked_at=1.0) == {SHARD}
    assert node.epoch_of(SHARD) is None


def test_a_late_answer_about_an_earlier_epoch_changes_nothing() -> None:
    node = owned()
    asked = node.epochs
    node.released([SHARD])
    node.claimed({SHARD: 5}, 2.0)
    assert node.renewed(asked, [], asked_at=1.0) == set()
    assert node.epoch_of(SHARD) == 5


def test_while_giving_nothing_begins_and_what_is_in_flight_may_leave() -> None:
    node = owned()
    node.giving([SHARD])
    assert not node.may_begin(SHARD, 1.0)
    assert not node.may_connect(SHARD)
    assert node.may_leave(SHARD, 3, 1.0)
    assert node.epochs == {SHARD: 3}


def test_a_send_of_an_earlier_epoch_may_not_leave() -> None:
    node = owned()
    assert not node.may_leave(SHARD, 2, 1.0)


def test_the_first_deadline_is_that_of_the_shard_renewed_longest_ago() -> None:
    node = owned()
    node.claimed({8: 1}, 3.0)
    assert node.holds_until == 8.0
    node.released([SHARD, 8])
    assert node.holds_until is None
