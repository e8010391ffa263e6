"""Polls and votes on the wire."""

from hashlib import sha256

import pytest

from common.errors import NotRemembered
from sender.composers.secrets import Purpose, Sealed, open_sealed
from sender.whatsapp.protobuf import (
    Message,
    MessageContextInfo,
    MessageKey,
    PollCreationMessage,
    PollVoteMessage,
)
from sender.whatsapp.session import Secret
from tests.sender.composers.desk import AUTHOR, AUTHOR_LID, GROUP, GROUP_JID, MESSAGE, NOW_MS, OWN, Desk

pytestmark = pytest.mark.anyio

OPTIONS = [{"name": "Thursday"}, {"name": "Friday"}]


@pytest.mark.parametrize(("limit", "sent"), [(None, 0), (0, 0), (1, 1), (2, 2), (3, 0)])
async def test_a_poll_has_options_a_limit_and_a_secret(desk: Desk, limit: int | None, sent: int) -> None:
    """A limit above the number of options is none."""
    body = {} if limit is None else {"pollMaxOptions": limit}
    assert await desk.compose("poll", message="Which day?", poll=OPTIONS, **body) == Message(
        pollCreationMessage=PollCreationMessage(
            name="Which day?",
            options=[
                PollCreationMessage.Option(optionName="Thursday"),
                PollCreationMessage.Option(optionName="Friday"),
            ],
            selectableOptionsCount=sent,
        ),
        messageContextInfo=MessageContextInfo(messageSecret=b"r" * 32),
    )


@pytest.mark.parametrize("chosen", [["Friday"], ["Thursday", "Friday"], []])
async def test_a_vote_is_encrypted_hashes_of_the_options(desk: Desk, chosen: list[str]) -> None:
    desk.remember_received(None, author=AUTHOR_LID)
    secret = desk.remember_secret()
    composed = await desk.compose(
        "poll-vote", phone=GROUP, pollMessageId=MESSAGE, pollVote=[{"name": name} for name in chosen]
    )
    update = composed.pollUpdateMessage
    assert update.pollCreationMessageKey == MessageKey(
        remoteJID=GROUP_JID, fromMe=False, ID=MESSAGE, participant=AUTHOR_LID
    )
    assert update.senderTimestampMS == NOW_MS
    assert OWN.lid is not None
    sealed = Sealed(update.vote.encIV, update.vote.encPayload)
    vote = PollVoteMessage.FromString(open_sealed(sealed, Purpose.POLL_VOTE, MESSAGE, secret, OWN.lid))
    assert list(vote.selectedOptions) == [sha256(name.encode()).digest() for name in chosen]


async def test_the_voter_is_addressed_as_the_asker(desk: Desk) -> None:
    secret = desk.remember_secret(sender=AUTHOR)
    composed = await desk.compose("poll-vote", phone=GROUP, pollMessageId=MESSAGE, pollVote=OPTIONS)
    vote = composed.pollUpdateMessage.vote
    assert open_sealed(Sealed(vote.encIV, vote.encPayload), Purpose.POLL_VOTE, MESSAGE, secret, OWN.phone)


async def test_an_own_poll_is_voted_in_by_whatsapp_s_id(desk: Desk) -> None:
    desk.remember_own("poll", "{}")
    secret = Secret(OWN.phone, b"o" * 32)
    desk.memory.secrets[GROUP_JID, "3EB0FFFFFFFFFFFFFFFF"] = secret
    composed = await desk.compose("poll-vote", phone=GROUP, pollMessageId=MESSAGE, pollVote=OPTIONS)
    update = composed.pollUpdateMessage
    assert update.pollCreationMessageKey == MessageKey(remoteJID=GROUP_JID, fromMe=True, ID="3EB0FFFFFFFFFFFFFFFF")
    sealed = Sealed(update.vote.encIV, update.vote.encPayload)
    assert open_sealed(sealed, Purpose.POLL_VOTE, "3EB0FFFFFFFFFFFFFFFF", secret, OWN.phone)


async def test_a_vote_in_a_poll_without_a_known_secret_fails(desk: Desk) -> None:
    with pytest.raises(NotRemembered):
        await desk.compose("poll-vote", pollMessageId=MESSAGE, pollVote=OPTIONS)
