"""Contacts: who has WhatsApp, what a person shows, the address book, blocking."""

from common.requests.contacts import AddContacts, ModifyBlocked, OfWhom, PhoneExistsBatch, RemoveContacts
from common.requests.pages import Page
from common.requests.places import OfNumber, OfPerson
from frontend.operation import Operation, Unavailable
from frontend.replies import contacts as replies
from frontend.replies.common import Done
from frontend.support import NOT_YET

ADDRESS_BOOK = "saving contacts is a change of app state, which the library cannot send"
REPORT = "reporting takes a question to the server that the library does not know"

OPERATIONS = (
    Operation(
        "GET",
        "contacts",
        Unavailable(NOT_YET),
        "List contacts, page by page",
        replies.Contacts,
        query=Page,
        tag="contacts",
    ),
    Operation(
        "POST",
        "contacts/add",
        Unavailable(ADDRESS_BOOK),
        "Save contacts to the phone's address book",
        replies.BookChanged,
        body=AddContacts,
        tag="contacts",
        example=[{"firstName": "Marina", "lastName": "Duarte", "phone": "5511987654321"}],
    ),
    Operation(
        "DELETE",
        "contacts/remove",
        Unavailable(ADDRESS_BOOK),
        "Remove contacts from the phone's address book",
        replies.BookChanged,
        body=RemoveContacts,
        tag="contacts",
        example=["5511987654321"],
    ),
    Operation(
        "GET",
        "contacts/{phone}",
        Unavailable(NOT_YET),
        "What is known of one person",
        replies.ContactMetadata,
        place=OfPerson,
        tag="contacts",
    ),
    Operation(
        "POST",
        "contacts/{phone}/report",
        Unavailable(REPORT),
        "Report a person to WhatsApp",
        replies.Reported,
        place=OfPerson,
        tag="contacts",
    ),
    Operation(
        "POST",
        "contacts/modify-blocked",
        Unavailable(NOT_YET),
        "Block or unblock a person",
        Done,
        body=ModifyBlocked,
        tag="contacts",
        example={"phone": "5511987654321", "action": "block"},
    ),
    Operation(
        "GET",
        "phone-exists/{phone}",
        Unavailable(NOT_YET),
        "Whether a number has WhatsApp",
        replies.PhoneExists,
        place=OfNumber,
        tag="contacts",
    ),
    Operation(
        "POST",
        "phone-exists-batch",
        Unavailable(NOT_YET),
        "Which of many numbers have WhatsApp",
        replies.PhoneExistsBatch,
        body=PhoneExistsBatch,
        tag="contacts",
        example={"phones": ["5511987654321", "5511900000000"]},
    ),
    Operation(
        "GET",
        "profile-picture",
        Unavailable(NOT_YET),
        "A fresh address of somebody's picture",
        replies.Pictures,
        query=OfWhom,
        tag="contacts",
    ),
)
