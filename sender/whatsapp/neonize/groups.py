"""Groups and communities through the library."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from common.addresses import LID, USER, Jid, server_of
from common.errors import DeliveryError
from sender.whatsapp.neonize.answers import Ask, checked, done, failure, text, told
from sender.whatsapp.neonize.parts import pack
from sender.whatsapp.neonize.protobuf import (
    JID,
    GetGroupInfoReturnFunction,
    GetGroupInviteLinkReturnFunction,
    GetJoinedGroupsReturnFunction,
    GetSubGroupsReturnFunction,
    GroupInfo,
    GroupParticipant,
    JIDArray,
    JoinGroupWithLinkReturnFunction,
    ReqCreateGroup,
    SetGroupPhotoReturnFunction,
    UpdateGroupParticipantsReturnFunction,
    to_engine,
)
from sender.whatsapp.powers.groups import Change, Group, GroupUnknown, Member, NotAllowed, SubGroup

_UNKNOWN = (
    "group does not exist",
    "invite link is not valid",
    "invite link has been revoked",
    "status 404",
    "status 406",
    "status 410",
)
_NOT_ALLOWED = ("don't have the permission", "not participating", "status 401", "status 403")
_SECOND = 1_000_000_000  # nanoseconds, in which the library counts a message's life


class NeonizeGroups:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(self, subject: str, members: Sequence[Jid]) -> Group:
        wanted = ReqCreateGroup(name=subject, CreateKey=_key())
        wanted.Participants.extend(JID.FromString(to_engine(member)) for member in members)
        return await self._create(wanted)

    async def create_community(self, subject: str) -> Group:
        wanted = ReqCreateGroup(name=subject, CreateKey=_key())
        wanted.GroupParent.IsParent = True
        wanted.GroupParent.DefaultMembershipApprovalMode = "request_required"
        return await self._create(wanted)

    async def look(self, group: Jid) -> Group:
        return _group(await self._read("group", to_engine(group)))

    async def joined(self) -> list[Group]:
        answer = GetJoinedGroupsReturnFunction.FromString(await self._ask("groups", b""))
        return [_group(each) for each in checked(answer, _failure).Group]

    async def rename(self, group: Jid, subject: str) -> None:
        done(await self._ask("rename-group", pack(to_engine(group), text(subject))), _failure)

    async def describe(self, group: Jid, text_: str) -> None:
        done(await self._ask("describe-group", pack(to_engine(group), text(text_))), _failure)

    async def set_picture(self, group: Jid, jpeg: bytes) -> None:
        answer = await self._ask("group-picture", pack(to_engine(group), jpeg))
        checked(SetGroupPhotoReturnFunction.FromString(answer), _failure)

    async def change_members(self, group: Jid, change: Change, members: Sequence[Jid]) -> list[Member]:
        array = JIDArray()
        array.JIDS.extend(JID.FromString(to_engine(member)) for member in members)
        question = pack(to_engine(group), array.SerializeToString(), change.value.encode())
        answer = UpdateGroupParticipantsReturnFunction.FromString(await self._ask("change-members", question))
        return [_member(each) for each in checked(answer, _failure).participants]

    async def let_only_admins_write(self, group: Jid, value: bool) -> None:
        done(await self._ask("only-admins-write", pack(to_engine(group), _flag(value))), _failure)

    async def let_only_admins_edit(self, group: Jid, value: bool) -> None:
        done(await self._ask("only-admins-edit", pack(to_engine(group), _flag(value))), _failure)

    async def invitation(self, group: Jid, *, renew: bool = False) -> str:
        answer = await self._ask("invitation", pack(to_engine(group), _flag(renew)))
        link: str = checked(GetGroupInviteLinkReturnFunction.FromString(answer), _failure).InviteLink
        return link

    async def look_by_invitation(self, link: str) -> Group:
        return _group(await self._read("group-of-invitation", text(link)))

    async def join(self, link: str) -> Jid:
        answer = JoinGroupWithLinkReturnFunction.FromString(await self._ask("join-group", text(link)))
        joined = told(checked(answer, _failure).Jid)
        if joined is None:
            raise GroupUnknown
        return joined

    async def leave(self, group: Jid) -> None:
        done(await self._ask("leave-group", to_engine(group)), _failure)

    async def expire_messages(self, chat: Jid, seconds: int) -> None:
        done(await self._ask("expire-messages", pack(to_engine(chat), str(seconds * _SECOND).encode())), _failure)

    async def sub_groups(self, community: Jid) -> list[SubGroup]:
        answer = GetSubGroupsReturnFunction.FromString(await self._ask("sub-groups", to_engine(community)))
        return [
            SubGroup(address, each.GroupName.Name, each.GroupIsDefaultSub.IsDefaultSubGroup)
            for each in checked(answer, _failure).GroupLinkTarget
            if (address := told(each.JID)) is not None
        ]

    async def link(self, community: Jid, group: Jid) -> None:
        done(await self._ask("link-group", pack(to_engine(community), to_engine(group))), _failure)

    async def unlink(self, community: Jid, group: Jid) -> None:
        done(await self._ask("unlink-group", pack(to_engine(community), to_engine(group))), _failure)

    async def _create(self, wanted: ReqCreateGroup) -> Group:
        return _group(await self._read("create-group", wanted.SerializeToString()))

    async def _read(self, question: str, body: bytes) -> GroupInfo:
        answer = GetGroupInfoReturnFunction.FromString(await self._ask(question, body))
        return checked(answer, _failure).GroupInfo


def _group(info: GroupInfo) -> Group:
    address = told(info.JID)
    if address is None:
        raise GroupUnknown
    return Group(
        address=address,
        subject=info.GroupName.Name,
        subject_at=_time(info.GroupName.NameSetAt),
        subject_by=told(info.GroupName.NameSetBy),
        description=info.GroupTopic.Topic or None,
        owner=told(info.OwnerPN) or told(info.OwnerJID),
        created_at=_time(info.GroupCreated),
        only_admins_write=info.GroupAnnounce.IsAnnounce,
        only_admins_edit=info.GroupLocked.isLocked,
        is_community=info.GroupParent.IsParent,
        is_announcement=info.GroupIsDefaultSub.IsDefaultSubGroup,
        parent=told(info.GroupLinkedParent.LinkedParentJID),
        members=tuple(_member(each) for each in info.Participants),
    )


def _member(participant: GroupParticipant) -> Member:
    address = told(participant.JID) or told(participant.PhoneNumber) or told(participant.LID) or Jid("")
    phone = told(participant.PhoneNumber) or (address if server_of(address) == USER else None)
    hidden = told(participant.LID) or (address if server_of(address) == LID else None)
    return Member(address, phone, participant.IsAdmin, participant.IsSuperAdmin, participant.Error, hidden)


def _time(seconds: float) -> datetime | None:
    """Year 1, as the library writes a time that it does not know, is none."""
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def _flag(value: bool) -> bytes:
    return b"\1" if value else b"\0"


def _key() -> str:
    return secrets.token_hex(8).upper()


def _failure(error: str) -> DeliveryError:
    if any(part in error for part in _NOT_ALLOWED):
        return NotAllowed()
    return GroupUnknown() if any(part in error for part in _UNKNOWN) else failure(error)
