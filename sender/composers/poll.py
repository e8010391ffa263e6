"""Polls and votes."""

from hashlib import sha256

from common.errors import NotRemembered
from common.requests.messages.poll import SendPoll, SendPollVote
from sender.composers.earlier import key_of
from sender.composers.occasion import Composed, Occasion
from sender.composers.secrets import SECRET_BYTES, Purpose, seal
from sender.composers.text import with_line_breaks
from sender.whatsapp.protobuf import (
    Message,
    MessageContextInfo,
    PollCreationMessage,
    PollEncValue,
    PollUpdateMessage,
    PollVoteMessage,
)


async def compose_poll(send: SendPoll, occasion: Occasion) -> Composed:
    """In the oldest of the poll's forms: the engine marks the stanza of that one alone as a poll."""
    limit = send.pollMaxOptions or 0
    poll = PollCreationMessage(
        name=with_line_breaks(send.message),
        options=[PollCreationMessage.Option(optionName=option.name) for option in send.poll],
        selectableOptionsCount=limit if limit <= len(send.poll) else 0,
    )
    secret = MessageContextInfo(messageSecret=occasion.random(SECRET_BYTES))
    return Message(pollCreationMessage=poll, messageContextInfo=secret)


async def compose_vote(send: SendPollVote, occasion: Occasion) -> Composed:
    """Raises NotRemembered when the poll's secret is not known: its sender could not read the vote."""
    key = await key_of(occasion, send.pollMessageId)
    secret = await occasion.memory.secret(occasion.chat, key.ID)
    if secret is None:
        raise NotRemembered("the secret of the poll is not known")
    own = await occasion.memory.own()
    vote = PollVoteMessage(selectedOptions=[sha256(option.name.encode()).digest() for option in send.pollVote])
    sealed = seal(
        vote.SerializeToString(), Purpose.POLL_VOTE, key.ID, secret, own.beside(secret.sender), occasion.random
    )
    return Message(
        pollUpdateMessage=PollUpdateMessage(
            pollCreationMessageKey=key,
            vote=PollEncValue(encPayload=sealed.ciphertext, encIV=sealed.nonce),
            senderTimestampMS=occasion.milliseconds,
        )
    )
