"""Idempotency-Key: the same key with the same body is one message and one answer, wherever it comes in."""

import asyncio
from datetime import timedelta

import pytest

from common.postgres import Pool
from common.settings import FrontendSettings
from tests.clock import ManualClock
from tests.frontend.gateway import Caller, Gateway, gateway_on

pytestmark = pytest.mark.anyio


ROWS = "SELECT count(*) FROM message_queue"
KEYS = "SELECT count(*) FROM idempotency"


async def test_fifty_parallel_posts_make_one_row_and_fifty_equal_answers(caller: Caller, pool: Pool) -> None:
    answers = await asyncio.gather(*(caller.send_text(key="order-1042") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await pool.fetchval(ROWS) == 1


async def test_fifty_parallel_posts_over_two_frontends_make_one_row(
    settings: FrontendSettings, gateway: Gateway, caller: Caller, pool: Pool
) -> None:
    async with gateway_on(settings) as second:
        both = (caller, caller.through(second))
        answers = await asyncio.gather(*(both[number % 2].send_text(key="order-1042") for number in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await pool.fetchval(ROWS) == 1


async def test_the_answer_stays_the_same_after_the_message_has_left(caller: Caller, pool: Pool) -> None:
    first = await caller.send_text(key="order-1042")
    await pool.execute("DELETE FROM message_queue")
    again = await caller.send_text(key="order-1042")
    assert (again.status_code, again.json()) == (200, first.json())
    assert await pool.fetchval(ROWS) == 0


async def test_the_answer_stays_the_same_after_the_message_s_time_has_passed(
    settings: FrontendSettings, pool: Pool
) -> None:
    clock = ManualClock()
    async with gateway_on(settings, clock) as gateway:
        caller = await gateway.create(pool)
        expires = (clock.now() + timedelta(hours=1)).isoformat()
        first = await caller.send_text(key="order-1042", expiresAt=expires)
        clock.move(7_200)
        again = await caller.send_text(key="order-1042", expiresAt=expires)
        assert (again.status_code, again.json()) == (200, first.json())
        for key in (None, "another"):
            late = await caller.send_text(key=key, expiresAt=expires)
            assert (late.status_code, late.json()["error"][:11]) == (400, "expiresAt: ")
    assert await pool.fetchval(KEYS) == await pool.fetchval(ROWS) == 1


async def test_another_body_with_the_same_key_is_409_and_makes_no_row(caller: Caller, pool: Pool) -> None:
    await caller.send_text("first", key="order-1042")
    other = await caller.send_text("second", key="order-1042")
    assert (other.status_code, other.json()) == (409, {"error": "this Idempotency-Key was used with another body"})
    assert await pool.fetchval(ROWS) == 1


async def test_parallel_posts_of_two_bodies_accept_exactly_one_body(caller: Caller, pool: Pool) -> None:
    answers = await asyncio.gather(*(caller.send_text(f"body {number % 2}", key="raced") for number in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (10, 10)
    assert len({answer.text for answer in answers}) == 2
    assert await pool.fetchval(ROWS) == 1


async def test_spacing_order_of_members_and_unknown_members_make_no_other_body(caller: Caller, pool: Pool) -> None:
    bodies = (
        b'{"phone":"5511988887777","message":"hi"}',
        b' {"message" : "h\\u0069",\n"phone": 5511988887777, "nobody": "knows", "delayTyping": null} ',
    )
    answers = [await caller.post_bytes("send-text", body, **{"Idempotency-Key": "spelled"}) for body in bodies]
    assert answers[0].json() == answers[1].json()
    assert await pool.fetchval(ROWS) == 1


async def test_a_key_belongs_to_its_instance(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    other = await gateway.create(pool)
    answers = [await one.send_text(key="order-1042") for one in (caller, other)]
    assert answers[0].json() != answers[1].json()
    assert await pool.fetchval(ROWS) == 2


async def test_without_a_key_every_post_is_a_message_of_its_own(caller: Caller, pool: Pool) -> None:
    answers = await asyncio.gather(*(caller.send_text() for _ in range(20)))
    assert len({answer.json()["zaapId"] for answer in answers}) == 20
    assert await pool.fetchval(ROWS) == 20


async def test_a_refused_request_leaves_its_key_free(caller: Caller, pool: Pool) -> None:
    assert (await caller.send_text(key="order-1042", phone="nobody")).status_code == 400
    assert await pool.fetchval(KEYS) == 0
    assert (await caller.send_text(key="order-1042")).status_code == 200


async def test_a_full_queue_leaves_the_key_free_and_a_repeat_is_answered_even_when_full(
    settings: FrontendSettings, gateway: Gateway, pool: Pool
) -> None:
    small = settings.model_copy(update={"message_queue_disconnected_limit": 1})
    offline = await gateway.create(pool, state="disconnected")
    async with gateway_on(small) as limited:
        caller = offline.through(limited)
        first = await caller.send_text(key="first")
        full = await caller.send_text(key="second")
        again = await caller.send_text(key="first")
    assert (first.status_code, full.status_code) == (200, 429)
    assert (again.status_code, again.json()) == (200, first.json())
    assert await pool.fetchval(KEYS) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "olá"])
async def test_a_key_that_is_no_key_is_400_and_makes_no_row(caller: Caller, pool: Pool, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode(), b"Content-Type": b"application/json"}
    answer = await caller.client.post(
        f"{caller.base}/send-text",
        content=b'{"phone":"5511988887777","message":"hi"}',
        headers={b"Client-Token": b"client-token-of-the-tests", **headers},
    )
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Idempotency-Key: ")
    assert await pool.fetchval(ROWS) == 0


async def test_the_longest_key_is_taken(caller: Caller) -> None:
    assert (await caller.send_text(key="x" * 255)).status_code == 200
