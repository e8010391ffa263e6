"""Channels of a simulated account, and their administration, which only relayed sessions offer."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from common.addresses import Jid, user_of
from sender.whatsapp.powers.newsletters import Newsletter, NewsletterUnknown
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.simulation.line import Line

FIRST = 120_363_400_000_000_001
OWNER, ADMIN, SUBSCRIBER = "OWNER", "ADMIN", "SUBSCRIBER"


class SimulatedNewsletters:
    """`admins` and `invited` are people by channel; the account's own part is the channel's `role`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers = itertools.count(FIRST)
        self.by_address: dict[Jid, Newsletter] = {}
        self.admins: set[tuple[Jid, Jid]] = set()
        self.invited: set[tuple[Jid, Jid]] = set()
        self.basic_reactions: set[Jid] = set()

    async def create(self, name: str, description: str) -> Newsletter:
        self._line.check()
        address = Jid(f"{next(self._numbers)}@newsletter")
        self.by_address[address] = Newsletter(
            address=address, state="ACTIVE", name=name, description=description, created_at=datetime.now(UTC),
            subscribers=1, invite_code=f"0029V{user_of(address)[-8:]}", is_verified=False, picture=None, preview=None,
            is_muted=False, role=OWNER,
        )  # fmt: skip
        return self.by_address[address]

    async def look(self, newsletter: Jid) -> Newsletter:
        self._line.check()
        found = self.by_address.get(newsletter)
        if found is None:
            raise NewsletterUnknown
        return found

    async def own(self) -> list[Newsletter]:
        self._line.check()
        return [each for each in self.by_address.values() if each.role is not None]

    async def follow(self, newsletter: Jid, *, is_followed: bool) -> None:
        found = await self.look(newsletter)
        kept = found.role if found.role in (OWNER, ADMIN) else SUBSCRIBER
        self._put(replace(found, role=kept if is_followed else None))

    async def mute(self, newsletter: Jid, *, is_muted: bool) -> None:
        self._put(replace(await self.look(newsletter), is_muted=is_muted))

    # --- administration ---

    async def rename(self, newsletter: Jid, name: str) -> None:
        self._put(replace(await self._administered(newsletter), name=name))

    async def describe(self, newsletter: Jid, text: str) -> None:
        self._put(replace(await self._administered(newsletter), description=text))

    async def set_picture(self, newsletter: Jid, jpeg: bytes) -> None:
        path = f"/newsletters/{user_of(newsletter)}"
        self._put(replace(await self._administered(newsletter), picture=path, preview=path))

    async def limit_reactions(self, newsletter: Jid, *, is_basic_only: bool) -> None:
        await self._administered(newsletter)
        (self.basic_reactions.add if is_basic_only else self.basic_reactions.discard)(newsletter)

    async def delete(self, newsletter: Jid) -> None:
        del self.by_address[(await self._owned(newsletter)).address]

    async def accept_invitation(self, newsletter: Jid) -> None:
        found = await self.look(newsletter)
        self._take(self.invited, newsletter, self._line.own_lid)
        self._put(replace(found, role=ADMIN))

    async def remove_admin(self, newsletter: Jid, person: Jid) -> None:
        if person == self._line.own_lid:
            self._put(replace(await self._administered(newsletter), role=SUBSCRIBER))
            return
        await self._owned(newsletter)
        self._take(self.admins, newsletter, person)

    async def revoke_invitation(self, newsletter: Jid, person: Jid) -> None:
        await self._administered(newsletter)
        self._take(self.invited, newsletter, person)

    async def hand_over(self, newsletter: Jid, person: Jid) -> None:
        found = await self._owned(newsletter)
        self._take(self.admins, newsletter, person)
        self._put(replace(found, role=ADMIN))

    async def list_directory(self, view: str, countries: Sequence[str], limit: int) -> list[Newsletter]:
        self._line.check()
        return list(self.by_address.values())[:limit]

    async def search_directory(self, text: str, limit: int) -> list[Newsletter]:
        found = await self.list_directory("", (), len(self.by_address))
        return [each for each in found if text.lower() in each.name.lower()][:limit]

    async def _owned(self, newsletter: Jid) -> Newsletter:
        found = await self.look(newsletter)
        if found.role != OWNER:
            raise QuestionRefused(403)
        return found

    async def _administered(self, newsletter: Jid) -> Newsletter:
        found = await self.look(newsletter)
        if found.role not in (OWNER, ADMIN):
            raise QuestionRefused(403)
        return found

    def _take(self, people: set[tuple[Jid, Jid]], newsletter: Jid, person: Jid) -> None:
        if (newsletter, person) not in people:
            raise QuestionRefused(403)
        people.remove((newsletter, person))

    def _put(self, newsletter: Newsletter) -> None:
        self.by_address[newsletter.address] = newsletter
