"""The account's address book: what is saved and removed, part by part, and who is told that it cannot be."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from common.addresses import parse_phone
from common.errors import Refused, TemporaryFailure
from sender.answering.address_book import AT_ONCE, AddressBookQuestions
from sender.answering.seats import Seats
from sender.answers import NoAnswer
from sender.sessions import Held
from sender.whatsapp.powers.chats import BookEntry
from sender.whatsapp.session import Account, Event
from sender.whatsapp.simulated import Behaviour, Journal, RelayedSimulatedSession, SimulatedEngine

pytestmark = pytest.mark.anyio

ANA, RUI = "5511900000001", "5511900000002"


class Book:
    def __init__(self, session: Any) -> None:
        self.session = session
        held = Held(1, 1, session, "")
        self._questions = AddressBookQuestions(Seats(lambda _: held)).by_name()

    async def ask(self, name: str, *items: Any) -> Any:
        return await self._questions[name](uuid4(), {"items": list(items)})

    async def add(self, phone: str, first: str, last: str | None = None) -> Any:
        return await self.ask("add-contacts", entry(phone, first, last))


def entry(phone: str, first: str, last: str | None = None) -> dict[str, Any]:
    return {"phone": phone, "firstName": first, "lastName": last}


@pytest.fixture
async def book() -> AsyncIterator[Book]:
    async with SimulatedEngine(Behaviour(), Journal(), connects=False) as engine:

        async def hear(event: Event) -> None: ...

        session = await engine.open(Account("a" * 32, "5511911111111:1@s.whatsapp.net", "relay"), hear)
        assert isinstance(session, RelayedSimulatedSession)
        await session.restore()
        yield Book(session)


async def test_contacts_are_saved_and_removed(book: Book) -> None:
    told = await book.ask("add-contacts", entry(ANA, "Ana", "Lima"), entry(RUI, "Rui"), entry(ANA, "Ana", "Souza"))
    assert told == {"success": True, "errors": []}
    assert list(book.session.shared.book.values()) == [
        BookEntry(parse_phone(ANA), "Ana Souza", "Ana"),
        BookEntry(parse_phone(RUI), "Rui", "Rui"),
    ]
    assert await book.ask("remove-contacts", ANA, "5511900000009") == {"success": True, "errors": []}
    assert list(book.session.shared.book) == [parse_phone(RUI)]


async def test_a_part_that_is_refused_leaves_the_others(book: Book) -> None:
    phones = [str(5511900000000 + number) for number in range(AT_ONCE + 2)]
    book.session.shared.errors.append(Refused())
    told = await book.ask("add-contacts", *(entry(phone, "Ana") for phone in phones))
    assert told["success"] is False
    assert [one["phone"] for one in told["errors"]] == phones[:AT_ONCE]
    assert len(book.session.shared.book) == 2


async def test_a_failure_that_passes_is_told_as_one(book: Book) -> None:
    book.session.shared.errors.append(TemporaryFailure())
    with pytest.raises(NoAnswer) as no:
        await book.add(ANA, "Ana")
    assert no.value.status == 503


async def test_a_session_that_goes_directly_says_which_way_would_do() -> None:
    async with SimulatedEngine(Behaviour(), Journal(), connects=False) as engine:

        async def hear(event: Event) -> None: ...

        session = await engine.open(Account("a" * 32, "5511911111111:1@s.whatsapp.net"), hear)
        await session.restore()
        with pytest.raises(NoAnswer) as no:
            await Book(session).add(ANA, "Ana")
    assert (no.value.status, no.value.code) == (501, "not-supported-by-engine")
    assert "wire is relay" in no.value.text
