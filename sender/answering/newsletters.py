"""Questions about channels."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import parse_phone
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.whatsapp.powers.newsletters import Newsletter, Newsletters

Arguments = Mapping[str, Any]

INVITATION = "https://www.whatsapp.com/channel/"


class NewsletterQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "create-newsletter": self.create,
            "newsletter-metadata": self.show,
            "newsletters": self.list_own,
            "follow-newsletter": self._change(lambda all_, one: all_.follow(one, is_followed=True)),
            "unfollow-newsletter": self._change(lambda all_, one: all_.follow(one, is_followed=False)),
            "mute-newsletter": self._change(lambda all_, one: all_.mute(one, is_muted=True)),
            "unmute-newsletter": self._change(lambda all_, one: all_.mute(one, is_muted=False)),
        }

    async def create(self, instance: UUID, arguments: Arguments) -> Any:
        with reading():
            made = await self._newsletters(instance).create(arguments["name"], arguments["description"] or "")
        return {"id": made.address}

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        with reading():
            found = await self._newsletters(instance).look(parse_phone(arguments["newsletterId"]))
        return _shown(found)

    async def list_own(self, instance: UUID, _: Arguments) -> Any:
        with reading():
            found = await self._newsletters(instance).own()
        return [_shown(one) for one in found]

    def _newsletters(self, instance: UUID) -> Newsletters:
        return self._seats.newsletters(instance)

    def _change(self, change: Callable[[Newsletters, Any], Awaitable[None]]) -> Answerer:
        async def answer(instance: UUID, arguments: Arguments) -> Any:
            newsletters = self._newsletters(instance)
            with doing(instance, "newsletter") as done:
                await change(newsletters, parse_phone(arguments["id"]))
            return {"value": done.is_done}

        return answer


def _shown(newsletter: Newsletter) -> dict[str, Any]:
    created = newsletter.created_at
    told: dict[str, Any] = {
        "id": newsletter.address,
        "creationTime": "0" if created is None else str(int(created.timestamp())),
        "state": newsletter.state,
        "name": newsletter.name,
        "description": newsletter.description,
        "subscribersCount": str(newsletter.subscribers),
        "inviteLink": f"{INVITATION}{newsletter.invite_code}" if newsletter.invite_code else None,
        "verification": "VERIFIED" if newsletter.is_verified else "UNVERIFIED",
        "picture": newsletter.picture,
        "preview": newsletter.preview,
    }
    if newsletter.role is not None:
        told["viewMetadata"] = {"mute": "ON" if newsletter.is_muted else "OFF", "role": newsletter.role}
    return told
