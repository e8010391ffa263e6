"""Requests that set something on the instance itself; each has one member, `value`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Flag
from common.requests.media_source import MediaField

LONGEST_NAME = 255
LONGEST_PROFILE_NAME = 25  # WhatsApp's own limit
LONGEST_ABOUT = 139  # WhatsApp's own limit
LONGEST_REJECTION = 4_096
LARGEST_PICTURE = 5 * 1024 * 1024  # bytes of a data URI, which travels to the node that holds the session


class SetName(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class SetFlag(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Flag


class SetCallRejectMessage(BaseModel):
    """Null or an empty text: nothing is sent."""

    model_config = ConfigDict(frozen=True)

    value: Annotated[str, Field(max_length=LONGEST_REJECTION)] | None


class SetProfileName(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Annotated[str, Field(min_length=1, max_length=LONGEST_PROFILE_NAME)]


class SetProfileDescription(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Annotated[str, Field(max_length=LONGEST_ABOUT)]


class SetProfilePicture(BaseModel):
    """A public URL, or a data URI."""

    model_config = ConfigDict(frozen=True)

    value: Annotated[str, MediaField(frozenset({"image/jpeg", "image/png", "image/webp"}), LARGEST_PICTURE)]
