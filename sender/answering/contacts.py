"""Questions about people."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from common.addresses import LID, USER, parse_phone, server_of, to_phone, user_of
from sender.answering.acquaintances import somebody
from sender.answering.appearances import Appearances
from sender.answering.lookups import Lookups
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.whatsapp.powers.people import Contact, People

Arguments = Mapping[str, Any]


class ContactQuestions:
    def __init__(self, seats: Seats, lookups: Lookups, appearances: Appearances) -> None:
        self._seats = seats
        self._lookups = lookups
        self._appearances = appearances

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "contacts": self.list_all,
            "contact-metadata": self.show,
            "phone-exists": self.exists,
            "phones-exist": self.exist,
            "profile-picture-of": self.picture,
            "modify-blocked": self.block,
            "report-contact": self.report,
        }

    async def list_all(self, instance: UUID, arguments: Arguments) -> Any:
        """Whoever the session has a name for: saved people, and members of groups who have shown theirs."""
        people = self._people(instance)
        with reading():
            found = _merged(await people.contacts())
        start = (arguments["page"] - 1) * arguments["pageSize"]
        return [_shown(contact) for contact in found[start : start + arguments["pageSize"]]]

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        people, person = self._people(instance), parse_phone(arguments["phone"])
        with reading():
            known = next((one for one in await people.contacts() if one.address == person), None)
            about = await self._appearances.about(people, instance, person)
            picture = await self._appearances.picture(people, instance, person)
        named = _shown(known or Contact(person, None, None, None, None))
        return {**named, "imgUrl": picture, "about": about}

    async def exists(self, instance: UUID, arguments: Arguments) -> Any:
        number = arguments["phone"]
        with reading():
            found = (await self._lookups.find(instance, [number], self._people(instance)))[number]
        return [{"exists": found.phone is not None, "phone": found.phone or number, "lid": found.lid}]

    async def exist(self, instance: UUID, arguments: Arguments) -> Any:
        """A part of a batch, in its order; a frontend asks for one after the other."""
        with reading():
            found = await self._lookups.find(instance, arguments["phones"], self._people(instance))
        return [
            {
                "exists": one.phone is not None,
                "inputPhone": number,
                "outputPhone": one.phone or number,
                "lid": one.lid,
            }
            for number in arguments["phones"]
            for one in (found[number],)
        ]

    async def picture(self, instance: UUID, arguments: Arguments) -> Any:
        people, person = self._people(instance), parse_phone(arguments["phone"])
        with reading():
            link = await self._appearances.picture(people, instance, person)
        return [{"link": link}]

    async def block(self, instance: UUID, arguments: Arguments) -> Any:
        people, person = self._people(instance), parse_phone(arguments["phone"])
        with doing(instance, arguments["action"]) as done:
            await people.block(person, is_blocked=arguments["action"] == "block")
        return {"value": done.is_done}

    async def report(self, instance: UUID, arguments: Arguments) -> Any:
        reports, people = self._seats.inquiries(instance).reports, self._people(instance)
        with reading():
            person = await somebody(people, arguments["phone"])
        with doing(instance, "report") as done:
            await reports.report(person.lid or person.phone or parse_phone(arguments["phone"]))
        return {"success": True} if done.is_done else {"success": False, "error": "WhatsApp refused this"}

    def _people(self, instance: UUID) -> People:
        return self._seats.people(instance)


def _merged(contacts: list[Contact]) -> list[Contact]:
    """People only, in the order of their phones; the store's own order would change with what it learns."""
    people = [contact for contact in contacts if server_of(contact.address) in (USER, LID)]
    return sorted(people, key=lambda contact: (server_of(contact.address) != USER, user_of(contact.address)))


def _shown(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.full_name,
        "short": contact.first_name,
        "notify": contact.push_name or contact.business_name,
        "vname": contact.full_name,
        "phone": to_phone(contact.address),
    }
