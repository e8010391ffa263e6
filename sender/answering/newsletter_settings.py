"""Questions about the administration of channels, and about the public ones."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import Jid, parse_phone
from common.errors import DeliveryError
from sender.answering.acquaintances import somebody
from sender.answering.groups import PictureOf
from sender.answering.seats import Seats, doing, reading, refusal
from sender.answers import Answerer
from sender.whatsapp.powers.newsletter_administration import NewsletterAdministration
from sender.whatsapp.powers.newsletters import Newsletter

Arguments = Mapping[str, Any]

VIEW = "RECOMMENDED"
"""Where the request names none."""


class NewsletterSettingsQuestions:
    def __init__(self, seats: Seats, picture_of: PictureOf) -> None:
        self._seats = seats
        self._picture_of = picture_of

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "update-newsletter-name": self._changing("id", lambda all_, one, given: all_.rename(one, given["name"])),
            "update-newsletter-description": self._changing(
                "id", lambda all_, one, given: all_.describe(one, given["description"])
            ),
            "update-newsletter-picture": self.set_picture,
            "newsletter-settings": self._changing(
                "newsletterId",
                lambda all_, one, given: all_.limit_reactions(one, is_basic_only=given["reactionCodes"] == "basic"),
            ),
            "delete-newsletter": self._changing("id", lambda all_, one, _: all_.delete(one)),
            "accept-newsletter-admin": self._changing("newsletterId", lambda all_, one, _: all_.accept_invitation(one)),
            "remove-newsletter-admin": self._about(lambda all_, one, person: all_.remove_admin(one, person)),
            "revoke-newsletter-invite": self._about(lambda all_, one, person: all_.revoke_invitation(one, person)),
            "transfer-newsletter": self.hand_over,
            "search-newsletter": self.search,
        }

    async def set_picture(self, instance: UUID, arguments: Arguments) -> Any:
        newsletters = self._newsletters(instance)
        with doing(instance, "newsletter") as done:
            jpeg = await self._picture_of(arguments["pictureUrl"], instance)
            await newsletters.set_picture(parse_phone(arguments["id"]), jpeg)
        return {"value": done.is_done}

    async def hand_over(self, instance: UUID, arguments: Arguments) -> Any:
        """Who owned it is an admin afterwards, unless that is not wanted either."""
        newsletters, newsletter = self._newsletters(instance), parse_phone(arguments["newsletterId"])
        try:
            await newsletters.hand_over(newsletter, await self._person(instance, arguments["phone"]))
            if arguments["quitAdmin"]:
                own = await self._person(instance, self._seats.held(instance).phone)
                await newsletters.remove_admin(newsletter, own)
        except DeliveryError as error:
            if error.retry:
                raise refusal(error) from None
            return {"value": False, "message": "WhatsApp refused this: the new owner must be an admin of your channel"}
        return {"value": True}

    async def search(self, instance: UUID, arguments: Arguments) -> Any:
        """A text is looked for everywhere: WhatsApp's search knows no countries, only its directory does."""
        newsletters, limit = self._newsletters(instance), int(arguments["limit"])
        countries = [code.upper() for code in arguments["filters"]["countryCodes"]]
        with reading():
            if text := arguments["searchText"]:
                found = await newsletters.search_directory(text, limit)
            else:
                found = await newsletters.list_directory(arguments["view"] or VIEW, countries, limit)
        return {"cursor": None, "data": [_found(each) for each in found]}

    def _newsletters(self, instance: UUID) -> NewsletterAdministration:
        return self._seats.inquiries(instance).newsletters

    async def _person(self, instance: UUID, phone: str) -> Jid:
        """Channels know people by their hidden address."""
        with reading():
            found = await somebody(self._seats.people(instance), phone)
        address = found.lid or found.phone
        assert address is not None
        return address

    def _changing(
        self, name: str, change: Callable[[NewsletterAdministration, Jid, Arguments], Awaitable[None]]
    ) -> Answerer:
        """`name` is the argument that names the channel."""

        async def answer(instance: UUID, arguments: Arguments) -> Any:
            newsletters = self._newsletters(instance)
            with doing(instance, "newsletter") as done:
                await change(newsletters, parse_phone(arguments[name]), arguments)
            return {"value": done.is_done}

        return answer

    def _about(self, change: Callable[[NewsletterAdministration, Jid, Jid], Awaitable[None]]) -> Answerer:
        async def answer(instance: UUID, arguments: Arguments) -> Any:
            newsletters = self._newsletters(instance)
            person = await self._person(instance, arguments["phone"])
            with doing(instance, "newsletter") as done:
                await change(newsletters, parse_phone(arguments["newsletterId"]), person)
            return {"value": done.is_done}

        return answer


def _found(newsletter: Newsletter) -> dict[str, Any]:
    return {
        "id": newsletter.address,
        "name": newsletter.name,
        "description": newsletter.description,
        "subscribersCount": str(newsletter.subscribers),
        "picture": newsletter.picture,
    }
