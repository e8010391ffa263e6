"""Groups: made and changed by a contact, and as they stand."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from sender.whatsapp.emulator.control.requests import Body, Phone, Problem, account, read
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.group_changes import MEMBERSHIP, SWITCHES
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.jid import GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid


class NewGroup(Body):
    creator: Phone
    subject: str
    members: tuple[Phone, ...] = ()
    addressing: Literal["lid", "phone"] = "lid"


class Change(Body):
    """What `by` does. `members` for add, remove, promote, demote; `value` for a text or a number of seconds. `ask` is
    for being let in."""

    by: Phone
    action: Literal[
        "add",
        "remove",
        "promote",
        "demote",
        "subject",
        "description",
        "locked",
        "unlocked",
        "announcement",
        "not_announcement",
        "ephemeral",
        "not_ephemeral",
        "ask",
    ]
    members: tuple[Phone, ...] = Field(default=())
    value: str | None = None


class GroupRoutes:
    def __init__(self, server: Server) -> None:
        self._directory, self._groups, self._changes = server.directory, server.groups, server.group_changes
        self._requests = server.join_requests

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/groups", self.list_all),
            web.post("/control/groups", self.add),
            web.get("/control/groups/{id}", self.show),
            web.post("/control/groups/{id}/change", self.change),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        return web.json_response({"groups": [_shown(group) for group in self._groups]})

    async def add(self, request: web.Request) -> web.Response:
        wanted = await read(request, NewGroup)
        creator = account(self._directory, wanted.creator)
        members = [account(self._directory, phone) for phone in wanted.members]
        addressing = LID_SERVER if wanted.addressing == "lid" else PHONE_SERVER
        return web.json_response(_shown(self._changes.create(creator, wanted.subject, members, addressing=addressing)))

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(_shown(self._group(request)))

    async def change(self, request: web.Request) -> web.Response:
        group, wanted = self._group(request), await read(request, Change)
        actor = account(self._directory, wanted.by)
        for action in MEMBERSHIP:
            if action == wanted.action:
                members = [account(self._directory, phone) for phone in wanted.members]
                self._changes.membership(group, actor, action, members)
        if wanted.action == "ask":
            self._requests.ask(group, actor)
        elif wanted.action in SWITCHES:
            self._changes.switch(group, actor, wanted.action, wanted.value)
        elif wanted.action == "subject":
            self._changes.rename(group, actor, wanted.value or "")
        elif wanted.action == "description":
            self._changes.describe(group, actor, wanted.value)
        return web.json_response(_shown(group))

    def _group(self, request: web.Request) -> Group:
        name = request.match_info["id"].removesuffix(f"@{GROUP_SERVER}")
        group = self._groups.find(Jid(name, GROUP_SERVER))
        if group is None:
            raise Problem(404, f"there is no group {name}")
        return group


def _shown(group: Group) -> dict[str, object]:
    return {
        "id": group.id,
        "jid": str(group.jid),
        "subject": group.subject,
        "description": group.description.text if group.description else None,
        "creator": group.creator.phone,
        "members": {member.phone: rank or "member" for member, rank in group.members.items()},
        "flags": group.flags,
        "invite": group.invite,
        "approval": group.approval,
        "member_add_mode": group.member_add_mode,
        "members_add_groups": group.members_add_groups,
        "requests": list(group.requests),
    }
