"""Questions about who may do what in groups and communities, and about who waits to be let in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from common.addresses import Jid, community_address, parse_phone
from common.capabilities import Capability, refusal
from sender.answering.acquaintances import known
from sender.answering.members import ERRORS
from sender.answering.seats import Doing, Seats, doing, unsupported
from sender.answers import Answerer
from sender.whatsapp.powers.group_administration import GroupAdministration, JoinRequest
from sender.whatsapp.powers.inquiries import HasInquiries
from sender.whatsapp.powers.people import Known

Arguments = Mapping[str, Any]

UNSET = {"requireAdminApproval": False, "adminOnlyAddMember": False}
"""What WhatsApp has for a new group: a session that cannot set these takes a request for that as met."""

NO_REQUEST = "not-waiting"


class GroupSettingsQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "update-group-settings": self.set_up,
            "approve-participant": self._judging(is_approved=True),
            "reject-participant": self._judging(is_approved=False),
            "community-settings": self.choose_who_adds_groups,
            "deactivate-community": self.deactivate,
        }

    async def set_up(self, instance: UUID, arguments: Arguments) -> Any:
        """The library knows two of the four switches; a session without the others is refused before any is set."""
        group, groups = parse_phone(arguments["phone"]), self._seats.groups(instance)
        more = self._more(instance, arguments)
        with doing(instance, "settings") as done:
            if arguments["adminOnlyMessage"] is not None:
                await groups.let_only_admins_write(group, arguments["adminOnlyMessage"])
            if arguments["adminOnlySettings"] is not None:
                await groups.let_only_admins_edit(group, arguments["adminOnlySettings"])
            if more is not None and arguments["requireAdminApproval"] is not None:
                await more.let_joining_need_approval(group, arguments["requireAdminApproval"])
            if more is not None and arguments["adminOnlyAddMember"] is not None:
                await more.let_only_admins_add(group, arguments["adminOnlyAddMember"])
        return {"value": done.is_done}

    async def choose_who_adds_groups(self, instance: UUID, arguments: Arguments) -> Any:
        community, value = community_address(arguments["communityId"]), arguments["whoCanAddNewGroups"] == "all"
        return await self._do(instance, "settings", lambda groups: groups.let_members_add_groups(community, value))

    async def deactivate(self, instance: UUID, arguments: Arguments) -> Any:
        community = community_address(arguments["communityId"])
        return await self._do(instance, "deactivate", lambda groups: groups.deactivate(community))

    def _judging(self, *, is_approved: bool) -> Answerer:
        async def judge(instance: UUID, arguments: Arguments) -> Any:
            groups, people = self._seats.inquiries(instance).groups, self._seats.people(instance)
            group, told = parse_phone(arguments["groupId"]), list[dict[str, Any]]()
            with doing(instance, "join-requests") as done:
                wanted = await known(people, list(dict.fromkeys(arguments["phones"])))
                waiting = await groups.join_requests(group)
                by_phone = {phone: _waiting(person, waiting) for phone, person in wanted.items()}
                addresses = [address for address in by_phone.values() if address is not None]
                errors = await groups.answer_requests(group, addresses, is_approved=is_approved) if addresses else {}
                told = [_outcome(phone, address, errors) for phone, address in by_phone.items()]
            return {"value": _is_met(done, told), "participants": told}

        return judge

    def _more(self, instance: UUID, arguments: Arguments) -> GroupAdministration | None:
        session = self._seats.held(instance).session
        if isinstance(session, HasInquiries):
            return session.inquiries.groups
        for name, value in UNSET.items():
            if arguments[name] not in (None, value):
                raise unsupported(f"{name}: {refusal(Capability.QUESTIONS).partition(': ')[2]}")
        return None

    async def _do(self, instance: UUID, what: str, change: Callable[[GroupAdministration], Awaitable[None]]) -> Any:
        groups = self._seats.inquiries(instance).groups
        with doing(instance, what) as done:
            await change(groups)
        return {"success": done.is_done}


def _waiting(person: Known, waiting: list[JoinRequest]) -> Jid | None:
    """The address under which the group lists that person's request."""
    own = {address for address in (person.phone, person.lid) if address is not None}
    return next((each.address for each in waiting if {each.address, each.other} & own), None)


def _outcome(phone: str, address: Jid | None, errors: Mapping[Jid, int]) -> dict[str, Any]:
    error: str | None = NO_REQUEST
    if address is not None:
        number = errors.get(address, 0)
        error = ERRORS.get(number, str(number)) if number else None
    return {"phone": phone, "done": error is None, "invited": False, "error": error}


def _is_met(done: Doing, told: list[dict[str, Any]]) -> bool:
    return done.is_done and all(one["done"] for one in told)
