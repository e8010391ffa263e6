"""The cookie of a session, and who may try to get one."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from common import keys
from common.doorbell import writer
from frontend.panel.logins import Logins
from frontend.panel.sessions import Sessions
from tests.clock import ManualClock

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 5, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_cookie_is_known_to_every_frontend_until_it_ends() -> None:
    cookie, expires_at = Sessions("key", b"token", HOUR).open(NOW)
    session = Sessions("key", b"token", HOUR).read(cookie, NOW)
    assert session is not None
    assert session.expires_at == expires_at == NOW + HOUR
    assert Sessions("key", b"token", HOUR).read(cookie, NOW + HOUR) is None


def test_two_sessions_have_nothing_in_common() -> None:
    sessions = Sessions("key", b"token", HOUR)
    first, second = (sessions.read(sessions.open(NOW)[0], NOW) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.form_token != second.form_token


@pytest.mark.parametrize(
    "other", [Sessions("other", b"token", HOUR), Sessions("key", b"new", HOUR), Sessions("key", None, HOUR)]
)
def test_a_cookie_of_another_key_or_token_is_none(other: Sessions) -> None:
    cookie, _ = Sessions("key", b"token", HOUR).open(NOW)
    assert other.read(cookie, NOW) is None


def test_a_changed_cookie_is_none() -> None:
    sessions = Sessions("key", b"token", HOUR)
    cookie, _ = sessions.open(NOW)
    expires, rest = cookie.split(".", 1)
    for changed in ("", ".", "..", "x", f"{int(expires) + 9}.{rest}", cookie[:-1], f"{cookie}x", cookie + ".é", None):
        assert sessions.read(changed, NOW) is None


def test_what_is_signed_for_one_purpose_is_worth_nothing_for_another() -> None:
    sessions = Sessions("key", b"token", HOUR)
    assert sessions.is_signed("form", "a", sessions.sign("form", "a"))
    assert not sessions.is_signed("session", "a", sessions.sign("form", "a"))


async def test_attempts_are_counted_for_all_frontends_and_forgotten_after_the_window(redis: Redis) -> None:
    clock = ManualClock(NOW)
    first, second = (Logins(redis, clock, 3, timedelta(minutes=5)) for _ in range(2))
    assert [await logins.may_try("10.0.0.1") for logins in (first, second, first, second)] == [True, True, True, False]
    assert await second.may_try("10.0.0.2")
    assert 0 < await redis.ttl(keys.logins("10.0.0.1")) <= 300
    await first.succeeded("10.0.0.1")
    assert await first.may_try("10.0.0.1")


async def test_one_ipv6_network_counts_as_one_address(redis: Redis) -> None:
    logins = Logins(redis, ManualClock(NOW), 2, timedelta(minutes=5))
    tried = [await logins.may_try(f"2001:db8:1:2::{number}") for number in range(3)]
    assert tried == [True, True, False]
    assert await logins.may_try("2001:db8:1:3::1")


async def test_without_redis_the_limit_holds_for_each_frontend(unused_port: int) -> None:
    clock = ManualClock(NOW)
    client = writer(f"redis://127.0.0.1:{unused_port}/0")
    logins = Logins(client, clock, 2, timedelta(minutes=5))
    assert [await logins.may_try("10.0.0.1") for _ in range(3)] == [True, True, False]
    clock.move(301)
    assert await logins.may_try("10.0.0.1")
    await client.aclose()
