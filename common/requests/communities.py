"""Requests about communities. Their members are changed by the same requests as a group's."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import CommunityId, GroupPhone
from common.requests.groups import LONGEST_DESCRIPTION, Subject
from common.requests.media_source import MediaSource

MOST_GROUPS = 100


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


class CreateCommunity(_Request):
    name: Subject
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] | None = None


class LinkGroups(_Request):
    communityId: CommunityId
    groupsPhones: Annotated[list[GroupPhone], Field(min_length=1, max_length=MOST_GROUPS)]


class CommunitySettings(_Request):
    communityId: CommunityId
    whoCanAddNewGroups: Literal["admins", "all"]


class UpdateCommunityDescription(_Request):
    communityId: CommunityId
    communityDescription: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]


class UpdateCommunityPhoto(_Request):
    communityId: CommunityId
    communityPhoto: MediaSource
