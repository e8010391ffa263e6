"""Requests about tokens and the audit."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Whole


class RotateToken(BaseModel):
    """`overlapSeconds`: how long the token before still opens the instance; 0 ends it at once."""

    model_config = ConfigDict(frozen=True)

    overlapSeconds: Annotated[int, Field(strict=True, ge=0, le=30 * 86_400), Whole] | None = None


class ListAudit(BaseModel):
    model_config = ConfigDict(frozen=True)

    before: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    instanceId: UUID | None = None
    pageSize: Annotated[int, Field(ge=1, le=1_000)] = 100
