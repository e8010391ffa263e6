"""Requests that send a poll or vote in one."""

from typing import Annotated

from pydantic import Field

from common.requests.fields import MessageId, Text, Whole
from common.requests.messages.outgoing import Part, ToChat


class PollOption(Part):
    name: Text


class SendPoll(ToChat):
    """`pollMaxOptions`: how many options one person may choose; unset or 0: any number."""

    kind = "poll"

    message: Text
    poll: Annotated[list[PollOption], Field(min_length=1)]
    pollMaxOptions: Annotated[int, Field(strict=True, ge=0, le=1_000), Whole] | None = None


class SendPollVote(ToChat):
    """Options are named exactly as in the poll. None at all takes the vote back."""

    kind = "poll-vote"

    pollMessageId: MessageId
    pollVote: list[PollOption]
