"""Contacts: who has WhatsApp, what a person shows, the address book, blocking."""

from common.capabilities import Capability
from common.requests.contacts import AddContacts, ModifyBlocked, OfWhom, PhoneExistsBatch, RemoveContacts
from common.requests.pages import Page
from common.requests.places import OfNumber, OfPerson
from frontend.lookup_batch import look_up_batch
from frontend.operation import Ask, Operation, Read
from frontend.replies import contacts as replies
from frontend.replies.common import Done
from frontend.support import State, everywhere

REPORT = "reporting takes a question to the server that the library does not know"

OPERATIONS = (
    Operation(
        "GET",
        "contacts",
        Ask("contacts"),
        "List contacts, page by page",
        replies.Contacts,
        query=Page,
        tag="contacts",
        stands=everywhere(State.LOCAL),
    ),
    Operation(
        "POST",
        "contacts/add",
        Ask("add-contacts", Capability.ADDRESS_BOOK),
        "Save contacts to the phone's address book",
        replies.BookChanged,
        body=AddContacts,
        tag="contacts",
        example=[{"firstName": "Marina", "lastName": "Duarte", "phone": "5511987654321"}],
    ),
    Operation(
        "DELETE",
        "contacts/remove",
        Ask("remove-contacts", Capability.ADDRESS_BOOK),
        "Remove contacts from the phone's address book",
        replies.BookChanged,
        body=RemoveContacts,
        tag="contacts",
        example=["5511987654321"],
    ),
    Operation(
        "GET",
        "contacts/{phone}",
        Ask("contact-metadata"),
        "What is known of one person",
        replies.ContactMetadata,
        place=OfPerson,
        tag="contacts",
    ),
    Operation(
        "POST",
        "contacts/{phone}/report",
        Ask("report-contact", Capability.QUESTIONS, REPORT),
        "Report a person to WhatsApp",
        replies.Reported,
        place=OfPerson,
        tag="contacts",
    ),
    Operation(
        "POST",
        "contacts/modify-blocked",
        Ask("modify-blocked"),
        "Block or unblock a person",
        Done,
        body=ModifyBlocked,
        tag="contacts",
        example={"phone": "5511987654321", "action": "block"},
    ),
    Operation(
        "GET",
        "phone-exists/{phone}",
        Ask("phone-exists"),
        "Whether a number has WhatsApp",
        replies.PhoneExists,
        place=OfNumber,
        tag="contacts",
    ),
    Operation(
        "POST",
        "phone-exists-batch",
        Read(look_up_batch),
        "Which of many numbers have WhatsApp",
        replies.PhoneExistsBatch,
        body=PhoneExistsBatch,
        tag="contacts",
        example={"phones": ["5511987654321", "5511900000000"]},
        stands=everywhere(State.SERVED),
    ),
    Operation(
        "GET",
        "profile-picture",
        Ask("profile-picture-of"),
        "A fresh address of somebody's picture",
        replies.Pictures,
        query=OfWhom,
        tag="contacts",
    ),
)
