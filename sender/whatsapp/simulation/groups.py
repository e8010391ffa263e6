"""Groups and communities of a simulated account."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from common.addresses import Jid, user_of
from common.errors import Refused
from sender.whatsapp.powers.group_administration import JoinRequest, Switches
from sender.whatsapp.powers.groups import Change, Group, GroupUnknown, Member, NotAllowed, SubGroup
from sender.whatsapp.simulation.line import Line, hidden

FIRST = 120_363_000_000_000_001
INVITATION = "https://chat.whatsapp.com/"
MISSING, CONFLICT = 404, 409
UNSET = Switches(joining_needs_approval=False, only_admins_add=False)


class SimulatedGroups:
    """Also their administration, which only relayed sessions offer. `waiting` are those who asked to be let in."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers = itertools.count(FIRST)
        self._codes: dict[str, Jid] = {}
        self.by_address: dict[Jid, Group] = {}
        self.pictures: dict[Jid, bytes] = {}
        self.expirations: dict[Jid, int] = {}
        self.waiting: dict[Jid, list[Jid]] = {}
        self.switched: dict[Jid, Switches] = {}
        self.members_add_groups: set[Jid] = set()

    async def create(self, subject: str, members: Sequence[Jid]) -> Group:
        self._line.check()
        return self._add(subject, members)

    async def create_community(self, subject: str) -> Group:
        self._line.check()
        made = replace(self._add(subject, ()), is_community=True)
        announcement = replace(self._add(subject, ()), is_announcement=True, parent=made.address)
        self.by_address |= {made.address: made, announcement.address: announcement}
        return made

    async def look(self, group: Jid) -> Group:
        self._line.check()
        found = self.by_address.get(group)
        if found is None:
            raise GroupUnknown
        return found

    async def joined(self) -> list[Group]:
        self._line.check()
        return [group for group in self.by_address.values() if self._is_in(group)]

    async def rename(self, group: Jid, subject: str) -> None:
        now = datetime.now(UTC)
        self._put(replace(await self._own(group), subject=subject, subject_at=now, subject_by=self._line.own))

    async def describe(self, group: Jid, text: str) -> None:
        self._put(replace(await self._own(group), description=text or None))

    async def set_picture(self, group: Jid, jpeg: bytes) -> None:
        self.pictures[(await self._own(group)).address] = jpeg

    async def change_members(self, group: Jid, change: Change, members: Sequence[Jid]) -> list[Member]:
        found = await self._own(group)
        there = {member.address: member for member in found.members}
        told = []
        for address in members:
            member = there.get(address)
            if (member is None) is not (change is Change.ADD):
                told.append(replace(member or _member(address), error=CONFLICT if member else MISSING))
                continue
            there[address] = replace(member or _member(address), is_admin=change is Change.PROMOTE)
            told.append(there[address])
            if change is Change.REMOVE:
                del there[address]
        self._put(replace(found, members=tuple(there.values())))
        return told

    async def let_only_admins_write(self, group: Jid, value: bool) -> None:
        self._put(replace(await self._own(group), only_admins_write=value))

    async def let_only_admins_edit(self, group: Jid, value: bool) -> None:
        self._put(replace(await self._own(group), only_admins_edit=value))

    async def invitation(self, group: Jid, *, renew: bool = False) -> str:
        found = await self._own(group)
        code = next((code for code, address in self._codes.items() if address == group), None)
        if renew or code is None:
            self._codes.pop(code or "", None)
            code = f"{user_of(found.address)}x{next(self._numbers)}"
            self._codes[code] = group
        return f"{INVITATION}{code}"

    async def look_by_invitation(self, link: str) -> Group:
        return await self.look(self._codes.get(link.removeprefix(INVITATION), Jid("")))

    async def join(self, link: str) -> Jid:
        found = await self.look_by_invitation(link)
        if not self._is_in(found):
            self._put(replace(found, members=(*found.members, _member(self._line.own))))
        return found.address

    async def leave(self, group: Jid) -> None:
        found = await self._own(group)
        self._put(replace(found, members=tuple(each for each in found.members if each.address != self._line.own)))

    async def expire_messages(self, chat: Jid, seconds: int) -> None:
        self._line.check()
        self.expirations[chat] = seconds

    async def sub_groups(self, community: Jid) -> list[SubGroup]:
        await self._own(community)
        below = (group for group in self.by_address.values() if group.parent == community)
        return [SubGroup(group.address, group.subject, group.is_announcement) for group in below]

    async def link(self, community: Jid, group: Jid) -> None:
        await self._own(community)
        found = await self._own(group)
        if found.parent is not None:
            raise Refused
        self._put(replace(found, parent=community))

    async def unlink(self, community: Jid, group: Jid) -> None:
        found = await self._own(group)
        if found.parent == community and not found.is_announcement:
            self._put(replace(found, parent=None))

    # --- administration ---

    async def join_requests(self, group: Jid) -> list[JoinRequest]:
        await self._own(group)
        return [JoinRequest(address, hidden(address), None) for address in self.waiting.get(group, ())]

    async def answer_requests(self, group: Jid, people: Sequence[Jid], *, is_approved: bool) -> Mapping[Jid, int]:
        waiting = [each.address for each in await self.join_requests(group)]
        let_in = [person for person in people if person in waiting]
        self.waiting[group] = [person for person in waiting if person not in let_in]
        if is_approved:
            await self.change_members(group, Change.ADD, let_in)
        return {person: 0 if person in let_in else MISSING for person in people}

    async def switches(self, group: Jid) -> Switches:
        await self._own(group)
        return self.switched.get(group, UNSET)

    async def let_joining_need_approval(self, group: Jid, value: bool) -> None:
        self.switched[group] = replace(await self.switches(group), joining_needs_approval=value)

    async def let_only_admins_add(self, group: Jid, value: bool) -> None:
        self.switched[group] = replace(await self.switches(group), only_admins_add=value)

    async def let_members_add_groups(self, community: Jid, value: bool) -> None:
        await self._own(community)
        (self.members_add_groups.add if value else self.members_add_groups.discard)(community)

    async def deactivate(self, community: Jid) -> None:
        if not (await self._own(community)).is_community:
            raise GroupUnknown
        for group in [each for each in self.by_address.values() if each.parent == community]:
            self._put(replace(group, parent=None))
            if group.is_announcement:
                del self.by_address[group.address]
        del self.by_address[community]

    async def _own(self, group: Jid) -> Group:
        found = await self.look(group)
        if not self._is_in(found):
            raise NotAllowed
        return found

    def _is_in(self, group: Group) -> bool:
        return any(member.address == self._line.own for member in group.members)

    def _add(self, subject: str, members: Iterable[Jid]) -> Group:
        own, now = self._line.own, datetime.now(UTC)
        owner = replace(_member(own), is_admin=True, is_owner=True)
        group = Group(
            address=Jid(f"{next(self._numbers)}@g.us"), subject=subject, subject_at=now, subject_by=own,
            description=None, owner=own, created_at=now, only_admins_write=False, only_admins_edit=False,
            is_community=False, is_announcement=False, parent=None,
            members=(owner, *(_member(each) for each in dict.fromkeys(members) if each != own)),
        )  # fmt: skip
        self._put(group)
        return group

    def _put(self, group: Group) -> None:
        self.by_address[group.address] = group


def _member(address: Jid) -> Member:
    return Member(address, address, is_admin=False, is_owner=False, other=hidden(address))
