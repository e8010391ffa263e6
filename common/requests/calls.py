"""Requests about calls."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import PhoneNumber, Url

LONGEST_CALL = 15  # seconds; a longer wish is cut
MOST_SECONDS = 3_600


class SendCall(BaseModel):
    model_config = ConfigDict(frozen=True)

    phone: PhoneNumber
    callDuration: Annotated[float, Field(strict=True, ge=1, le=MOST_SECONDS)] = 5
    callAudioUrl: Url | None = None
