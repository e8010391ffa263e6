"""Tags and notes of chats."""

from common.addresses import chat_address
from common.capabilities import Capability
from common.requests import business as requests
from common.requests.places import OfChat, OfChatTag, OfTag
from common.tables import chat_note, tag
from frontend.operation import Ask, Call, Operation, Read, Write
from frontend.replies import business as replies
from frontend.replies.common import Done, Succeeded
from frontend.services import Services
from frontend.support import State, everywhere

OWN_TAGS = "those that were made through the gateway: the library does not tell of others"
OWN_NOTES = "kept by the gateway: the form in which phones share notes is not known"

COLORS = replies.TagColors(
    {
        str(index): color
        for index, color in enumerate(
            (
                "#FF9485", "#64C4FF", "#FFD429", "#DFAEF0", "#99B6C1", "#55CCB3", "#FF9DFF", "#D3A91D", "#6D7CCE",
                "#D7E752", "#00D0E2", "#FFC5C7", "#93CEAC", "#F74848", "#00A0F2", "#83E422", "#FFAF04", "#B5EBFF",
                "#9BA6FF", "#9368CF",
            )
        )
    }
)  # fmt: skip
"""By index; the first three are those of the documentation."""


async def list_colors(services: Services, call: Call[None, None]) -> replies.TagColors:
    return COLORS


async def list_tags(services: Services, call: Call[None, None]) -> replies.Tags:
    found = await tag.list_all(services.pool, call.access.id)
    return replies.Tags([replies.Tag(id=str(one.id), name=one.name, color=one.color) for one in found])


async def save_note(services: Services, call: Call[None, requests.SaveNotes]) -> Succeeded:
    chat = chat_address(call.place.phone)
    await chat_note.write(services.pool, call.access.id, chat, call.body.notes.strip())
    return Succeeded(success=True)


OPERATIONS = (
    Operation(
        "GET",
        "tags",
        Read(list_tags),
        "List tags",
        replies.Tags,
        tag="business",
        stands=everywhere(State.LOCAL, OWN_TAGS),
    ),
    Operation(
        "GET",
        "business/tags/colors",
        Read(list_colors),
        "The colours that a tag can have",
        replies.TagColors,
        tag="business",
    ),
    Operation(
        "POST",
        "business/create-tag",
        Ask("create-tag", Capability.LABELS),
        "Create a tag",
        replies.Id,
        body=requests.CreateTag,
        tag="business",
        example={"name": "Retirada", "color": 4},
    ),
    Operation(
        "POST",
        "business/edit-tag/{tagId}",
        Ask("edit-tag", Capability.LABELS),
        "Rename or recolour a tag",
        Succeeded,
        body=requests.CreateTag,
        place=OfTag,
        tag="business",
        example={"name": "Retirada na loja", "color": 2},
    ),
    Operation(
        "DELETE",
        "business/tag/{tagId}",
        Ask("delete-tag", Capability.LABELS),
        "Delete a tag",
        Succeeded,
        place=OfTag,
        tag="business",
    ),
    Operation(
        "PUT",
        "chats/{phone}/tags/{tag}/add",
        Ask("add-tag", Capability.LABELS),
        "Put a tag on a chat",
        Done,
        place=OfChatTag,
        tag="business",
    ),
    Operation(
        "PUT",
        "chats/{phone}/tags/{tag}/remove",
        Ask("remove-tag", Capability.LABELS),
        "Take a tag off a chat",
        Done,
        place=OfChatTag,
        tag="business",
    ),
    Operation(
        "POST",
        "chats/{phone}/notes",
        Write(save_note),
        "Write a note on a chat",
        Succeeded,
        body=requests.SaveNotes,
        place=OfChat,
        tag="business",
        example={"notes": "Prefere entrega a tarde"},
        stands=everywhere(State.LOCAL, OWN_NOTES),
    ),
)
