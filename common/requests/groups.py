"""Requests about groups, and about the members of groups and communities alike."""

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from common.requests.fields import CommunityId, Flag, GroupPhone, Member
from common.requests.media_source import MediaSource

LONGEST_SUBJECT = 100  # WhatsApp's own limit
LONGEST_DESCRIPTION = 2_048  # WhatsApp's own limit
MOST_MEMBERS = 1_024  # WhatsApp's own limit

INVITATION = r"^https://chat\.whatsapp\.com/(?:invite/)?[0-9A-Za-z_-]{8,64}/?(?:\?[^\s#]{0,512})?$"

Subject = Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT)]
Members = Annotated[list[Member], Field(min_length=1, max_length=MOST_MEMBERS)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


class CreateGroup(_Request):
    groupName: Subject
    phones: Members
    autoInvite: Flag = False


class OfGroupInBody(_Request):
    groupId: GroupPhone


class UpdateGroupName(OfGroupInBody):
    groupName: Subject


class UpdateGroupDescription(OfGroupInBody):
    """An empty text takes the description away."""

    groupDescription: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]


class UpdateGroupPhoto(_Request):
    """The documentation spells the group's id in two ways."""

    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)

    groupId: Annotated[GroupPhone, Field(validation_alias=AliasChoices("groupId", "groupID"))]
    groupPhoto: MediaSource


def _either(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": ["groupId"]}, {"required": ["communityId"]}]


class OfGroupOrCommunityInBody(_Request):
    """A group or a community, and not both."""

    model_config = ConfigDict(frozen=True, json_schema_extra=_either)

    groupId: GroupPhone = ""
    communityId: CommunityId = ""

    @model_validator(mode="after")
    def _names_one(self) -> "OfGroupOrCommunityInBody":
        if len({"groupId", "communityId"} & self.model_fields_set) != 1:
            raise ValueError("write either groupId or communityId")
        return self


class ChangeMembers(OfGroupOrCommunityInBody):
    phones: Members


class AddMembers(ChangeMembers):
    autoInvite: Flag = False


class JudgeRequests(OfGroupInBody):
    """People who asked to be let in."""

    phones: Members


class UpdateGroupSettings(_Request):
    """Any part of the flags; what is not given stays."""

    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)

    phone: Annotated[GroupPhone, Field(validation_alias=AliasChoices("phone", "groupId"))]
    adminOnlyMessage: Flag | None = None
    adminOnlySettings: Flag | None = None
    requireAdminApproval: Flag | None = None
    adminOnlyAddMember: Flag | None = None


class OfInvitation(_Request):
    """The documentation writes the name in capitals too."""

    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)

    url: Annotated[
        str,
        Field(
            pattern=INVITATION,
            validation_alias=AliasChoices("url", "URL"),
            examples=["https://chat.whatsapp.com/GkQ7nWb2TzL4sVx9PdRe1A"],
        ),
    ]
