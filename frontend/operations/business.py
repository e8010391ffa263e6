"""Business: tags and notes."""

from common.requests import business as requests
from common.requests.places import OfChat, OfChatTag, OfTag
from frontend.operation import Call, Operation, Read, Unavailable
from frontend.replies import business as replies
from frontend.replies.common import Done, Succeeded
from frontend.services import Services

LABELS = "tags are changes of app state, which the library cannot send"
NOTES = "notes are changes of app state, which the library cannot send"

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


OPERATIONS = (
    Operation(
        "GET",
        "tags",
        Unavailable(LABELS),
        "List tags",
        replies.Tags,
        tag="business",
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
        Unavailable(LABELS),
        "Create a tag",
        replies.Id,
        body=requests.CreateTag,
        tag="business",
        example={"name": "Retirada", "color": 4},
    ),
    Operation(
        "POST",
        "business/edit-tag/{tagId}",
        Unavailable(LABELS),
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
        Unavailable(LABELS),
        "Delete a tag",
        Succeeded,
        place=OfTag,
        tag="business",
    ),
    Operation(
        "PUT",
        "chats/{phone}/tags/{tag}/add",
        Unavailable(LABELS),
        "Put a tag on a chat",
        Done,
        place=OfChatTag,
        tag="business",
    ),
    Operation(
        "PUT",
        "chats/{phone}/tags/{tag}/remove",
        Unavailable(LABELS),
        "Take a tag off a chat",
        Done,
        place=OfChatTag,
        tag="business",
    ),
    Operation(
        "POST",
        "chats/{phone}/notes",
        Unavailable(NOTES),
        "Write a note on a chat",
        Succeeded,
        body=requests.SaveNotes,
        place=OfChat,
        tag="business",
        example={"notes": "Prefere entrega a tarde"},
    ),
)
