from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet

import pytest

from sender.host.gate import SETTLED, Gate, Pass

SOON = 5.0
NOW = 0.05  # seconds that a thread gets to do what it should not do


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def has_entered(entering: "Future[Pass]") -> bool:
    try:
        entering.result(NOW)
    except NotYet:
        return False
    return True


def test_readers_go_together(threads: ThreadPoolExecutor) -> None:
    gate = Gate(lambda: 0.0)
    gate.enter_reading()
    threads.submit(gate.enter_reading).result(SOON)


def test_a_writer_goes_alone(threads: ThreadPoolExecutor) -> None:
    gate = Gate(lambda: 0.0)
    writer = gate.enter_writing()
    second, reader = threads.submit(gate.enter_writing), threads.submit(gate.enter_reading)
    assert not has_entered(second)
    assert not has_entered(reader)
    writer.leave()
    second.result(SOON).leave()
    reader.result(SOON)


def test_a_writer_waits_for_a_fresh_reader_to_leave(threads: ThreadPoolExecutor) -> None:
    gate = Gate(lambda: 0.0)
    reader = gate.enter_reading()
    writer = threads.submit(gate.enter_writing)
    assert not has_entered(writer)
    reader.leave()
    writer.result(SOON)


def test_a_reader_that_stays_long_does_not_count_any_more(threads: ThreadPoolExecutor) -> None:
    now = [0.0]
    gate = Gate(lambda: now[0])
    gate.enter_reading()
    now[0] = SETTLED
    threads.submit(gate.enter_writing).result(SOON)


def test_readers_queue_behind_a_writer_that_waits(threads: ThreadPoolExecutor) -> None:
    gate = Gate(lambda: 0.0)
    first = gate.enter_reading()
    writer = threads.submit(gate.enter_writing)
    assert not has_entered(writer)
    late = threads.submit(gate.enter_reading)
    assert not has_entered(late)
    first.leave()
    writer.result(SOON).leave()
    late.result(SOON)


def test_leaving_twice_opens_the_gate_for_nobody_else(threads: ThreadPoolExecutor) -> None:
    gate = Gate(lambda: 0.0)
    first = gate.enter_writing()
    first.leave()
    second = gate.enter_writing()
    first.leave()
    reader = threads.submit(gate.enter_reading)
    assert not has_entered(reader)
    second.leave()
    reader.result(SOON)
