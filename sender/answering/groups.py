"""Questions about groups as a whole: made, shown, changed, joined and left."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.addresses import Jid, parse_phone, to_phone
from common.clock import Clock
from common.errors import DeliveryError
from common.tables.chat import Chat
from sender.answering import members
from sender.answering.membership import Invite, announcement_group, invite_refused, link_to
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer, NoAnswer
from sender.whatsapp.powers.groups import Group, Groups, NotAllowed
from sender.whatsapp.powers.inquiries import HasInquiries
from sender.whatsapp.powers.people import FOREVER, ChatSettings, HasPeople

Arguments = Mapping[str, Any]
PictureOf = Callable[[str, UUID], Awaitable[bytes]]
"""A URL or data URI that an instance names, as a JPEG that WhatsApp takes. Raises DeliveryErrors."""
ChatsOf = Callable[[UUID, Sequence[Jid]], Awaitable[Mapping[Jid, Chat]]]
"""What the gateway's own list knows of these chats."""

EXPIRATIONS = {"24_HOURS": 86_400, "7_DAYS": 604_800, "90_DAYS": 7_776_000, "OFF": 0}


class GroupQuestions:
    """Instance and arguments in, what the reply models of the frontend's operations hold out."""

    def __init__(self, seats: Seats, picture_of: PictureOf, invite: Invite, chats_of: ChatsOf, clock: Clock) -> None:
        self._seats = seats
        self._picture_of = picture_of
        self._invite = invite
        self._chats_of = chats_of
        self._clock = clock

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "groups": self.list_own,
            "create-group": self.create,
            "group-metadata": self.show,
            "light-group-metadata": self.show_lightly,
            "update-group-name": self.rename,
            "update-group-photo": self.set_picture,
            "update-group-description": self.describe,
            "leave-group": self.leave,
            "group-invitation-metadata": self.show_invited,
            "group-invitation-link": self.invitation,
            "redefine-invitation-link": self.renew_invitation,
            "accept-invite-group": self.join,
            "send-chat-expiration": self.expire_messages,
        }

    async def list_own(self, instance: UUID, arguments: Arguments) -> Any:
        """Groups and announcement groups, without the communities themselves."""
        groups, people = self._seats.groups(instance), self._seats.people(instance)
        with reading():
            joined = sorted((each for each in await groups.joined() if not each.is_community), key=_by_address)
            settings = await people.chat_settings()
        start = (arguments["page"] - 1) * arguments["pageSize"]
        wanted = joined[start : start + arguments["pageSize"]]
        now, chats = self._clock.now(), await self._chats_of(instance, [each.address for each in wanted])
        return [
            _listed(each, settings.get(each.address, ChatSettings()), chats.get(each.address), now) for each in wanted
        ]

    async def create(self, instance: UUID, arguments: Arguments) -> Any:
        """The own number among the members is no member: whoever makes a group is in it."""
        held = self._seats.held(instance)
        groups = self._groups(instance)
        phones = [phone for phone in dict.fromkeys(arguments["phones"]) if phone != held.phone]
        if not phones:
            raise NoAnswer(400, "phones: at least one other number is needed")
        with reading():
            wanted = await members.resolve(held.session, phones)
            made = await groups.create(arguments["groupName"], [each for each in wanted.values() if each is not None])
        link, _ = await link_to(groups, made.address)
        told = members.outcomes(wanted, made.members)
        if arguments["autoInvite"]:
            await invite_refused(self._invite, instance, wanted, told, link)
        return {"phone": to_phone(made.address), "invitationLink": link, "participants": told}

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        """With the invitation, whose failure is told and fails nothing."""
        groups, address = self._groups(instance), parse_phone(arguments["phone"])
        with reading():
            group = await groups.look(address)
            needs_approval = await self._needs_approval(instance, address)
        link, error = await link_to(groups, address)
        return {**_metadata(group, needs_approval), "invitationLink": link, "invitationLinkError": error}

    async def show_lightly(self, instance: UUID, arguments: Arguments) -> Any:
        address = parse_phone(arguments["phone"])
        with reading():
            group = await self._groups(instance).look(address)
            needs_approval = await self._needs_approval(instance, address)
        return {**_metadata(group, needs_approval), "invitationLink": None, "invitationLinkError": None}

    async def rename(self, instance: UUID, arguments: Arguments) -> Any:
        group = parse_phone(arguments["groupId"])
        return await self._do(instance, "rename", lambda groups: groups.rename(group, arguments["groupName"]))

    async def describe(self, instance: UUID, arguments: Arguments) -> Any:
        group = parse_phone(arguments["groupId"])
        return await self._do(
            instance, "describe", lambda groups: groups.describe(group, arguments["groupDescription"])
        )

    async def set_picture(self, instance: UUID, arguments: Arguments) -> Any:
        async def change(groups: Groups) -> None:
            jpeg = await self._picture_of(arguments["groupPhoto"], instance)
            await groups.set_picture(parse_phone(arguments["groupId"]), jpeg)

        return await self._do(instance, "picture", change)

    async def leave(self, instance: UUID, arguments: Arguments) -> Any:
        group = parse_phone(arguments["groupId"])
        return await self._do(instance, "leave", lambda groups: groups.leave(group))

    async def show_invited(self, instance: UUID, arguments: Arguments) -> Any:
        groups = self._groups(instance)
        with reading():
            group = await groups.look_by_invitation(_code(arguments["url"]))
        listed = _metadata(group)
        kept = ("phone", "owner", "subject", "description", "creation", "participants", "subjectTime", "subjectOwner")
        count = len(group.members)
        return {
            **{name: listed[name] for name in kept},
            "invitationLink": arguments["url"].partition("?")[0],
            "contactsCount": await self._acquaintances(instance, group),
            "participantsCount": count,
        }

    async def invitation(self, instance: UUID, arguments: Arguments) -> Any:
        return await self._invitation(instance, parse_phone(arguments["groupId"]), renew=False)

    async def renew_invitation(self, instance: UUID, arguments: Arguments) -> Any:
        """Of a community it is the announcement group's, which leads people in."""
        name = arguments["groupId"]
        address = parse_phone(name) if "-" in name else await announcement_group(self._groups(instance), name)
        answer = await self._invitation(instance, address, renew=True)
        return {"invitationLink": answer["invitationLink"]}

    async def join(self, instance: UUID, arguments: Arguments) -> Any:
        with doing(instance, "join") as done:
            await self._groups(instance).join(_code(arguments["url"]))
        return {"success": done.is_done}

    async def expire_messages(self, instance: UUID, arguments: Arguments) -> Any:
        chat, seconds = parse_phone(arguments["phone"]), EXPIRATIONS[arguments["chatExpiration"]]
        return await self._do(instance, "expiration", lambda groups: groups.expire_messages(chat, seconds))

    def _groups(self, instance: UUID) -> Groups:
        return self._seats.groups(instance)

    async def _do(self, instance: UUID, what: str, change: Callable[[Groups], Awaitable[None]]) -> Any:
        groups = self._groups(instance)
        with doing(instance, what) as done:
            await change(groups)
        return {"value": done.is_done}

    async def _invitation(self, instance: UUID, group: Jid, *, renew: bool) -> Any:
        groups = self._groups(instance)
        try:
            link = await groups.invitation(group, renew=renew)
        except NotAllowed:
            raise NoAnswer(403, "not-authorized") from None
        except DeliveryError as error:
            with reading():
                raise error
        return {"phone": to_phone(group), "invitationLink": link}

    async def _needs_approval(self, instance: UUID, group: Jid) -> bool:
        """The library does not tell; a session that can ask for itself does."""
        session = self._seats.held(instance).session
        if not isinstance(session, HasInquiries):
            return False
        return (await session.inquiries.groups.switches(group)).joining_needs_approval

    async def _acquaintances(self, instance: UUID, group: Group) -> int:
        session = self._seats.held(instance).session
        if not isinstance(session, HasPeople):
            return 0
        known = {contact.address for contact in await session.people.contacts()}
        return sum(bool({member.address, member.phone, member.other} & known) for member in group.members)


def _metadata(group: Group, needs_approval: bool = False) -> dict[str, Any]:
    return {
        "phone": to_phone(group.address),
        "description": group.description,
        "owner": members.person(group.owner),
        "subject": group.subject,
        "creation": milliseconds(group.created_at),
        "communityId": members.community_id(group.parent),
        "adminOnlyMessage": group.only_admins_write,
        "adminOnlySettings": group.only_admins_edit,
        "requireAdminApproval": needs_approval,
        "isGroupAnnouncement": group.is_announcement,
        "participants": [members.shown(each) for each in group.members],
        "subjectTime": milliseconds(group.subject_at),
        "subjectOwner": members.person(group.subject_by),
    }


def _by_address(group: Group) -> Jid:
    return group.address


def _listed(group: Group, settings: ChatSettings, chat: Chat | None, now: datetime) -> dict[str, Any]:
    """What nobody has told us of a chat, its unread messages and its last one, is null."""
    last = None if chat is None or chat.last_message_at is None else str(int(chat.last_message_at.timestamp()))
    until = settings.muted_until
    is_muted = until is not None and until > now
    end = None if until is None or not is_muted else "-1" if until == FOREVER else str(milliseconds(until))
    return {
        "isGroup": True,
        "name": group.subject,
        "phone": to_phone(group.address),
        "unread": None if chat is None else str(chat.unread),
        "lastMessageTime": last,
        "isMuted": "1" if is_muted else "0",
        "isMarkedSpam": "false",
        "archived": "true" if settings.is_archived else "false",
        "pinned": "true" if settings.is_pinned else "false",
        "muteEndTime": end,
        "messagesUnread": "0",
    }


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _code(url: str) -> str:
    """The library takes the code alone too, and knows one form of address only."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2]
