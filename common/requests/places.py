"""Places: what the variable segments of a path must be."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Chat, CommunityId, GroupPhone, Member, NewsletterId, PhoneNumber

SomeId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_.:=-]{1,128}$", examples=["7340215698741230"])]
"""An id that WhatsApp has given: nothing here knows more of its form."""

TagId = Annotated[str, Field(pattern=r"^[0-9]{1,9}$", examples=["10"])]


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True)


class OfNumber(_Place):
    phone: PhoneNumber


class OfPerson(_Place):
    phone: Member


class OfChat(_Place):
    phone: Chat


class OfGroup(_Place):
    phone: GroupPhone


class OfGroupId(_Place):
    groupId: GroupPhone


class OfGroupOrCommunity(_Place):
    """An id without a suffix and without a dash is a community's."""

    groupId: Annotated[
        str,
        Field(
            pattern=r"^(?:[0-9]{5,24}(?:-group)?|[1-9][0-9]{4,14}-[0-9]{9,11})$", examples=["120363041234567890-group"]
        ),
    ]


class OfCommunity(_Place):
    communityId: CommunityId


class OfNewsletter(_Place):
    newsletterId: NewsletterId


class OfProduct(_Place):
    productId: SomeId


class OfCollection(_Place):
    collectionId: SomeId


class OfTag(_Place):
    tagId: TagId


class OfChatTag(_Place):
    phone: Chat
    tag: TagId
