"""A batch of numbers: asked of the session's owner part by part, through changes of owner, and answered as one.

The owner asks WhatsApp at its pace and commits what it is told before it asks on. So a batch survives the death of a
node: the part under way is asked again of the next owner, who finds what is known already. So does a caller who gave
up and comes again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from common.requests.contacts import PhoneExistsBatch
from common.tables.instance import Access
from frontend.operation import Call
from frontend.problems import Problem
from frontend.replies import contacts as replies
from frontend.services import Services

QUESTION = "phones-exist"
NOT_CONNECTED = "You are not connected."
PART = 1_000
"""Numbers of one question to the owner: each part has the time of a question to itself."""
AGAIN = 0.5  # seconds before a part is asked again


async def look_up_batch(services: Services, call: Call[None, PhoneExistsBatch]) -> replies.PhoneExistsBatch:
    """A session that cannot be asked at the beginning is told at once; one that goes away later is waited for."""
    phones, found = call.body.phones, list[Mapping[str, Any]]()
    for start in range(0, len(phones), PART):
        part = phones[start : start + PART]
        if start == 0:
            found += await _ask(services, call.access, part)
        else:
            found += await _ask_patiently(services, call.access, part)
    return replies.PhoneExistsBatch.model_validate(found)


async def _ask_patiently(services: Services, access: Access, part: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    clock = services.clock
    until = clock.elapsed() + services.lookup_patience.total_seconds()
    while True:
        try:
            return await _ask(services, access, part)
        except Problem as problem:
            if not _passes(problem) or clock.elapsed() >= until:
                raise
        await clock.sleep_until(clock.elapsed() + AGAIN)


async def _ask(services: Services, access: Access, part: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    answer: Sequence[Mapping[str, Any]] = await services.ask.ask(access, QUESTION, {"phones": part})
    return answer


def _passes(problem: Problem) -> bool:
    """Nobody holds the session just now, or its new owner is not connected yet."""
    return problem.status in (503, 504) or problem.text == NOT_CONNECTED
