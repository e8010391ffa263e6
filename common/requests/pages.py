"""Pages: the part of a list that a caller wants."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LARGEST_PAGE = 1_000
MOST_PAGES = 1_000_000


class Page(BaseModel):
    """Counted from 1."""

    model_config = ConfigDict(frozen=True)

    page: Annotated[int, Field(ge=1, le=MOST_PAGES)] = 1
    pageSize: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 20


class MaybePage(BaseModel):
    """Without either everything is meant."""

    model_config = ConfigDict(frozen=True)

    page: Annotated[int, Field(ge=1, le=MOST_PAGES)] = 1
    pageSize: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] | None = None
