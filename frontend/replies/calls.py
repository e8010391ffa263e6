"""Answers about calls."""

from pydantic import BaseModel, ConfigDict


class CallToken(BaseModel):
    model_config = ConfigDict(frozen=True)

    token: str


class SipInfo(BaseModel):
    model_config = ConfigDict(frozen=True)

    host: str
    user: str
    token: str | None = None
    active: bool
