"""Answers about privacy."""

from pydantic import BaseModel, ConfigDict


class DisallowedContacts(BaseModel):
    model_config = ConfigDict(frozen=True)

    disallowedContacts: list[str]
