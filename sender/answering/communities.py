"""Questions about communities."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import Jid, community_address, parse_phone, to_phone, user_of
from common.errors import DeliveryError, Refused
from sender.answering.groups import PictureOf
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.whatsapp.powers.groups import Groups, SubGroup

Arguments = Mapping[str, Any]


class CommunityQuestions:
    def __init__(self, seats: Seats, picture_of: PictureOf) -> None:
        self._seats = seats
        self._picture_of = picture_of

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "create-community": self.create,
            "communities": self.list_all,
            "community-metadata": self.show,
            "link-groups": self.link,
            "unlink-groups": self.unlink,
            "update-community-description": self.describe,
            "update-community-photo": self.set_picture,
        }

    async def create(self, instance: UUID, arguments: Arguments) -> Any:
        groups = self._groups(instance)
        with reading():
            made = await groups.create_community(arguments["name"])
            if arguments["description"]:
                await groups.describe(made.address, arguments["description"])
            found = await groups.sub_groups(made.address)
        return {"id": user_of(made.address), "subGroups": [_shown(each) for each in found]}

    async def list_all(self, instance: UUID, arguments: Arguments) -> Any:
        with reading():
            joined = await self._groups(instance).joined()
        found = sorted(
            ({"name": group.subject, "id": user_of(group.address)} for group in joined if group.is_community),
            key=lambda one: one["id"],
        )
        size = arguments["pageSize"]
        start = 0 if size is None else (arguments["page"] - 1) * size
        return found[start:] if size is None else found[start : start + size]

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        groups, address = self._groups(instance), community_address(arguments["communityId"])
        with reading():
            community = await groups.look(address)
            found = await groups.sub_groups(address)
        return {
            "name": community.subject,
            "id": user_of(address),
            "description": community.description,
            "subGroups": [_shown(each) for each in found],
        }

    async def link(self, instance: UUID, arguments: Arguments) -> Any:
        """The library tells no refusal of a single group, so it is looked what came of it."""
        return await self._link(instance, arguments, is_linked=True)

    async def unlink(self, instance: UUID, arguments: Arguments) -> Any:
        """One group beside the announcement group has to stay."""
        return await self._link(instance, arguments, is_linked=False)

    async def describe(self, instance: UUID, arguments: Arguments) -> Any:
        address = community_address(arguments["communityId"])
        text = arguments["communityDescription"]
        return await self._do(instance, "describe", lambda groups: groups.describe(address, text))

    async def set_picture(self, instance: UUID, arguments: Arguments) -> Any:
        async def change(groups: Groups) -> None:
            jpeg = await self._picture_of(arguments["communityPhoto"], instance)
            await groups.set_picture(community_address(arguments["communityId"]), jpeg)

        return await self._do(instance, "picture", change)

    async def _link(self, instance: UUID, arguments: Arguments, *, is_linked: bool) -> Any:
        groups, community = self._groups(instance), community_address(arguments["communityId"])
        wanted = [parse_phone(phone) for phone in dict.fromkeys(arguments["groupsPhones"])]
        change = groups.link if is_linked else groups.unlink
        with doing(instance, "link" if is_linked else "unlink") as done:
            before = await groups.sub_groups(community)
            if not is_linked and not {one.address for one in before if not one.is_announcement} - set(wanted):
                raise Refused("one group has to stay in the community")
            errors = [error for group in wanted if (error := await _refused(change, community, group)) is not None]
            after = {one.address for one in await groups.sub_groups(community)}
            refused = {one["phone"] for one in errors}
            errors += [
                {"phone": to_phone(group), "message": "not-changed"}
                for group in wanted
                if (group in after) is not is_linked and to_phone(group) not in refused
            ]
            told = {"success": len(errors) < len(wanted)}
            return {**told, "errors": errors} if errors else told
        return {"success": done.is_done}

    async def _do(self, instance: UUID, what: str, change: Callable[[Groups], Awaitable[None]]) -> Any:
        groups = self._groups(instance)
        with doing(instance, what) as done:
            await change(groups)
        return {"value": done.is_done}

    def _groups(self, instance: UUID) -> Groups:
        return self._seats.groups(instance)


async def _refused(change: Callable[[Jid, Jid], Awaitable[None]], community: Jid, group: Jid) -> dict[str, str] | None:
    try:
        await change(community, group)
    except DeliveryError as error:
        if error.retry:
            raise
        return {"phone": to_phone(group), "message": error.code}
    return None


def _shown(group: SubGroup) -> dict[str, Any]:
    return {"name": group.subject, "phone": to_phone(group.address), "isGroupAnnouncement": group.is_announcement}
