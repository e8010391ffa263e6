"""Privacy: who sees what of the account."""

from common.requests.privacy import (
    OfList,
    SetGroupAdd,
    SetMessagesDuration,
    SetOnline,
    SetReadReceipts,
    SetVisibility,
)
from frontend.operation import Operation, Unavailable
from frontend.replies.common import Succeeded
from frontend.replies.privacy import DisallowedContacts
from frontend.support import NOT_YET

OPERATIONS = (
    Operation(
        "GET",
        "privacy/disallowed-contacts",
        Unavailable(NOT_YET),
        "Who is left out of one setting",
        DisallowedContacts,
        query=OfList,
        tag="privacy",
    ),
    Operation(
        "POST",
        "privacy/last-seen",
        Unavailable(NOT_YET),
        "Who sees when the account was last online",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
    ),
    Operation(
        "POST",
        "privacy/photo",
        Unavailable(NOT_YET),
        "Who sees the picture",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
    ),
    Operation(
        "POST",
        "privacy/description",
        Unavailable(NOT_YET),
        "Who sees the text below the name",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
    ),
    Operation(
        "POST",
        "privacy/group-add",
        Unavailable(NOT_YET),
        "Who may add the account to groups",
        Succeeded,
        body=SetGroupAdd,
        tag="privacy",
        example={"type": "CONTACTS"},
    ),
    Operation(
        "POST",
        "privacy/online",
        Unavailable(NOT_YET),
        "Who sees whether the account is online",
        Succeeded,
        body=SetOnline,
        tag="privacy",
        example={"visualizationType": "SAME_LAST_SEEN"},
    ),
    Operation(
        "POST",
        "privacy/read-receipts",
        Unavailable(NOT_YET),
        "Whether others are told that their messages were read",
        Succeeded,
        query=SetReadReceipts,
        tag="privacy",
    ),
    Operation(
        "POST",
        "privacy/messages-duration",
        Unavailable(NOT_YET),
        "How long messages of new chats live",
        Succeeded,
        query=SetMessagesDuration,
        tag="privacy",
    ),
)
