"""Answers about channels."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class NewsletterCreated(_Reply):
    id: str


class ViewMetadata(_Reply):
    mute: Literal["ON", "OFF"]
    role: str


class Newsletter(_Reply):
    """`creationTime` is in seconds, as text."""

    id: str
    creationTime: str
    state: str
    name: str
    description: str
    subscribersCount: str | None = None
    inviteLink: str | None
    verification: Literal["VERIFIED", "UNVERIFIED"]
    picture: str | None
    preview: str | None
    viewMetadata: ViewMetadata | None = None


class Newsletters(RootModel[list[Newsletter]]):
    pass


class NewsletterFound(_Reply):
    id: str
    name: str
    description: str
    subscribersCount: str
    picture: str | None


class NewslettersFound(_Reply):
    cursor: None
    data: list[NewsletterFound]


class OwnershipTransferred(_Reply):
    value: bool
    message: str | None = None
