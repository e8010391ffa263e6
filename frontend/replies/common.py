"""Replies that several domains share, and how times are written."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

HexId = Annotated[str, Field(pattern="^[0-9A-F]{32}$", examples=["019D4410C6E57B7D8C2F9E8A6B1D0C3F"])]
MessageId = Annotated[str, Field(examples=["3EB0C1D2E3F40516273849"])]
Milliseconds = Annotated[int, Field(description="Unix time in milliseconds.", examples=[1799144430123])]


class Nothing(BaseModel):
    """An empty object."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(BaseModel):
    """Whether what was asked was done."""

    model_config = ConfigDict(frozen=True)

    value: bool


class Error(BaseModel):
    model_config = ConfigDict(frozen=True)

    error: str


class Unsupported(BaseModel):
    """What WhatsApp's library, or the session's mode, does not offer."""

    model_config = ConfigDict(frozen=True)

    error: str
    code: Literal["not-supported-by-engine"]


class Succeeded(BaseModel):
    """Whether it was done, as the routes say it that do not say `value`."""

    model_config = ConfigDict(frozen=True)

    success: bool


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def written(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
