from uuid import UUID

import pytest

from sender.answers import NoAnswer
from sender.pairings import NoCode
from sender.questions import NO_CODE, Questions
from sender.sessions import Sessions
from tests.builders import insert_instance
from tests.sender.station import Station

pytestmark = pytest.mark.anyio


class Unlinkable(Sessions):
    """Every pairing fails for one reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def get(self, instance: UUID) -> None:
        return None

    async def qr_code(self, instance: UUID) -> None:
        raise NoCode(self._reason)

    async def phone_code(self, instance: UUID, phone: str) -> None:
        raise NoCode(self._reason)


async def test_a_linked_instance_gets_no_code(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        questions = Questions(station.sessions)
        linked = {"connected": True, "error": "You are already connected."}
        assert await questions.qr_code(instance, {}) == linked
        assert await questions.qr_code_image(instance, {}) == linked
        assert await questions.phone_code(instance, {"variable": "5511988887777"}) == linked


async def test_an_unlinked_instance_gets_the_code_of_the_moment(station: Station) -> None:
    station.links = False
    async with station.running():
        instance = await insert_instance(station.pool, device=None)
        answer = await Questions(station.sessions).qr_code(instance, {})
        assert answer["value"] == f"2@simulated,{instance.hex}"
        assert answer["expiresAt"] > station.clock.now().timestamp() * 1000
        image = await Questions(station.sessions).qr_code_image(instance, {})
        assert image["value"].startswith("data:image/png;base64,")


async def test_an_unlinked_instance_gets_a_code_for_its_phone(station: Station) -> None:
    station.links = False
    async with station.running():
        instance = await insert_instance(station.pool, device=None)
        answer = await Questions(station.sessions).phone_code(instance, {"variable": "5511988887777"})
        assert answer["code"] == "ABCD-EFGH"


@pytest.mark.parametrize("phone", ["", "+5511988887777", "05511988887777", "12", "5511988887777x"])
async def test_what_is_no_phone_gets_no_code(phone: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        await Questions(Unlinkable("engine")).phone_code(UUID(int=1), {"variable": phone})
    assert caught.value.status == 400


@pytest.mark.parametrize("reason", list(NO_CODE))
async def test_it_is_said_why_there_is_no_code(reason: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        await Questions(Unlinkable(reason)).qr_code(UUID(int=1), {})
    assert (caught.value.status, caught.value.text) == NO_CODE[reason]
