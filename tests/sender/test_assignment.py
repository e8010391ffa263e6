"""Assignment: complete, sticky, bounded, and settling down."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sender.assignment import MOST_SESSIONS, MOST_SHARDS, SLACK, Holding, Member, assign, moves, waves

SHARDS = 256


def members(*names: str, capacity: int = 100) -> list[Member]:
    return [Member(f"{name}-1", name, capacity) for name in names]


def holdings(holder: str | None = None, sessions: int = 0) -> list[Holding]:
    return [Holding(shard, holder, None, sessions) for shard in range(SHARDS)]


def settled(nodes: list[Member], shards: list[Holding]) -> tuple[list[Holding], int]:
    """Let every node move what it should until nobody wants to; how many shards moved."""
    moved = 0
    for _ in range(100):
        assigned = assign(nodes, shards)
        leaving: dict[int, str] = {}
        for node in {holding.holder for holding in shards} | {node.id for node in nodes}:
            if node is not None:
                leaving |= moves(node, assigned, shards)
        leaving |= {holding.shard: assigned[holding.shard] for holding in shards if holding.holder is None}
        if not leaving:
            return shards, moved
        moved += len(leaving)
        shards = [Holding(each.shard, leaving.get(each.shard, each.holder), None, each.sessions) for each in shards]
    raise AssertionError("never at rest")


def test_one_node_takes_everything() -> None:
    assert set(assign(members("a"), holdings()).values()) == {"a-1"}


def test_no_node_means_no_assignment() -> None:
    assert assign([], holdings()) == {}
    assert assign([Member("a-1", "a", 100, is_draining=True)], holdings()) == {}


def test_free_shards_are_spread_by_capacity() -> None:
    nodes = [Member("a-1", "a", 300), Member("b-1", "b", 100)]
    counts = Counter(assign(nodes, holdings()).values())
    assert 2.0 < counts["a-1"] / counts["b-1"] < 4.5


def test_shards_stay_where_they_are_while_their_node_is_not_over_its_share() -> None:
    nodes = members("a", "b")
    at_rest, _ = settled(nodes, holdings())
    assert assign(nodes, at_rest) == {each.shard: each.holder for each in at_rest}


def test_a_second_node_gets_about_half_and_no_more_than_that_moves() -> None:
    at_rest, moved = settled(members("a", "b"), holdings("a-1", sessions=1))
    counts = Counter(each.holder for each in at_rest)
    assert 0.4 * SHARDS < counts["b-1"] <= SLACK * SHARDS / 2 + 1
    assert moved == counts["b-1"]


def test_a_draining_node_gives_everything_away() -> None:
    nodes = [Member("a-1", "a", 100, is_draining=True), *members("b", "c")]
    at_rest, _ = settled(nodes, holdings("a-1"))
    assert {each.holder for each in at_rest} == {"b-1", "c-1"}


def test_shards_of_a_dead_node_are_taken_and_the_others_stay() -> None:
    before, _ = settled(members("a", "b", "c"), holdings())
    left = [Holding(each.shard, None if each.holder == "b-1" else each.holder) for each in before]
    after = assign(members("a", "c"), left)
    assert all(after[each.shard] == each.holder for each in left if each.holder is not None)
    assert set(after.values()) == {"a-1", "c-1"}


def test_a_node_that_restarts_gets_most_of_its_shards_back() -> None:
    before, _ = settled(members("a", "b", "c"), holdings())
    own = {each.shard for each in before if each.holder == "b-1"}
    without, _ = settled(members("a", "c"), [Holding(e.shard, None if e.holder == "b-1" else e.holder) for e in before])
    again = [*members("a", "c"), Member("b-2", "b", 100)]
    after, _ = settled(again, without)
    back = {each.shard for each in after if each.holder == "b-2"}
    assert len(back) > 0.6 * len(own)
    assert len(back & own) > 0.85 * len(back)


def test_a_shard_released_for_a_node_goes_to_that_node() -> None:
    nodes = members("a", "b")
    shards = [Holding(each.shard, each.holder) for each in settled(nodes, holdings())[0]]
    for target in ("a-1", "b-1"):
        released = [Holding(0, None, target), *shards[1:]]
        assert assign(nodes, released)[0] == target


def test_sessions_weigh_more_than_shards() -> None:
    busy = [Holding(shard, "a-1", None, 100 if shard < 4 else 0) for shard in range(SHARDS)]
    at_rest, _ = settled(members("a", "b"), busy)
    loads = Counter()  # type: ignore[var-annotated]
    for each in at_rest:
        loads[each.holder] += each.weight
    assert max(loads.values()) <= SLACK * sum(loads.values()) / 2 + 101


def test_full_nodes_still_take_what_nobody_holds() -> None:
    crowded = holdings(None, sessions=50)
    assert len(assign(members("a", "b", capacity=1), crowded)) == SHARDS


def test_one_round_moves_few_shards_and_few_sessions() -> None:
    nodes = [Member("a-1", "a", 100, is_draining=True), *members("b")]
    quiet, busy, huge = holdings("a-1"), holdings("a-1", sessions=10), holdings("a-1", sessions=1000)
    assert len(moves("a-1", assign(nodes, quiet), quiet)) == MOST_SHARDS
    assert len(moves("a-1", assign(nodes, busy), busy)) == MOST_SESSIONS // 10
    assert len(moves("a-1", assign(nodes, huge), huge)) == 1


def test_waves_hold_every_shard_once_and_begin_with_those_that_have_sessions() -> None:
    shards = [Holding(shard, "a-1", None, shard % 5) for shard in range(100)]
    cut = waves(shards, 8)
    assert sorted(holding.shard for wave in cut for holding in wave) == list(range(100))
    assert all(sum(each.sessions for each in wave) <= 8 for wave in cut)
    assert cut[0][0].sessions == 4


NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)


@settings(max_examples=40, deadline=None)
@given(before=NAMES, after=NAMES, weights=st.lists(st.integers(0, 30), min_size=32, max_size=32))
def test_any_change_of_nodes_comes_to_rest_complete_and_balanced(
    before: list[str], after: list[str], weights: list[int]
) -> None:
    shards = [Holding(shard, None, None, weight) for shard, weight in enumerate(weights)]
    first, _ = settled(members(*before), shards)
    alive = {f"{name}-1" for name in after}
    left = [Holding(each.shard, each.holder if each.holder in alive else None, None, each.sessions) for each in first]
    last, _ = settled(members(*after), left)
    assert {each.holder for each in last} <= alive
    assert all(each.holder is not None for each in last)
    heaviest = max(each.weight for each in last)
    loads = Counter({node: sum(each.weight for each in last if each.holder == node) for node in alive})
    assert max(loads.values()) <= SLACK * sum(loads.values()) / len(alive) + heaviest + 1
