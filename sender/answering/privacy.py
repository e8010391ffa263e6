"""Questions about privacy. The library cannot read or change the lists of who is left out."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from sender.answering.seats import Seats, doing, unsupported
from sender.answers import Answerer
from sender.whatsapp.powers.people import Privacy

Arguments = Mapping[str, Any]

VALUES = {"ALL": "all", "NONE": "none", "CONTACTS": "contacts", "CONTACT_BLACKLIST": "contact_blacklist"}
ONLINE = {"ALL": "all", "SAME_LAST_SEEN": "match_last_seen"}
RECEIPTS = {"enable": "all", "disable": "none"}
DURATIONS = {"days90": 7_776_000, "days7": 604_800, "hours24": 86_400, "disable": 0}

LISTS = "WhatsApp's library cannot change the list of who is left out"


class PrivacyQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "privacy-last-seen": self._visibility("last", "visualizationType"),
            "privacy-photo": self._visibility("profile", "visualizationType"),
            "privacy-description": self._visibility("status", "visualizationType"),
            "privacy-group-add": self._visibility("groupadd", "type"),
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

    def _visibility(self, setting: str, argument: str) -> Answerer:
        async def choose(instance: UUID, arguments: Arguments) -> Any:
            wanted = arguments[argument]
            # Changes of the list count for this value only; without any the list stays as it is.
            if wanted == "CONTACT_BLACKLIST" and arguments["contactsBlacklist"]:
                raise unsupported(LISTS)
            return await self._do(instance, setting, lambda privacy: privacy.choose(setting, VALUES[wanted]))

        return choose

    async def _do(self, instance: UUID, what: str, change: Callable[[Privacy], Awaitable[None]]) -> Any:
        privacy = self._seats.privacy(instance)
        with doing(instance, what) as done:
            await change(privacy)
        return {"success": done.is_done}
