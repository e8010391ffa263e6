import queue
import threading

import pytest

from sender.host.lanes import Lanes
from tests.waiting import PATIENCE


def test_calls_of_a_session_run_one_after_the_other_in_order() -> None:
    lanes = Lanes(4)
    done: queue.Queue[int] = queue.Queue()
    running = threading.Lock()

    def work(number: int) -> None:
        assert running.acquire(blocking=False)
        done.put(number)
        running.release()

    for number in range(50):
        lanes.submit("a", number, lambda number=number: work(number))  # type: ignore[misc]
    assert [done.get(timeout=PATIENCE) for _ in range(50)] == list(range(50))


def test_a_call_that_hangs_holds_up_its_own_session_only() -> None:
    lanes = Lanes(2)
    free, done = threading.Event(), queue.Queue[str]()
    lanes.submit("a", 1, lambda: done.put(f"a1 {free.wait()}"))
    lanes.submit("a", 2, lambda: done.put("a2"))
    lanes.submit("b", 3, lambda: done.put("b"))
    assert done.get(timeout=PATIENCE) == "b"
    free.set()
    assert [done.get(timeout=PATIENCE), done.get(timeout=PATIENCE)] == ["a1 True", "a2"]


def test_a_call_can_be_withdrawn_until_it_begins() -> None:
    lanes = Lanes(1)
    begun, free, done = threading.Event(), threading.Event(), queue.Queue[str]()

    def first() -> None:
        begun.set()
        free.wait()

    lanes.submit("a", 1, first)
    lanes.submit("a", 2, lambda: done.put("withdrawn"))
    lanes.submit("a", 3, lambda: done.put("third"))
    assert begun.wait(PATIENCE)
    assert not lanes.withdraw(1)
    assert lanes.withdraw(2)
    assert not lanes.withdraw(2)
    free.set()
    assert done.get(timeout=PATIENCE) == "third"


def test_a_call_that_raises_holds_up_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    lanes = Lanes(1)
    done: queue.Queue[str] = queue.Queue()

    def fails() -> None:
        raise ValueError("unforeseen")

    lanes.submit("a", 1, fails)
    lanes.submit("a", 2, lambda: done.put("second"))
    assert done.get(timeout=PATIENCE) == "second"
    assert "ValueError: unforeseen" in capfd.readouterr().err
