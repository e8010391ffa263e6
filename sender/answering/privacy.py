"""Questions about privacy: the settings, and for some of them the list of who is left out."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import to_phone
from common.errors import NotOnWhatsApp
from sender.answering.acquaintances import known
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.whatsapp.powers.people import Known, Privacy

Arguments = Mapping[str, Any]

VALUES = {"ALL": "all", "NONE": "none", "CONTACTS": "contacts", "CONTACT_BLACKLIST": "contact_blacklist"}
ONLINE = {"ALL": "all", "SAME_LAST_SEEN": "match_last_seen"}
RECEIPTS = {"enable": "all", "disable": "none"}
DURATIONS = {"days90": 7_776_000, "days7": 604_800, "hours24": 86_400, "disable": 0}

SETTINGS = {"lastSeen": "last", "photo": "profile", "description": "status", "groupAdd": "groupadd"}
"""Those with a list, by the names of the route that shows it."""


class PrivacyQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "privacy-last-seen": self._visibility("last", "visualizationType"),
            "privacy-photo": self._visibility("profile", "visualizationType"),
            "privacy-description": self._visibility("status", "visualizationType"),
            "privacy-group-add": self._visibility("groupadd", "type"),
            "privacy-list": self.show_list,
            "privacy-online": self.set_online,
            "privacy-read-receipts": self.set_receipts,
            "privacy-messages-duration": self.set_duration,
        }

    async def set_online(self, instance: UUID, arguments: Arguments) -> Any:
        value = ONLINE[arguments["visualizationType"]]
        return await self._do(instance, "online", lambda privacy: privacy.choose("online", value))

    async def set_receipts(self, instance: UUID, arguments: Arguments) -> Any:
        value = RECEIPTS[arguments["value"]]
        return await self._do(instance, "readreceipts", lambda privacy: privacy.choose("readreceipts", value))

    async def set_duration(self, instance: UUID, arguments: Arguments) -> Any:
        seconds = DURATIONS[arguments["value"]]
        return await self._do(instance, "duration", lambda privacy: privacy.expire_new_chats(seconds))

    async def show_list(self, instance: UUID, arguments: Arguments) -> Any:
        lists = self._seats.inquiries(instance).privacy
        with reading():
            people = await lists.left_out(SETTINGS[arguments["type"]])
        return {
            "disallowedContacts": [each.number or to_phone(each.lid) for each in people if each.exists and each.lid]
        }

    async def _leave_out(self, instance: UUID, setting: str, changes: list[Mapping[str, str]]) -> Any:
        """The last change of somebody counts. Who is not on WhatsApp cannot be left out: then nothing is done."""
        lists, people = self._seats.inquiries(instance).privacy, self._seats.people(instance)
        actions = {each["phone"]: each["action"] for each in changes}
        with doing(instance, setting) as done:
            found = await known(people, list(actions))
            if not all(each.exists for each in found.values()):
                raise NotOnWhatsApp
            added = [found[phone] for phone, action in actions.items() if action == "add"]
            await lists.leave_out(setting, added, [found[phone] for phone in actions if found[phone] not in added])
        return {"success": done.is_done}

    def _visibility(self, setting: str, argument: str) -> Answerer:
        async def choose(instance: UUID, arguments: Arguments) -> Any:
            wanted = arguments[argument]
            # Changes of the list count for this value only; without any the list stays as it is.
            if wanted == "CONTACT_BLACKLIST" and (changes := arguments["contactsBlacklist"]):
                return await self._leave_out(instance, setting, changes)
            return await self._do(instance, setting, lambda privacy: privacy.choose(setting, VALUES[wanted]))

        return choose

    async def _do(self, instance: UUID, what: str, change: Callable[[Privacy], Awaitable[None]]) -> Any:
        privacy = self._seats.privacy(instance)
        with doing(instance, what) as done:
            await change(privacy)
        return {"success": done.is_done}


def _named(person: Known) -> str:
    """By number where it is known."""
    address = person.phone or person.lid
    return person.number if address is None else to_phone(address)
