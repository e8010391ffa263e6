from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from common.errors import DeliveryError, MediaNotUsable, NotConnected, NotSupported
from sender.answers import NoAnswer
from sender.pairings import NoCode
from sender.questions import NO_CODE, PortraitOf, Questions
from sender.sessions import Sessions
from sender.whatsapp.session import Profiles
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


async def no_portrait(source: str, instance: UUID) -> bytes:
    raise AssertionError(source)


def questions_of(sessions: Sessions, portrait_of: PortraitOf = no_portrait) -> Questions:
    return Questions(sessions, portrait_of)


class Linked(Sessions):
    """A session whose profile can be changed, or that raises."""

    def __init__(self, error: DeliveryError | None = None) -> None:
        self.error = error
        self.changes: list[tuple[str, object]] = []

    async def change_profile(self, instance: UUID, change: Callable[[Profiles], Awaitable[None]]) -> None:
        if self.error is not None:
            raise self.error
        await change(self)  # type: ignore[arg-type]

    async def change_name(self, instance: UUID, name: str) -> None:
        if self.error is not None:
            raise self.error
        self.changes.append(("name", name))

    async def change_about(self, about: str) -> None:
        self.changes.append(("about", about))

    async def change_picture(self, jpeg: bytes) -> None:
        self.changes.append(("picture", jpeg))


async def jpeg_of(source: str, instance: UUID) -> bytes:
    if source != "https://files.example.com/logo.jpg":
        raise MediaNotUsable
    return b"a picture"


async def test_a_profile_is_changed_as_asked() -> None:
    sessions = Linked()
    answerers = questions_of(sessions, jpeg_of).by_name()
    for name, value in (
        ("profile-name", "Front desk"),
        ("profile-description", ""),
        ("profile-picture", "https://files.example.com/logo.jpg"),
    ):
        assert await answerers[name](UUID(int=1), {"value": value, "variable": ""}) == {"value": True}
    assert sessions.changes == [("name", "Front desk"), ("about", ""), ("picture", b"a picture")]


async def test_a_picture_that_cannot_be_had_changes_nothing() -> None:
    sessions = Linked()
    asked = {"value": "https://files.example.com/another.jpg"}
    assert await questions_of(sessions, jpeg_of).change_picture(UUID(int=1), asked) == {"value": False}
    assert sessions.changes == []


@pytest.mark.parametrize(("error", "status"), [(NotConnected(), 400), (NotSupported(), 501)])
async def test_it_is_said_why_a_profile_is_not_changed(error: DeliveryError, status: int) -> None:
    with pytest.raises(NoAnswer) as caught:
        await questions_of(Linked(error)).change_name(UUID(int=1), {"value": "Front desk"})
    assert caught.value.status == status


async def test_a_linked_instance_gets_no_code(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        questions = questions_of(station.sessions)
        linked = {"connected": True, "error": "You are already connected."}
        assert await questions.qr_code(instance, {}) == linked
        assert await questions.qr_code_image(instance, {}) == linked
        assert await questions.phone_code(instance, {"variable": "5511988887777"}) == linked


async def test_an_unlinked_instance_gets_the_code_of_the_moment(station: Station) -> None:
    station.links = False
    async with station.running():
        instance = await insert_instance(station.pool, device=None)
        answer = await questions_of(station.sessions).qr_code(instance, {})
        assert answer["value"] == f"2@simulated,{instance.hex}"
        assert answer["expiresAt"] > station.clock.now().timestamp() * 1000
        image = await questions_of(station.sessions).qr_code_image(instance, {})
        assert image["value"].startswith("data:image/png;base64,")


async def test_an_unlinked_instance_gets_a_code_for_its_phone(station: Station) -> None:
    station.links = False
    async with station.running():
        instance = await insert_instance(station.pool, device=None)
        answer = await questions_of(station.sessions).phone_code(instance, {"variable": "5511988887777"})
        assert answer["code"] == "ABCD-EFGH"


@pytest.mark.parametrize("phone", ["", "+5511988887777", "05511988887777", "12", "5511988887777x"])
async def test_what_is_no_phone_gets_no_code(phone: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        await questions_of(Unlinkable("engine")).phone_code(UUID(int=1), {"variable": phone})
    assert caught.value.status == 400


@pytest.mark.parametrize("reason", list(NO_CODE))
async def test_it_is_said_why_there_is_no_code(reason: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        await questions_of(Unlinkable(reason)).qr_code(UUID(int=1), {})
    assert (caught.value.status, caught.value.text) == NO_CODE[reason]
