"""Groups as clients ask for them (w:g2): make, look at, change, leave, join."""

from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group, Groups
from sender.whatsapp.emulator.group_changes import MEMBERSHIP, SWITCHES, GroupChanges, describe, participant
from sender.whatsapp.emulator.join_requests import JoinRequests
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import OK, Refused, Reply, forbidden, not_found
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import Jid
from sender.whatsapp.wire.node import Attributes, Node

NAMESPACE = "w:g2"

NOT_ACCEPTABLE = 406
CONFLICT = 409
MODES = ("admin_add", "all_member_add")


class GroupQuestions:
    def __init__(self, directory: Directory, groups: Groups, changes: GroupChanges, requests: JoinRequests) -> None:
        self._directory, self._groups, self._changes = directory, groups, changes
        self._requests = requests

    def answers(self) -> Mapping[Key, Answer]:
        by_tag: dict[str, Answer] = {
            "create": self.create,
            "query": self.show,
            "participating": self.list_own,
            "subject": self.rename,
            "description": self.describe,
            "member_add_mode": self.member_add_mode,
            "membership_approval_mode": self.approval,
            "delete_parent": self.deactivate,
            "allow_non_admin_sub_group_creation": self.who_adds_groups,
            "not_allow_non_admin_sub_group_creation": self.who_adds_groups,
            "leave": self.leave,
            "invite": self.invite,
            "sub_groups": self.sub_groups,
            "links": self.link,
            "unlink": self.unlink,
        }
        by_tag |= self._requests.by_tag(self._administered)
        by_tag |= dict.fromkeys(MEMBERSHIP, self.membership)
        by_tag |= dict.fromkeys(SWITCHES, self.switch)
        return {(NAMESPACE, tag): answer for tag, answer in by_tag.items()}

    def create(self, device: Device, question: Node) -> Reply:
        wanted = question.child("create")
        members = [self._directory.by_jid(each.jid("jid")) for each in wanted.all("participant")]
        known = [account for account in members if account]
        if len(known) != len(members):
            raise not_found()
        flags: dict[str, str | None] = {tag: None for tag in ("locked", "announcement") if wanted.find(tag)}
        ephemeral = wanted.find("ephemeral")
        if ephemeral is not None and ephemeral.number("expiration"):
            flags["ephemeral"] = ephemeral.get("expiration")
        subject = wanted.get("subject") or ""
        group = self._changes.create(device.account, subject, known, flags=flags, origin=device)
        if wanted.find("parent"):
            self._changes.found(group)
        return Reply([describe(group)])

    def sub_groups(self, device: Device, question: Node) -> Reply:
        listed = [
            Node(
                "group",
                {"id": group.id, "subject": group.subject, "s_t": group.subject_at},
                [Node("default_sub_group")] if group.is_default else None,
            )
            for group in self._groups.below(self._own(device, question))
        ]
        return Reply([Node("sub_groups", {}, listed)])

    def link(self, device: Device, question: Node) -> Reply:
        """A group that is in a community already is refused by itself: the answer as a whole is none."""
        community, links = self._administered(device, question), question.child("links").child("link")
        listed = []
        for each in links.children:
            jid = each.jid("jid")
            group = self._groups.find(jid)
            error = None if group and group.parent is None and group.is_admin(device.account) else CONFLICT
            if group and error is None:
                self._changes.link(community, group)
            listed.append(Node("group", {"jid": jid, "error": error}))
        return Reply([Node("links", {}, [Node("link", {"link_type": "sub_group"}, listed)])])

    def unlink(self, device: Device, question: Node) -> Reply:
        community = self._administered(device, question)
        for each in question.child("unlink").children:
            group = self._groups.find(each.jid("jid"))
            if group and group.parent == community.id and not group.is_default:
                self._changes.unlink(group)
        return Reply([Node("unlink", {"unlink_type": "sub_group"}, question.child("unlink").children)])

    def show(self, device: Device, question: Node) -> Reply:
        return Reply([describe(self._own(device, question))])

    def list_own(self, device: Device, question: Node) -> Reply:
        return Reply([Node("groups", {}, [describe(group) for group in self._groups.of(device.account)])])

    def membership(self, device: Device, question: Node) -> Reply:
        """One answer per account: those that are there already, or are not, have an error of their own."""
        group, wanted = self._administered(device, question), question.first
        jids = [each.jid("jid") for each in wanted.all("participant")]
        accounts = {jid: self._directory.by_jid(jid) for jid in jids}
        action = next(each for each in MEMBERSHIP if each == wanted.tag)
        before = list(group.members)
        known = [account for account in accounts.values() if account]
        changed = self._changes.membership(group, device.account, action, known)
        listed = [_outcome(group, jid, accounts[jid], changed, before) for jid in jids]
        return Reply([Node(action, {}, listed)])

    def rename(self, device: Device, question: Node) -> Reply:
        group = self._changeable(device, question)
        self._changes.rename(group, device.account, question.first.data.decode(errors="replace"))
        return OK

    def describe(self, device: Device, question: Node) -> Reply:
        group, wanted = self._changeable(device, question), question.first
        body = wanted.find("body")
        text = body.data.decode(errors="replace") if body else None
        self._changes.describe(group, device.account, text, wanted.get("id"))
        return OK

    def switch(self, device: Device, question: Node) -> Reply:
        group, wanted = self._administered(device, question), question.first
        self._changes.switch(group, device.account, wanted.tag, wanted.get("expiration"))
        return OK

    def member_add_mode(self, device: Device, question: Node) -> Reply:
        group = self._administered(device, question)
        mode = question.first.data.decode(errors="replace")
        if mode not in MODES:
            raise MalformedFrame("members are added by admins or by all")
        self._changes.set_mode(group, member_add_mode=mode)
        return OK

    def approval(self, device: Device, question: Node) -> Reply:
        group = self._administered(device, question)
        state = question.first.child("group_join").text("state")
        if state not in ("on", "off"):
            raise MalformedFrame("approval is on or off")
        self._changes.set_mode(group, approval=state)
        return OK

    def deactivate(self, device: Device, question: Node) -> Reply:
        self._changes.deactivate(self._community(device, question), device.account)
        return OK

    def who_adds_groups(self, device: Device, question: Node) -> Reply:
        community = self._community(device, question)
        self._changes.let_members_add_groups(community, not question.first.tag.startswith("not_"))
        return OK

    def leave(self, device: Device, question: Node) -> Reply:
        left = question.child("leave").children
        for each in left:
            group = self._groups.find(each.jid("id"))
            if group and device.account in group.members:
                self._changes.membership(group, device.account, "remove", [device.account])
        return Reply([Node("leave", {}, left)])

    def invite(self, device: Device, question: Node) -> Reply:
        """To a group: its code, or a new one. To the server: the group of a code, or joining it."""
        is_change = question.get("type") == "set"
        if question.jid("to").user:
            group = self._administered(device, question)
            return Reply([Node("invite", {"code": self._changes.new_invite(group) if is_change else group.invite})])
        invited = self._groups.by_invite(question.first.text("code"))
        if invited is None:
            raise Refused(NOT_ACCEPTABLE, "not-acceptable")
        if not is_change:
            return Reply([describe(invited)])
        if invited.approval == "on" and device.account not in invited.members:
            self._requests.ask(invited, device.account)
            return Reply([Node("membership_approval_request", {"jid": invited.jid})])
        self._changes.membership(invited, device.account, "add", [device.account])
        return Reply([Node("group", {"jid": invited.jid})])

    def _own(self, device: Device, question: Node) -> Group:
        group = self._groups.find(question.jid("to"))
        if group is None:
            raise not_found()
        if device.account not in group.members:
            raise forbidden()
        return group

    def _administered(self, device: Device, question: Node) -> Group:
        group = self._own(device, question)
        if not group.is_admin(device.account):
            raise forbidden()
        return group

    def _community(self, device: Device, question: Node) -> Group:
        community = self._administered(device, question)
        if not community.is_parent or question.get("type") != "set":
            raise Refused(NOT_ACCEPTABLE, "not-acceptable")
        return community

    def _changeable(self, device: Device, question: Node) -> Group:
        """In a locked group only administrators change subject and description."""
        group = self._own(device, question)
        if "locked" in group.flags and not group.is_admin(device.account):
            raise forbidden()
        return group


def _outcome(group: Group, jid: Jid, account: Account | None, changed: list[Account], before: list[Account]) -> Node:
    if account in changed:
        return participant(group, account)
    error = CONFLICT if account in before else 404
    head: Attributes = {"jid": jid, "error": error}
    return Node("participant", head)
