"""Changing groups: what is done, and how all members' devices hear of it."""

import os
from collections.abc import Iterable, Sequence
from typing import Literal

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.group import ADMIN, MEMBER, Description, Group, Groups
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.stanzas import StanzaIds, notification, now
from sender.whatsapp.wire.jid import GROUP_SERVER, LID_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node

Membership = Literal["add", "remove", "promote", "demote"]
MEMBERSHIP: tuple[Membership, ...] = ("add", "remove", "promote", "demote")
SWITCHES = ("locked", "unlocked", "announcement", "not_announcement", "ephemeral", "not_ephemeral")


class GroupChanges:
    """`actor` is the account that does it: whether it may is for the caller to know."""

    def __init__(self, groups: Groups, mailbox: Mailbox, ids: StanzaIds, moments: Moments) -> None:
        self._groups, self._mailbox = groups, mailbox
        self._ids, self._moments = ids, moments

    def create(
        self,
        actor: Account,
        subject: str,
        members: Iterable[Account],
        *,
        addressing: str = LID_SERVER,
        flags: dict[str, str | None] | None = None,
        origin: Device | None = None,
    ) -> Group:
        """Every device is told but the one that asked for it."""
        group = self._groups.add(subject, actor, members, addressing)
        if flags:
            group.flags.update(flags)
            self._groups.save(group)
        self._tell(group, actor, Node("create", {"type": "new"}, [describe(group)]), skip=origin)
        return group

    def found(self, community: Group) -> Group:
        """Make a group a community: it gets the announcement group that everybody is in."""
        community.is_parent = True
        self._groups.save(community)
        default = self._groups.add(community.subject, community.creator, (), community.addressing)
        default.parent, default.is_default = community.id, True
        default.flags["announcement"] = None
        self._groups.save(default)
        return default

    def link(self, community: Group, group: Group) -> None:
        group.parent = community.id
        self._groups.save(group)

    def unlink(self, group: Group) -> None:
        group.parent = None
        self._groups.save(group)

    def membership(
        self, group: Group, actor: Account, action: Membership, accounts: Sequence[Account]
    ) -> list[Account]:
        """Gives the accounts for which it made a difference."""
        changed = [account for account in accounts if self._applies(group, action, account)]
        for account in changed:
            if action != "remove":
                group.members[account] = ADMIN if action == "promote" else MEMBER
        if changed:
            self._tell(group, actor, Node(action, {}, [participant(group, account) for account in changed]))
        for account in changed if action == "remove" else ():
            del group.members[account]  # those removed have been told as well
        self._groups.save(group)
        return changed

    def rename(self, group: Group, actor: Account, subject: str) -> None:
        group.subject, group.subject_at, group.subject_by = subject, now(), actor
        self._groups.save(group)
        head: Attributes = {"subject": subject, "s_t": group.subject_at}
        author: Attributes = {"s_o": actor.jid(group.addressing), "s_o_pn": actor.phone_jid}
        self._tell(group, actor, Node("subject", {**head, **author}))

    def describe(self, group: Group, actor: Account, text: str | None, description_id: str | None = None) -> None:
        """None takes the description away."""
        number = description_id or os.urandom(8).hex().upper()
        group.description = None if text is None else Description(number, text, actor, now())
        self._groups.save(group)
        body = Node("delete") if text is None else Node("body", {}, text)
        self._tell(group, actor, Node("description", {"id": number}, [body]))

    def switch(self, group: Group, actor: Account, tag: str, expiration: str | None = None) -> None:
        """One of SWITCHES: who may write, who may change the group, how long messages stay."""
        flag = tag.removeprefix("not_").removeprefix("un")
        if tag == flag:
            group.flags[flag] = expiration
        else:
            group.flags.pop(flag, None)
        self._groups.save(group)
        head: Attributes = {}
        if tag == "ephemeral":
            head = {"expiration": expiration}
        elif flag == "announcement":
            head = {"v_id": now()}
        self._tell(group, actor, Node(tag, head))

    def deactivate(self, community: Group, actor: Account) -> None:
        """Its groups stay, its announcement group goes with it."""
        for group in self._groups.below(community):
            if not group.is_default:
                self.unlink(group)
        for group in (*self._groups.below(community), community):
            self._tell(group, actor, Node("delete"))
            self._groups.remove(group)

    def let_members_add_groups(self, community: Group, value: bool) -> None:
        community.members_add_groups = value
        self._groups.save(community)

    def set_mode(self, group: Group, *, member_add_mode: str | None = None, approval: str | None = None) -> None:
        group.member_add_mode = member_add_mode or group.member_add_mode
        group.approval = approval or group.approval
        self._groups.save(group)

    def new_invite(self, group: Group) -> str:
        group.invite = os.urandom(8).hex()
        self._groups.save(group)
        return group.invite

    def _applies(self, group: Group, action: Membership, account: Account) -> bool:
        rank = group.members.get(account)
        if action == "add":
            return rank is None
        if action == "promote":
            return rank == MEMBER
        return rank == ADMIN if action == "demote" else rank is not None

    def _tell(self, group: Group, actor: Account, change: Node, *, skip: Device | None = None) -> None:
        """Also the acting device, which learns of its own change that way."""
        is_lid = group.addressing == LID_SERVER
        more: dict[str, str | None] = {"notify": actor.name, "addressing_mode": "lid" if is_lid else "pn"}
        who = {"participant": actor.jid(group.addressing), "participant_pn": actor.phone_jid}
        for account in list(group.members):
            for device in list(account.devices.values()):
                if device is not skip:
                    news = notification(self._ids, "w:gp2", group.jid, [change], **more, **who)
                    self._mailbox.deliver(device, news)
        self._moments.changed()


def participant(group: Group, account: Account) -> Node:
    """A member with both of its addresses."""
    is_lid = group.addressing == LID_SERVER
    head: Attributes = {"jid": account.jid(group.addressing), "type": group.members.get(account)}
    other: Attributes = {"phone_number": account.phone_jid} if is_lid else {"lid": account.lid_jid}
    return Node("participant", {**head, **other})


def describe(group: Group) -> Node:
    """A group as clients want to see it everywhere."""
    content = [participant(group, account) for account in group.members]
    description = group.description
    if description:
        author = description.author.jid(group.addressing)
        head: Attributes = {"id": description.id, "participant": author, "t": description.at}
        content.append(Node("description", head, [Node("body", {}, description.text)]))
    content += [Node(flag, {"expiration": value}) for flag, value in group.flags.items()]
    content.append(Node("member_add_mode", {}, group.member_add_mode))
    if group.is_parent:
        content.append(Node("parent", {"default_membership_approval_mode": "request_required"}))
        if group.members_add_groups:
            content.append(Node("allow_non_admin_sub_group_creation"))
    if group.parent:
        content.append(Node("linked_parent", {"jid": Jid(group.parent, GROUP_SERVER)}))
    if group.is_default:
        content.append(Node("default_sub_group"))
    if group.approval == "on":
        content.append(Node("membership_approval_mode", {}, [Node("group_join", {"state": "on"})]))
    return Node(
        "group",
        {
            "id": group.id,
            "creator": group.creator.jid(group.addressing),
            "creator_pn": group.creator.phone_jid,
            "creation": group.created_at,
            "subject": group.subject,
            "s_t": group.subject_at,
            "s_o": group.subject_by.jid(group.addressing),
            "s_o_pn": group.subject_by.phone_jid,
            "size": len(group.members),
            "addressing_mode": "lid" if group.addressing == LID_SERVER else "pn",
        },
        content,
    )
