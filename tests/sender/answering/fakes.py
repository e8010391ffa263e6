"""People and groups as a test wants them, and a session that has both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.addresses import Jid, parse_phone
from sender.whatsapp.powers.groups import Change, Group, Member, SubGroup
from sender.whatsapp.powers.people import ChatSettings, Contact, Known

LINK = "https://chat.whatsapp.com/abcdefgh"


@dataclass(slots=True)
class FakePeople:
    """`missing` are numbers without an account."""

    missing: frozenset[str] = frozenset()
    asked: list[list[str]] = field(default_factory=list)
    pictures: int = 0

    async def look_up(self, numbers: Sequence[str]) -> list[Known]:
        self.asked.append(list(numbers))
        return [
            Known(each, None, None) if each in self.missing else Known(each, parse_phone(each), Jid(f"{each}0@lid"))
            for each in numbers
        ]

    async def picture(self, person: Jid) -> str | None:
        self.pictures += 1
        return f"https://pictures.example/{self.pictures}"

    async def about(self, person: Jid) -> str | None:
        return "At work"

    async def block(self, person: Jid, *, is_blocked: bool) -> None:
        return None

    async def contacts(self) -> list[Contact]:
        return []

    async def chat_settings(self) -> Mapping[Jid, ChatSettings]:
        return {}


@dataclass(slots=True)
class FakeGroups:
    """`refused` are the people whom WhatsApp does not add, with its numbers for why."""

    refused: Mapping[Jid, int] = field(default_factory=dict)

    async def create(self, subject: str, members: Sequence[Jid]) -> Group:
        return group(subject, tuple(self._member(each) for each in members))

    async def create_community(self, subject: str) -> Group:
        return group(subject, ())

    async def look(self, group_: Jid) -> Group:
        return group("Equipe", ())

    async def joined(self) -> list[Group]:
        return [group("Equipe", ())]

    async def rename(self, group_: Jid, subject: str) -> None:
        return None

    async def describe(self, group_: Jid, text: str) -> None:
        return None

    async def set_picture(self, group_: Jid, jpeg: bytes) -> None:
        return None

    async def change_members(self, group_: Jid, change: Change, members: Sequence[Jid]) -> list[Member]:
        return [self._member(each) for each in members]

    async def let_only_admins_write(self, group_: Jid, value: bool) -> None:
        return None

    async def let_only_admins_edit(self, group_: Jid, value: bool) -> None:
        return None

    async def invitation(self, group_: Jid, *, renew: bool = False) -> str:
        return LINK

    async def look_by_invitation(self, link: str) -> Group:
        return group("Equipe", ())

    async def join(self, link: str) -> Jid:
        return Jid("120363000000000001@g.us")

    async def leave(self, group_: Jid) -> None:
        return None

    async def expire_messages(self, chat: Jid, seconds: int) -> None:
        return None

    async def sub_groups(self, community: Jid) -> list[SubGroup]:
        return []

    async def link(self, community: Jid, group_: Jid) -> None:
        return None

    async def unlink(self, community: Jid, group_: Jid) -> None:
        return None

    def _member(self, address: Jid) -> Member:
        return Member(address, address, False, False, self.refused.get(address, 0))


def group(subject: str, members: tuple[Member, ...]) -> Group:
    address = Jid("120363000000000001@g.us")
    return Group(address, subject, None, None, None, None, None, False, False, False, False, None, members)


class Powerful:
    """A connected session with these powers and no other."""

    is_connected = True

    def __init__(self, groups: FakeGroups | None = None, people: FakePeople | None = None) -> None:
        self.groups = groups or FakeGroups()
        self.people = people or FakePeople()


class Powerless:
    is_connected = True
