"""The capacity model: simulations agree with what is known by formula, and walls come in their order."""

from random import Random
from statistics import fmean

from loadtests.bench.capacity import Model, fullest, play, walls

MODEL = Model(
    accept=1e-4, deliver=2e-4, event=2e-4, gateway_postgres=2e-4, session_send=6e-3, session_postgres=1e-2,
    valkey=1e-5, wal=3_000, commits=0.1, commands=3, idle=1e-4, memory=0.9, node_connections=16, busy_connections=0.5,
)  # fmt: skip


def test_an_instance_that_gets_little_waits_as_the_formula_says() -> None:
    rate, mean, square = 0.1, 2.0, 13 / 3
    assert abs(fmean(play(rate, 400, 500, Random(1))) - rate * square / (2 * (1 - rate * mean))) < 0.02


def test_the_fullest_node_holds_all_when_there_is_one() -> None:
    assert fullest(256, 1, Random(1)) == 100_000


def test_the_fullest_node_is_nearer_the_mean_with_more_shards() -> None:
    assert fullest(4_096, 100, Random(1)) < fullest(256, 100, Random(1))


def test_the_nearest_wall_is_told_first() -> None:
    found = walls(MODEL)
    assert [wall.at for wall in found] == sorted(wall.at for wall in found)
    assert found[0].name == "processor of the sessions' Postgres"
