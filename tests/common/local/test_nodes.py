"""Sender nodes as an operator drains and sees them."""

from typing import Any

from common.local.nodes import Operator, shown


class Fleet:
    """Nodes that hand their shards on at the second look after they were told to."""

    def __init__(self, **shards: int) -> None:
        self.nodes = {name: [count, False] for name, count in shards.items()}
        self.seen_ago = dict.fromkeys(shards, 0.5)
        self.said: list[str] = []
        self.hands_on = True

    def list(self) -> dict[str, Any]:
        answer = [
            {
                "id": f"{name}-a1b2c3", "name": name, "shards": count, "sessions": 1, "capacity": 100, "leaseAge": 0.5,
                "seenAgo": self.seen_ago[name], "draining": draining,
            }
            for name, (count, draining) in self.nodes.items()
        ]  # fmt: skip
        for each in self.nodes.values():
            if each[1] and self.hands_on:
                each[0] = 0
        return {"nodes": answer, "shards": 256, "free": 0}

    def drain(self, node: str, *, value: bool) -> None:
        self.nodes[node][1] = value

    def operator(self) -> Operator:
        return Operator(self.list, self.drain, self.said.append, patience=0.5)


def test_a_drained_node_is_waited_for() -> None:
    fleet = Fleet(one=100, two=156)
    assert fleet.operator().drain("one")
    assert fleet.said == ["one holds nothing any more and may be stopped."]


def test_a_node_that_does_not_get_rid_of_its_shards_in_time_is_told() -> None:
    fleet = Fleet(one=100, two=156)
    fleet.hands_on = False
    assert not fleet.operator().drain("one")
    assert "still holds 100 shards" in fleet.said[0]


def test_the_only_node_is_not_drained() -> None:
    fleet = Fleet(one=256)
    assert not fleet.operator().drain("one")
    assert fleet.nodes["one"] == [256, False]


def test_a_dead_node_is_nobody_to_hand_shards_to() -> None:
    fleet = Fleet(one=256, two=0)
    fleet.seen_ago["two"] = 60.0
    assert not fleet.operator().drain("one")
    assert fleet.nodes["one"] == [256, False]


def test_a_name_that_nobody_has_is_told_with_those_that_are() -> None:
    fleet = Fleet(one=100, two=156)
    assert not fleet.operator().drain("three")
    assert not fleet.operator().take_back("three")
    assert fleet.said == ["no node is called three; there are: one-a1b2c3, two-a1b2c3."] * 2


def test_a_node_is_taken_back() -> None:
    fleet = Fleet(one=0, two=256)
    fleet.nodes["one"][1] = True
    assert fleet.operator().take_back("one")
    assert not fleet.nodes["one"][1]


def test_one_line_a_node_and_what_nobody_holds() -> None:
    lines = shown(Fleet(one=100, two=156).list()).splitlines()
    assert [line.split()[0] for line in lines] == ["node", "one-a1b2c3", "two-a1b2c3", "0"]
    assert lines[1].split()[1] == "100"
