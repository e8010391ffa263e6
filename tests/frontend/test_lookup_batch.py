"""A batch of numbers goes to the owner part by part, and waits in the middle for an owner that is not there."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from common.requests.contacts import PhoneExistsBatch
from common.tables.instance import Access
from frontend.lookup_batch import PART, look_up_batch
from frontend.operation import Call
from frontend.problems import Problem
from frontend.services import Services
from tests.clock import ManualClock

pytestmark = pytest.mark.anyio

NOBODY, SILENT, APART = Problem(503, "no node"), Problem(504, "no answer"), Problem(400, "You are not connected.")


class Owner:
    """Answers in turn with the problems given, then with what is asked; each wait passes at once."""

    def __init__(self, *problems: Problem | None) -> None:
        self.problems = list(problems)
        self.asked: list[int] = []
        self.clock = _Hasty()

    async def ask(self, access: Access, name: str, arguments: Mapping[str, Any]) -> Any:
        self.asked.append(len(arguments["phones"]))
        problem = self.problems.pop(0) if self.problems else None
        if problem is not None:
            raise problem
        return [{"exists": True, "inputPhone": one, "outputPhone": one, "lid": None} for one in arguments["phones"]]


class _Hasty(ManualClock):
    async def sleep_until(self, moment: float) -> None:
        self.move(max(0.0, moment - self.elapsed()))


async def answered(owner: Owner, count: int) -> list[str]:
    services = SimpleNamespace(ask=owner, clock=owner.clock, lookup_patience=timedelta(seconds=5))
    body = PhoneExistsBatch(phones=[f"55119{number:08d}" for number in range(count)])
    call = Call(None, body, "", cast(Access, object()))
    return [one.inputPhone for one in (await look_up_batch(cast(Services, services), call)).root]


async def test_parts_are_asked_one_after_the_other_and_answered_in_order() -> None:
    owner = Owner()
    assert await answered(owner, 2 * PART + 1) == [f"55119{number:08d}" for number in range(2 * PART + 1)]
    assert owner.asked == [PART, PART, 1]


async def test_an_owner_that_goes_away_in_the_middle_is_waited_for() -> None:
    owner = Owner(None, SILENT, NOBODY, APART)
    assert len(await answered(owner, PART + 1)) == PART + 1
    assert owner.asked == [PART, 1, 1, 1, 1]


@pytest.mark.parametrize("problem", [NOBODY, SILENT, APART])
async def test_an_owner_that_is_not_there_at_the_beginning_is_told_at_once(problem: Problem) -> None:
    owner = Owner(problem)
    with pytest.raises(Problem) as told:
        await answered(owner, PART + 1)
    assert (told.value, owner.asked) == (problem, [PART])


async def test_one_that_does_not_come_back_is_waited_for_no_longer_than_was_said() -> None:
    owner = Owner(None, *[NOBODY] * 100)
    with pytest.raises(Problem):
        await answered(owner, PART + 1)
    assert len(owner.asked) == 12


async def test_a_refusal_is_not_asked_again() -> None:
    owner = Owner(None, Problem(400, "WhatsApp refused this"))
    with pytest.raises(Problem):
        await answered(owner, PART + 1)
    assert len(owner.asked) == 2
