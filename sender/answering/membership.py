"""Questions about members: who comes, rises, falls and goes, with an outcome for each; and who is invited instead."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from common.addresses import Jid, community_address, parse_phone
from common.errors import DeliveryError, Refused
from sender.answering import members
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.whatsapp.powers.groups import Change, Groups, GroupUnknown, NotAllowed

Arguments = Mapping[str, Any]
Invite = Callable[[UUID, Sequence[Jid], str], Awaitable[None]]
"""Writes the invitation to each, through the instance's own queue."""

INVITABLE = frozenset({"not-authorized", "forbidden", "left-recently"})
"""Why somebody was not added who can be invited."""


class MembershipQuestions:
    """The routes serve communities too: there it is their announcement group that people are in."""

    def __init__(self, seats: Seats, invite: Invite) -> None:
        self._seats = seats
        self._invite = invite

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "add-participant": self._changing(Change.ADD),
            "remove-participant": self._changing(Change.REMOVE),
            "add-admin": self._changing(Change.PROMOTE),
            "remove-admin": self._changing(Change.DEMOTE),
        }

    def _changing(self, change: Change) -> Answerer:
        async def answer(instance: UUID, arguments: Arguments) -> Any:
            return await self._change(instance, change, arguments)

        return answer

    async def _change(self, instance: UUID, change: Change, arguments: Arguments) -> Any:
        held, groups = self._seats.held(instance), self._seats.groups(instance)
        if arguments["communityId"]:
            group = await announcement_group(groups, arguments["communityId"])
        else:
            group = parse_phone(arguments["groupId"])
        told: list[dict[str, Any]] = []
        with doing(instance, change.value) as done:
            wanted = await members.resolve(held.session, list(dict.fromkeys(arguments["phones"])))
            addresses = [each for each in wanted.values() if each is not None]
            found = await groups.change_members(group, change, addresses) if addresses else []
            told = members.outcomes(wanted, found)
            if arguments.get("autoInvite"):
                link, _ = await link_to(groups, group)
                await invite_refused(self._invite, instance, wanted, told, link)
        return {"value": done.is_done and any(one["done"] or one["invited"] for one in told), "participants": told}


async def announcement_group(groups: Groups, community: str) -> Jid:
    """The group of a community that everybody is in, or the community itself where there is none."""
    address = community_address(community)
    with reading():
        found = await groups.sub_groups(address)
    return next((each.address for each in found if each.is_announcement), address)


async def invite_refused(
    invite: Invite, instance: UUID, wanted: Mapping[str, Jid | None], told: list[dict[str, Any]], link: str | None
) -> None:
    """Whoever is on WhatsApp and was not added, but was not in the group before, is written to."""
    refused = [one for one in told if one["error"] in INVITABLE]
    addresses = [address for one in refused if (address := wanted[one["phone"]]) is not None]
    if link is None or not addresses:
        return
    await invite(instance, addresses, link)
    for one in refused:
        one["invited"] = True


async def link_to(groups: Groups, group: Jid) -> tuple[str | None, str | None]:
    try:
        return await groups.invitation(group), None
    except NotAllowed:
        return None, "not-authorized"
    except GroupUnknown:
        return None, "forbidden"
    except Refused:
        return None, "forbidden"
    except DeliveryError:
        return None, "too many requests"
