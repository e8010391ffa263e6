"""Privacy: who sees what of the account."""

from common.capabilities import Capability
from common.requests.privacy import (
    OfList,
    SetGroupAdd,
    SetMessagesDuration,
    SetOnline,
    SetReadReceipts,
    SetVisibility,
)
from frontend.operation import Ask, Operation
from frontend.replies.common import Succeeded
from frontend.replies.privacy import DisallowedContacts
from frontend.support import State, everywhere

LISTS = "the library cannot change who is on the list of CONTACT_BLACKLIST; a direct session refuses a request for that"
DISALLOWED = "the library has no call that reads the lists of who is left out"

OPERATIONS = (
    Operation(
        "GET",
        "privacy/disallowed-contacts",
        Ask("privacy-list", Capability.QUESTIONS, DISALLOWED),
        "Who is left out of one setting",
        DisallowedContacts,
        query=OfList,
        tag="privacy",
    ),
    Operation(
        "POST",
        "privacy/last-seen",
        Ask("privacy-last-seen"),
        "Who sees when the account was last online",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
        stands=everywhere(State.SERVED, LISTS),
    ),
    Operation(
        "POST",
        "privacy/photo",
        Ask("privacy-photo"),
        "Who sees the picture",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
        stands=everywhere(State.SERVED, LISTS),
    ),
    Operation(
        "POST",
        "privacy/description",
        Ask("privacy-description"),
        "Who sees the text below the name",
        Succeeded,
        body=SetVisibility,
        tag="privacy",
        example={
            "visualizationType": "CONTACT_BLACKLIST",
            "contactsBlacklist": [{"action": "add", "phone": "5511987654321"}],
        },
        stands=everywhere(State.SERVED, LISTS),
    ),
    Operation(
        "POST",
        "privacy/group-add",
        Ask("privacy-group-add"),
        "Who may add the account to groups",
        Succeeded,
        body=SetGroupAdd,
        tag="privacy",
        example={"type": "CONTACTS"},
        stands=everywhere(State.SERVED, LISTS),
    ),
    Operation(
        "POST",
        "privacy/online",
        Ask("privacy-online"),
        "Who sees whether the account is online",
        Succeeded,
        body=SetOnline,
        tag="privacy",
        example={"visualizationType": "SAME_LAST_SEEN"},
    ),
    Operation(
        "POST",
        "privacy/read-receipts",
        Ask("privacy-read-receipts"),
        "Whether others are told that their messages were read",
        Succeeded,
        query=SetReadReceipts,
        tag="privacy",
    ),
    Operation(
        "POST",
        "privacy/messages-duration",
        Ask("privacy-messages-duration"),
        "How long messages of new chats live",
        Succeeded,
        query=SetMessagesDuration,
        tag="privacy",
    ),
)
