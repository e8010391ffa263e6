"""Group administration in questions of w:g2.

Join requests, the approval of joining and who may add members have the form that whatsmeow (group.go) and Baileys
(Socket/groups.ts) send. Who may add groups to a community and its deactivation have the form that zapo sends
(builders/group.ts, community.ts); it is known from there alone. None of it was tried live here.
"""

from collections.abc import Awaitable, Mapping, Sequence

from common.addresses import Jid
from sender.whatsapp.powers.group_administration import JoinRequest, Switches
from sender.whatsapp.powers.groups import GroupUnknown, NotAllowed
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.relay.asking import Ask, ask_in, from_wire, moment, on_wire, text_of, understood
from sender.whatsapp.wire.node import Node

NAMESPACE = "w:g2"
_ADMINS_ADD, _ALL_ADD = "admin_add", "all_member_add"


class RelayedGroups:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def join_requests(self, group: Jid) -> list[JoinRequest]:
        answer = await self._get(group, Node("membership_approval_requests"))
        with understood():
            listed = answer.child("membership_approval_requests").all("membership_approval_request")
            return [_join_request(each) for each in listed]

    async def answer_requests(self, group: Jid, people: Sequence[Jid], *, is_approved: bool) -> Mapping[Jid, int]:
        action = "approve" if is_approved else "reject"
        wanted = Node(action, {}, [Node("participant", {"jid": on_wire(person)}) for person in people])
        answer = await self._set(group, Node("membership_requests_action", {}, [wanted]))
        with understood():
            told = answer.child("membership_requests_action", action).all("participant")
            return {from_wire(each.jid("jid")): each.number("error") for each in told}

    async def switches(self, group: Jid) -> Switches:
        answer = await self._get(group, Node("query", {"request": "interactive"}))
        with understood():
            shown = answer.child("group")
            state = shown.find("membership_approval_mode", "group_join")
            return Switches(
                joining_needs_approval=state is not None and state.get("state") == "on",
                only_admins_add=text_of(shown, "member_add_mode") == _ADMINS_ADD,
            )

    async def let_joining_need_approval(self, group: Jid, value: bool) -> None:
        state = Node("group_join", {"state": "on" if value else "off"})
        await self._set(group, Node("membership_approval_mode", {}, [state]))

    async def let_only_admins_add(self, group: Jid, value: bool) -> None:
        await self._set(group, Node("member_add_mode", {}, _ADMINS_ADD if value else _ALL_ADD))

    async def let_members_add_groups(self, community: Jid, value: bool) -> None:
        await self._set(community, Node(f"{'' if value else 'not_'}allow_non_admin_sub_group_creation"))

    async def deactivate(self, community: Jid) -> None:
        await self._set(community, Node("delete_parent"))

    async def _get(self, group: Jid, content: Node) -> Node:
        return await self._refusing(ask_in(self._ask, NAMESPACE, "get", content, on_wire(group)))

    async def _set(self, group: Jid, content: Node) -> Node:
        return await self._refusing(ask_in(self._ask, NAMESPACE, "set", content, on_wire(group)))

    async def _refusing(self, asking: Awaitable[Node]) -> Node:
        try:
            return await asking
        except QuestionRefused as refusal:
            if refusal.number in (401, 403):
                raise NotAllowed from None
            if refusal.number in (404, 406, 410):
                raise GroupUnknown from None
            raise


def _join_request(node: Node) -> JoinRequest:
    other = node.find_jid("phone_number") or node.find_jid("lid")
    return JoinRequest(
        from_wire(node.jid("jid")),
        None if other is None else from_wire(other),
        moment(node.number("request_time")),
    )
