"""Who is told what of a change, who is invited instead, and what a session without a power answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from common.addresses import Jid, parse_phone
from common.clock import SystemClock
from common.tables.chat import Chat
from sender.answering.groups import GroupQuestions
from sender.answering.membership import MembershipQuestions
from sender.answering.seats import Seats
from sender.answers import NoAnswer
from sender.sessions import Held
from tests.sender.answering.fakes import LINK, FakeGroups, FakePeople, Powerful, Powerless

pytestmark = pytest.mark.anyio

ANA, RUI, EVA, NOBODY = "5511900000001", "5511900000002", "5511900000003", "5511900000009"
OWN = "5511911111111"


class Scene:
    def __init__(self, session: Any) -> None:
        self.chats: dict[Jid, Chat] = {}
        self.invited: list[tuple[Sequence[Jid], str]] = []
        held = None if session is None else Held(1, 1, cast(Any, session), OWN)
        seats = Seats(lambda _: held)
        groups = GroupQuestions(seats, self._picture, self._invite, self._chats, SystemClock())
        self.questions = {**groups.by_name(), **MembershipQuestions(seats, self._invite).by_name()}

    async def ask(self, name: str, **arguments: Any) -> Any:
        return await self.questions[name](uuid4(), arguments)

    async def _picture(self, source: str, instance: UUID) -> bytes:
        return b"jpeg"

    async def _chats(self, instance: UUID, chats: Sequence[Jid]) -> Mapping[Jid, Chat]:
        return self.chats

    async def _invite(self, instance: UUID, people: Sequence[Jid], link: str) -> None:
        self.invited.append((people, link))


def scene_of(**refused: int) -> Scene:
    groups = FakeGroups({parse_phone(phone.removeprefix("p")): error for phone, error in refused.items()})
    return Scene(Powerful(groups, FakePeople(missing=frozenset({NOBODY}))))


async def test_whoever_may_not_be_added_is_invited_and_nobody_else() -> None:
    scene = scene_of(**{f"p{RUI}": 403, f"p{EVA}": 409})
    told = await scene.ask(
        "add-participant", groupId="120363000000000001-group", communityId="", phones=[ANA, RUI, EVA, NOBODY],
        autoInvite=True,
    )  # fmt: skip
    assert told["value"] is True
    assert [(one["phone"], one["done"], one["invited"], one["error"]) for one in told["participants"]] == [
        (ANA, True, False, None),
        (RUI, False, True, "forbidden"),
        (EVA, False, False, "already-so"),
        (NOBODY, False, False, "not-on-whatsapp"),
    ]
    assert scene.invited == [([parse_phone(RUI)], LINK)]


async def test_groups_are_listed_with_what_the_list_of_chats_knows() -> None:
    scene = scene_of()
    (unknown,) = await scene.ask("groups", page=1, pageSize=10)
    assert (unknown["unread"], unknown["lastMessageTime"]) == (None, None)
    address = Jid("120363000000000001@g.us")
    last = datetime.fromtimestamp(1_767_277_800, UTC)
    scene.chats[address] = Chat(address, None, None, None, last, 3, False, False, 0, None, None, None)
    (known,) = await scene.ask("groups", page=1, pageSize=10)
    assert (known["unread"], known["lastMessageTime"]) == ("3", "1767277800")


async def test_nobody_is_invited_who_was_not_to_be() -> None:
    scene = scene_of(**{f"p{RUI}": 403})
    told = await scene.ask(
        "add-participant", groupId="120363000000000001-group", communityId="", phones=[RUI], autoInvite=False
    )
    assert (told["value"], scene.invited) == (False, [])


async def test_a_group_is_not_made_of_oneself_alone() -> None:
    with pytest.raises(NoAnswer) as refused:
        await scene_of().ask("create-group", groupName="x", phones=[OWN], autoInvite=False)
    assert refused.value.status == 400


@pytest.mark.parametrize(("session", "status"), [(None, 400), (Powerless(), 501)])
async def test_without_a_session_or_its_power_the_answer_says_which(session: Any, status: int) -> None:
    with pytest.raises(NoAnswer) as refused:
        await Scene(session).ask("leave-group", groupId="120363000000000001-group")
    assert refused.value.status == status
    assert refused.value.code == ("not-supported-by-engine" if status == 501 else None)
