"""Answers about groups and communities."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel

from frontend.replies.common import Milliseconds


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class GroupShown(_Reply):
    """`lastMessageTime` is in milliseconds on this route."""

    isGroup: bool
    name: str
    phone: str
    unread: str
    lastMessageTime: str
    isMuted: Literal["0", "1"]
    isMarkedSpam: Literal["true", "false"]
    archived: Literal["true", "false"]
    pinned: Literal["true", "false"]
    muteEndTime: str | None
    messagesUnread: str


class Groups(RootModel[list[GroupShown]]):
    pass


class GroupCreated(_Reply):
    """`participants` go beyond the contract: what became of each number. The link is null where it could not be had."""

    phone: str
    invitationLink: str | None
    participants: "list[MemberResult] | None" = None


class MemberResult(_Reply):
    """What became of one number: done, invited, or why not (a text such as `not-authorized`)."""

    phone: str
    done: bool
    invited: bool
    error: str | None


class MembersChanged(_Reply):
    """True when something was done for at least one number."""

    value: bool
    participants: list[MemberResult] | None = None


class Participant(_Reply):
    phone: str
    isAdmin: bool
    isSuperAdmin: bool
    short: str | None = None
    name: str | None = None


class GroupMetadata(_Reply):
    phone: str
    description: str | None
    owner: str | None
    subject: str
    creation: Milliseconds | None
    invitationLink: str | None
    invitationLinkError: str | None
    communityId: str | None
    adminOnlyMessage: bool
    adminOnlySettings: bool
    requireAdminApproval: bool
    isGroupAnnouncement: bool
    participants: list[Participant]
    subjectTime: Milliseconds | None
    subjectOwner: str | None


class Invitation(_Reply):
    """A group as its invitation shows it to who is not in it."""

    phone: str
    owner: str | None
    subject: str
    description: str | None
    creation: Milliseconds | None
    invitationLink: str
    contactsCount: int
    participantsCount: int
    participants: list[Participant]
    subjectTime: Milliseconds | None
    subjectOwner: str | None


class InvitationLink(_Reply):
    phone: str | None = None
    invitationLink: str


class SubGroup(_Reply):
    name: str
    phone: str
    isGroupAnnouncement: bool


class CommunityCreated(_Reply):
    id: str
    subGroups: list[SubGroup]


class CommunityListed(_Reply):
    name: str
    id: str


class Communities(RootModel[list[CommunityListed]]):
    pass


class CommunityMetadata(_Reply):
    name: str
    id: str
    description: str | None
    subGroups: list[SubGroup]


class GroupRefused(_Reply):
    phone: str
    message: str


class GroupsLinked(_Reply):
    """True when at least one group was linked; the others are told of."""

    success: bool
    errors: list[GroupRefused] | None = None
