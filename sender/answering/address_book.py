"""Questions about the account's address book, which its devices share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from common import logs
from common.addresses import parse_phone
from common.errors import DeliveryError
from sender.answering.seats import Seats, refusal
from sender.answers import Answerer
from sender.whatsapp.powers.chats import BookEntry

log = logs.get(__name__)

Arguments = Mapping[str, Any]
Entry = TypeVar("Entry")

AT_ONCE = 100
"""Entries of one change: all of them are written, or none."""


class AddressBookQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {"add-contacts": self.add, "remove-contacts": self.remove}

    async def add(self, instance: UUID, arguments: Arguments) -> Any:
        """Of somebody who is named twice the later names count."""
        book = self._seats.address_book(instance)
        entries = {one["phone"]: _entry(one) for one in arguments["items"]}
        return await _in_parts(instance, entries, book.save_contacts)

    async def remove(self, instance: UUID, arguments: Arguments) -> Any:
        book = self._seats.address_book(instance)
        entries = {phone: parse_phone(phone) for phone in arguments["items"]}
        return await _in_parts(instance, entries, book.remove_contacts)


async def _in_parts(
    instance: UUID, entries: Mapping[str, Entry], change: Callable[[Sequence[Entry]], Awaitable[None]]
) -> Any:
    """What one part is refused does not stop the others. While nothing is done, a passing failure is told as such."""
    phones, errors = list(entries), list[dict[str, str]]()
    for start in range(0, len(phones), AT_ONCE):
        part = phones[start : start + AT_ONCE]
        try:
            await change([entries[phone] for phone in part])
        except DeliveryError as error:
            if error.retry and len(errors) == start:
                raise refusal(error) from None
            log.info("address book not changed", instance=instance, error_class=error.code, entries=len(part))
            errors += [{"phone": phone, "error": error.code} for phone in part]
    return {"success": not errors, "errors": errors}


def _entry(given: Mapping[str, Any]) -> BookEntry:
    first, last = given["firstName"].strip(), (given["lastName"] or "").strip()
    return BookEntry(parse_phone(given["phone"]), f"{first} {last}".strip(), first)
