"""Contacts, chats and privacy."""

from tests.contract.routes.calls import (
    GROUP,
    LID,
    NEWSLETTER,
    NO_PAGE,
    NO_PHONE,
    OLD_GROUP,
    OTHER,
    PAGES,
    PERSON,
    Route,
    at_phone,
    call,
    got,
    posted,
)

CONTACTS = (
    got("contacts", *PAGES, refused=NO_PAGE),
    posted(
        "contacts/add",
        call([{"firstName": "Marina", "lastName": "Duarte", "phone": PERSON}, {"firstName": "Paulo", "phone": OTHER}]),
        refused=(
            (call({"firstName": "Marina", "phone": PERSON}), "body: "),
            (call([]), "body: "),
            (call([{"phone": PERSON}]), "0.firstName: "),
            (call([{"firstName": "Ana", "phone": "x"}]), "0.phone: "),
        ),
    ),
    Route(
        "DELETE",
        "contacts/remove",
        (call([PERSON, OTHER]),),
        ((call(["x"]), "0: "), (call({}), "body: "), (call([PERSON] * 1_001), "body: ")),
    ),
    at_phone("contacts/{phone}", PERSON, LID),
    Route("POST", "contacts/{phone}/report", (call(None, PERSON),), ((call(None, "abc"), NO_PHONE),)),
    posted(
        "contacts/modify-blocked",
        call({"phone": PERSON, "action": "block"}),
        call({"phone": int(PERSON), "action": "unblock"}),
        refused=(
            (call({"phone": PERSON}), "action: "),
            (call({"phone": PERSON, "action": "ban"}), "action: "),
            (call({"phone": GROUP, "action": "block"}), "phone: "),
            (call({"action": "block"}), "phone: "),
        ),
    ),
    at_phone("phone-exists/{phone}"),
    posted(
        "phone-exists-batch",
        call({"phones": [PERSON, "5511900000000", PERSON]}),
        call({"phones": []}),
        refused=(
            (call({}), "phones: "),
            (call({"phones": PERSON}), "phones: "),
            (call({"phones": ["abc"]}), "phones.0: "),
            (call({"phones": [PERSON] * 50_001}), "phones: "),
        ),
    ),
    got("profile-picture", call(phone=PERSON), refused=((call(), "phone: "), (call(phone="abc"), "phone: "))),
)

CHATS = (
    got("chats", *PAGES, refused=NO_PAGE),
    at_phone("chats/{phone}", PERSON, GROUP, OLD_GROUP, LID, "1624901640-broadcast", NEWSLETTER),
    at_phone("chat/{phone}"),
    at_phone("chat-messages/{phone}", amount=10, lastMessageId="3EB0A1B2C3D4E5F60718"),
    posted(
        "modify-chat",
        *(
            call({"phone": PERSON, "action": action})
            for action in (
                "read",
                "unread",
                "archive",
                "unarchive",
                "pin",
                "unpin",
                "mute",
                "unmute",
                "clear",
                "delete",
            )
        ),
        call({"phone": GROUP, "action": "archive"}),
        refused=((call({"phone": PERSON, "action": "burn"}), "action: "), (call({"action": "read"}), "phone: ")),
    ),
    posted(
        "send-chat-expiration",
        call({"phone": PERSON, "chatExpiration": "7_DAYS"}),
        call({"phone": GROUP, "chatExpiration": "24_hours"}),
        refused=((call({"phone": PERSON, "chatExpiration": "1_YEAR"}), "chatExpiration: "),),
    ),
)


def visibility(path: str) -> Route:
    changes = [{"action": "add", "phone": PERSON}, {"action": "remove", "phone": OTHER}]
    return posted(
        path,
        call({"visualizationType": "CONTACT_BLACKLIST", "contactsBlacklist": changes}),
        *(call({"visualizationType": kind}) for kind in ("ALL", "NONE", "CONTACTS", "CONTACT_BLACKLIST")),
        refused=(
            (call({}), "visualizationType: "),
            (call({"visualizationType": "SOME"}), "visualizationType: "),
            (
                call({"visualizationType": "ALL", "contactsBlacklist": [{"action": "keep", "phone": PERSON}]}),
                "contactsBlacklist.0.action: ",
            ),
        ),
    )


PRIVACY = (
    got(
        "privacy/disallowed-contacts",
        *(call(type=kind) for kind in ("lastSeen", "photo", "description", "groupAdd")),
        refused=((call(), "type: "), (call(type="last-seen"), "type: ")),
    ),
    visibility("privacy/last-seen"),
    visibility("privacy/photo"),
    visibility("privacy/description"),
    posted(
        "privacy/group-add",
        call({"type": "CONTACT_BLACKLIST", "contactsBlacklist": [{"action": "add", "phone": PERSON}]}),
        call({"type": "ALL"}),
        refused=((call({"type": "NONE"}), "type: "),),
    ),
    posted(
        "privacy/online",
        call({"visualizationType": "SAME_LAST_SEEN"}),
        call({"visualizationType": "ALL"}),
        refused=((call({"visualizationType": "CONTACTS"}), "visualizationType: "),),
    ),
    posted(
        "privacy/read-receipts",
        call(value="enable"),
        call(value="disable"),
        refused=((call(), "value: "), (call(value="on"), "value: ")),
    ),
    posted(
        "privacy/messages-duration",
        *(call(value=value) for value in ("days90", "days7", "hours24", "disable")),
        refused=((call(value="7_DAYS"), "value: "),),
    ),
)
