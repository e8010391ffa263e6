"""Requests that read or empty a queue."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Flag, Whole
from common.tables.uncertain import Policy

PAGE = 20
LARGEST_PAGE = 30
LARGEST_OLD_PAGE = 100

PageSize = Annotated[int, Field(strict=True, ge=1), Whole]
"""More than the largest page is cut to it, not refused."""

Cursor = Annotated[str, Field(max_length=512)]


class ReadQueue(BaseModel):
    model_config = ConfigDict(frozen=True)

    pageSize: PageSize | None = None
    pagingState: Cursor | None = None


class ReadOldQueue(BaseModel):
    """`page` has no effect any more, so nothing looks at it."""

    model_config = ConfigDict(frozen=True)

    pageSize: Annotated[int, Field(ge=1)] = PAGE


class EmptyQueue(BaseModel):
    model_config = ConfigDict(frozen=True)

    olderThan: Annotated[str, Field(max_length=64)] | None = Field(
        None,
        description="Only what was accepted before: a time (ISO 8601 with its offset) or an age such as 90m.",
        examples=["2h", "2027-01-05T10:20:30Z"],
    )


class ReadDeadLetters(BaseModel):
    model_config = ConfigDict(frozen=True)

    pageSize: Annotated[int, Field(ge=1)] = PAGE
    pagingState: Cursor | None = None


class SetUncertainPolicy(BaseModel):
    """`hold`: say so and wait for a receipt or a decision. `resend`: a message may arrive twice. `assume-sent`: one may
    be missing. `resend-same-id`: the message goes again under the id it had, so that a receiver can know it again; only
    for an instance whose `wire` is set to relay."""

    model_config = ConfigDict(frozen=True)

    value: Policy


class PauseQueue(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Flag


class SettleMessage(BaseModel):
    model_config = ConfigDict(frozen=True)

    outcome: Literal["sent", "failed", "resend"]
