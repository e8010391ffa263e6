"""The contract of contacts, chats, groups, communities, channels, privacy, business, calls and first devices: each
route with calls as its documentation shows them, and with calls that are refused by the name of what is wrong.
"""

from dataclasses import dataclass, field
from typing import Any

PERSON, OTHER, LID = "5511987654321", "5521976543210", "204518739260417@lid"
GROUP, OLD_GROUP = "120363041234567890-group", "5511987654321-1623281429"
COMMUNITY, NEWSLETTER = "120363055512345678", "120363166501234567@newsletter"
LINK = "https://chat.whatsapp.com/GkQ7nWb2TzL4sVx9PdRe1A"
PICTURE = "https://cdn.example.com/grupo/capa.jpg"


@dataclass(frozen=True, slots=True)
class Call:
    """`at` fills the path's variables, in order."""

    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """`refused` are calls with how their refusal begins."""

    method: str
    path: str
    calls: tuple[Call, ...] = (Call(),)
    refused: tuple[tuple[Call, str], ...] = ()
    status: int = 200


def call(body: Any = None, *at: str, **query: Any) -> Call:
    return Call(body, query, at)


def got(path: str, *calls: Call, refused: tuple[tuple[Call, str], ...] = ()) -> Route:
    return Route("GET", path, calls or (Call(),), refused)


def posted(path: str, *calls: Call, refused: tuple[tuple[Call, str], ...] = (), status: int = 200) -> Route:
    return Route("POST", path, calls, refused, status)


_PAGES = (call(page=1, pageSize=20), call())
_NO_PAGE = (
    (call(page=0), "page: "),
    (call(pageSize=0), "pageSize: "),
    (call(pageSize=1_001), "pageSize: "),
    (call(page="x"), "page: "),
)
_NO_PHONE = "Invalid phone"


def at_phone(path: str, *phones: str, **query: Any) -> Route:
    calls = tuple(Call(None, query, (phone,)) for phone in phones or (PERSON,))
    return got(
        path, *calls, refused=((Call(None, query, ("abc",)), _NO_PHONE), (Call(None, query, ("12",)), _NO_PHONE))
    )


CONTACTS = (
    got("contacts", *_PAGES, refused=_NO_PAGE),
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
    Route("POST", "contacts/{phone}/report", (call(None, PERSON),), ((call(None, "abc"), _NO_PHONE),)),
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
    got("chats", *_PAGES, refused=_NO_PAGE),
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


def members(path: str, **more: Any) -> Route:
    return posted(
        path,
        call({**more, "groupId": GROUP, "phones": [PERSON, OTHER]}),
        call({**more, "communityId": COMMUNITY, "phones": [PERSON]}),
        refused=(
            (call({"phones": [PERSON]}), "body: "),
            (call({"groupId": GROUP, "communityId": COMMUNITY, "phones": [PERSON]}), "body: "),
            (call({"groupId": GROUP, "phones": []}), "phones: "),
            (call({"groupId": GROUP}), "phones: "),
            (call({"groupId": PERSON, "phones": [PERSON]}), "groupId: "),
            (call({"communityId": "sol", "phones": [PERSON]}), "communityId: "),
            (call({"groupId": GROUP, "phones": ["Ana"]}), "phones.0: "),
        ),
    )


def judged(path: str) -> Route:
    return posted(
        path,
        call({"groupId": GROUP, "phones": ["5541954321098"]}),
        refused=((call({"phones": [PERSON]}), "groupId: "), (call({"groupId": GROUP, "phones": []}), "phones: ")),
    )


GROUPS = (
    got("groups", *_PAGES, refused=_NO_PAGE),
    posted(
        "create-group",
        call({"autoInvite": True, "groupName": "Equipe Norte", "phones": [PERSON, OTHER]}),
        call({"groupName": "Equipe Norte", "phones": [int(PERSON)], "profileImage": PICTURE}),
        refused=(
            (call({"phones": [PERSON]}), "groupName: "),
            (call({"groupName": "x" * 101, "phones": [PERSON]}), "groupName: "),
            (call({"groupName": "x", "phones": []}), "phones: "),
            (call({"groupName": "x", "phones": [PERSON], "autoInvite": "maybe"}), "autoInvite: "),
        ),
    ),
    posted(
        "update-group-name",
        call({"groupId": GROUP, "groupName": "Equipe Norte 2026"}),
        call({"groupId": OLD_GROUP, "groupName": "Equipe Norte 2026"}),
        refused=((call({"groupId": GROUP}), "groupName: "), (call({"groupId": PERSON, "groupName": "x"}), "groupId: ")),
    ),
    posted(
        "update-group-photo",
        call({"groupId": GROUP, "groupPhoto": PICTURE}),
        call({"groupID": GROUP, "groupPhoto": "data:image/png;base64,iVBORw0KGgo="}),
        refused=(
            (call({"groupId": GROUP}), "groupPhoto: "),
            (call({"groupId": GROUP, "groupPhoto": "/etc/passwd"}), "groupPhoto: "),
        ),
    ),
    posted(
        "update-group-description",
        call({"groupId": GROUP, "groupDescription": "Avisos e escalas da equipe"}),
        call({"groupId": GROUP, "groupDescription": ""}),
        refused=((call({"groupId": GROUP}), "groupDescription: "),),
    ),
    posted(
        "update-group-settings",
        call(
            {
                "phone": GROUP,
                "adminOnlyMessage": True,
                "adminOnlySettings": True,
                "requireAdminApproval": False,
                "adminOnlyAddMember": True,
            }
        ),
        call({"groupId": GROUP, "adminOnlyMessage": "true"}),
        refused=(
            (call({"adminOnlyMessage": True}), "phone: "),
            (call({"phone": GROUP, "adminOnlyMessage": "perhaps"}), "adminOnlyMessage: "),
        ),
    ),
    members("add-participant", autoInvite=True),
    members("remove-participant"),
    members("add-admin"),
    members("remove-admin"),
    judged("approve-participant"),
    judged("reject-participant"),
    posted("leave-group", call({"groupId": GROUP}), refused=((call({}), "groupId: "),)),
    at_phone("group-metadata/{phone}", GROUP, OLD_GROUP),
    at_phone("light-group-metadata/{phone}", GROUP),
    got(
        "group-invitation-metadata",
        call(url=LINK),
        call(URL=f"{LINK}?mode=ac_t"),
        refused=((call(), "url: "), (call(url="https://example.com/GkQ7nWb2TzL4"), "url: ")),
    ),
    got("group-invitation-link/{groupId}", call(None, GROUP), refused=((call(None, PERSON), "groupId: "),)),
    posted("group-invitation-link/{groupId}", call(None, GROUP)),
    posted(
        "redefine-invitation-link/{groupId}",
        call(None, GROUP),
        call(None, COMMUNITY),
        call(None, OLD_GROUP),
        refused=((call(None, "abc"), "groupId: "),),
    ),
    got("accept-invite-group", call(url=LINK), refused=((call(), "url: "), (call(url="x"), "url: "))),
)


def linked(path: str) -> Route:
    return posted(
        path,
        call({"communityId": COMMUNITY, "groupsPhones": [GROUP, "120363049876543210-group"]}),
        refused=(
            (call({"communityId": COMMUNITY, "groupsPhones": []}), "groupsPhones: "),
            (call({"groupsPhones": [GROUP]}), "communityId: "),
            (call({"communityId": COMMUNITY, "groupsPhones": [PERSON]}), "groupsPhones.0: "),
        ),
    )


COMMUNITIES = (
    posted(
        "communities",
        call({"name": "Condominio Sol", "description": "Moradores dos blocos A a D"}),
        call({"name": "Condominio Sol"}),
        refused=((call({}), "name: "), (call({"name": ""}), "name: ")),
    ),
    got("communities", call(page=1, pageSize=10), call(), refused=((call(page=0), "page: "),)),
    linked("communities/link"),
    linked("communities/unlink"),
    got(
        "communities-metadata/{communityId}",
        call(None, COMMUNITY),
        call(None, f"{COMMUNITY}-group"),
        refused=((call(None, "sol"), "communityId: "),),
    ),
    posted(
        "communities/settings",
        call({"communityId": COMMUNITY, "whoCanAddNewGroups": "admins"}),
        refused=((call({"communityId": COMMUNITY, "whoCanAddNewGroups": "some"}), "whoCanAddNewGroups: "),),
    ),
    Route("DELETE", "communities/{communityId}", (call(None, COMMUNITY),), ((call(None, "sol"), "communityId: "),)),
    posted(
        "update-community-description",
        call({"communityId": COMMUNITY, "communityDescription": "Avisos para todos os blocos"}),
        refused=((call({"communityId": COMMUNITY}), "communityDescription: "),),
    ),
    posted(
        "update-community-photo",
        call({"communityId": COMMUNITY, "communityPhoto": PICTURE}),
        refused=((call({"communityId": COMMUNITY, "communityPhoto": "capa.jpg"}), "communityPhoto: "),),
    ),
)


def followed(path: str, method: str = "PUT") -> Route:
    refused = ((call({}), "id: "), (call({"id": NEWSLETTER.partition("@")[0]}), "id: "))
    return Route(method, path, (call({"id": NEWSLETTER}),), refused)


def of_newsletter(path: str, body: Any = None, *refused: tuple[Any, str], status: int = 201) -> Route:
    cases = tuple((call(one, NEWSLETTER), text) for one, text in refused)
    return posted(
        path,
        call(body, NEWSLETTER),
        refused=(*cases, (call(body, "120363166501234567"), "newsletterId: ")),
        status=status,
    )


NEWSLETTERS = (
    posted(
        "create-newsletter",
        call({"name": "Padaria da Vila", "description": "Promocoes da semana"}),
        call({"name": "Padaria da Vila"}),
        refused=((call({}), "name: "),),
        status=201,
    ),
    posted(
        "update-newsletter-picture",
        call({"id": NEWSLETTER, "pictureUrl": PICTURE}),
        refused=((call({"id": NEWSLETTER}), "pictureUrl: "), (call({"id": "x", "pictureUrl": PICTURE}), "id: ")),
        status=201,
    ),
    posted(
        "update-newsletter-name",
        call({"id": NEWSLETTER, "name": "Padaria da Vila Centro"}),
        refused=((call({"id": NEWSLETTER}), "name: "),),
        status=201,
    ),
    posted(
        "update-newsletter-description",
        call({"id": NEWSLETTER, "description": "Pao quente as sete"}),
        refused=((call({"id": NEWSLETTER}), "description: "),),
        status=201,
    ),
    followed("follow-newsletter"),
    followed("unfollow-newsletter"),
    followed("mute-newsletter"),
    followed("unmute-newsletter"),
    followed("delete-newsletter", "DELETE"),
    got(
        "newsletter/metadata/{newsletterId}",
        call(None, NEWSLETTER),
        call(None, NEWSLETTER.replace("@", "%40")),
        refused=((call(None, "120363166501234567"), "newsletterId: "),),
    ),
    got("newsletter"),
    posted(
        "search-newsletter",
        call({"limit": 20, "view": "POPULAR", "filters": {"countryCodes": ["BR", "PT"]}, "searchText": "padaria"}),
        call({"limit": "50", "filters": {"countryCodes": ["BR"]}}),
        refused=(
            (call({"filters": {"countryCodes": ["BR"]}}), "limit: "),
            (call({"limit": 0, "filters": {"countryCodes": ["BR"]}}), "limit"),
            (call({"limit": 5}), "filters: "),
            (call({"limit": 5, "filters": {"countryCodes": ["Brazil"]}}), "filters.countryCodes.0: "),
        ),
    ),
    of_newsletter(
        "newsletter/settings/{newsletterId}", {"reactionCodes": "basic"}, ({"reactionCodes": "some"}, "reactionCodes: ")
    ),
    of_newsletter("newsletter/accept-admin-invite/{newsletterId}"),
    of_newsletter("newsletter/remove-admin/{newsletterId}", {"phone": PERSON}, ({}, "phone: ")),
    of_newsletter("newsletter/revoke-admin-invite/{newsletterId}", {"phone": PERSON}, ({}, "phone: ")),
    of_newsletter(
        "newsletter/transfer-ownership/{newsletterId}",
        {"phone": PERSON, "quitAdmin": True},
        ({}, "phone: "),
        status=200,
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

_PRODUCT = {
    "currency": "BRL", "description": "Saco com dez", "images": ["https://cdn.example.com/p/pao.jpg"],
    "isHidden": False, "name": "Pao frances", "price": 13, "salePrice": 11, "retailerId": "PAO-01",
    "url": "https://example.com/pao",
}  # fmt: skip
_HOURS = [
    {"dayOfWeek": "TUESDAY", "openTime": "07:00", "closeTime": "11:30"},
    {"dayOfWeek": "TUESDAY", "openTime": "13:00", "closeTime": "19:00"},
]
_COLLECTION, _ONE_PRODUCT = "240915873642015", "7340215698741230"


def company(path: str, *bodies: Any, refused: tuple[tuple[Call, str], ...]) -> Route:
    return posted(path, *(call(body) for body in bodies), refused=refused, status=201)


def in_collection(path: str) -> Route:
    return posted(
        path,
        call({"collectionId": _COLLECTION, "productIds": [_ONE_PRODUCT]}),
        refused=((call({"collectionId": _COLLECTION, "productIds": []}), "productIds: "),),
    )


BUSINESS = (
    posted(
        "products",
        call(_PRODUCT),
        call({**_PRODUCT, "images": _PRODUCT["images"][0], "isHidden": "false", "price": "13"}),
        refused=(
            (call({**_PRODUCT, "currency": "real"}), "currency: "),
            (call({**_PRODUCT, "price": -1}), "price: "),
            (call({"name": "Pao"}), "currency: "),
        ),
    ),
    got("catalogs", call(), call(nextCursor="eyJhZnRlciI6MTB9")),
    posted(
        "catalogs",
        call({"nextCursor": "eyJhZnRlciI6MTB9"}),
        call({}),
        refused=((call({"nextCursor": 5}), "nextCursor: "),),
    ),
    at_phone("catalogs/{phone}", PERSON, nextCursor="eyJhZnRlciI6MTB9"),
    posted("catalogs/{phone}", call({}, PERSON), refused=((call({}, "x"), _NO_PHONE),)),
    got("products/{productId}", call(None, _ONE_PRODUCT), refused=((call(None, "a b"), "productId: "),)),
    Route("DELETE", "products/{productId}", (call(None, _ONE_PRODUCT),), ((call(None, "a b"), "productId: "),)),
    Route("DELETE", "product/{productId}", (call(None, _ONE_PRODUCT),)),
    got("tags"),
    got("business/tags/colors"),
    posted(
        "business/create-tag",
        call({"name": "Retirada", "color": 4}),
        call({"name": "Retirada"}),
        refused=(
            (call({}), "name: "),
            (call({"name": "x", "color": 20}), "color: "),
            (call({"name": "x", "color": -1}), "color: "),
        ),
    ),
    posted(
        "business/edit-tag/{tagId}",
        call({"name": "Retirada na loja", "color": 2}, "10"),
        refused=((call({"name": "x"}, "ten"), "tagId: "),),
    ),
    Route("DELETE", "business/tag/{tagId}", (call(None, "10"),), ((call(None, "ten"), "tagId: "),)),
    Route(
        "PUT",
        "chats/{phone}/tags/{tag}/add",
        (call(None, PERSON, "10"),),
        ((call(None, "x", "10"), _NO_PHONE), (call(None, PERSON, "ten"), "tag: ")),
    ),
    Route("PUT", "chats/{phone}/tags/{tag}/remove", (call(None, GROUP, "10"),), ((call(None, "x", "10"), _NO_PHONE),)),
    posted(
        "chats/{phone}/notes",
        call({"notes": "Prefere entrega a tarde"}, PERSON),
        refused=((call({}, PERSON), "notes: "), (call({"notes": "x"}, "x"), _NO_PHONE)),
    ),
    posted("catalogs/config", call({"cartEnabled": True}), refused=((call({}), "cartEnabled: "),)),
    posted(
        "catalogs/collection",
        call({"name": "Paes", "productIds": [_ONE_PRODUCT, "7340215698741231"]}),
        refused=((call({"name": "Paes", "productIds": []}), "productIds: "),),
    ),
    got("catalogs/collection"),
    Route("DELETE", "catalogs/collection/{collectionId}", (call(None, _COLLECTION),)),
    posted(
        "catalogs/collection-edit/{collectionId}",
        call({"name": "Paes e bolos"}, _COLLECTION),
        refused=((call({}, _COLLECTION), "name: "),),
    ),
    got(
        "catalogs/collection-products/{phone}",
        Call(None, {"collectionId": _COLLECTION}, (PERSON,)),
        refused=((Call(None, {}, (PERSON,)), "collectionId: "), (Call(None, {"collectionId": "1"}, ("x",)), _NO_PHONE)),
    ),
    in_collection("catalogs/collection/add-product"),
    in_collection("catalogs/collection/remove-product"),
    company(
        "business/company-description",
        {"value": "Padaria artesanal desde 1998"},
        {"value": ""},
        refused=((call({"value": 5}), "value: "),),
    ),
    company(
        "business/company-email",
        {"value": "contato@example.com"},
        {"value": ""},
        refused=((call({"value": "contato"}), "value: "),),
    ),
    company(
        "business/company-address",
        {"value": "Rua das Flores 120, Curitiba"},
        refused=((call({"value": "x" * 600}), "value: "),),
    ),
    company(
        "business/company-websites",
        {"websites": ["https://example.com", "https://example.org"]},
        {"websites": []},
        refused=(
            (call({"websites": ["https://a.example"] * 3}), "websites: "),
            (call({"websites": ["example"]}), "websites.0: "),
        ),
    ),
    company(
        "business/hours",
        {"timezone": "America/Sao_Paulo", "mode": "specificHours", "days": _HOURS},
        {"timezone": "America/Sao_Paulo", "days": []},
        refused=(
            (call({"timezone": "Brazil", "days": []}), "timezone: "),
            (call({"timezone": "UTC", "days": [{**_HOURS[0], "openTime": "25:00"}]}), "days.0.openTime: "),
        ),
    ),
    got("business/available-categories", call(query="padaria"), call()),
    company(
        "business/categories",
        {"categories": ["RESTAURANT", "629412378414563"]},
        refused=((call({"categories": []}), "categories: "), (call({"categories": ["A"] * 4}), "categories: ")),
    ),
    got("business/profile", call(phone=PERSON), refused=((call(), "phone: "),)),
)

CALLS = (
    posted(
        "send-call",
        call({"phone": PERSON, "callDuration": 10}),
        call({"phone": PERSON, "callDuration": 60}),
        refused=((call({}), "phone: "), (call({"phone": PERSON, "callDuration": 0}), "callDuration: ")),
    ),
    got("call-token"),
    posted("sip-token", call()),
    got("sip-info"),
)

_NUMBER = {"ddi": "55", "phone": "11987654321"}
MOBILE = (
    posted("mobile/registration-available", call(_NUMBER), refused=((call({"ddi": "55"}), "phone: "),)),
    posted(
        "mobile/request-registration-code",
        call({**_NUMBER, "method": "sms"}),
        refused=((call({**_NUMBER, "method": "pigeon"}), "method: "),),
    ),
    posted("mobile/respond-captcha", call({"captcha": "482915"}), refused=((call({}), "captcha: "),)),
    posted("mobile/confirm-registration-code", call({"code": "482915"}), refused=((call({"code": "1"}), "code: "),)),
    posted(
        "mobile/request-unbanning",
        call({"appealToken": "Ae0C-sample-token", "description": "Uso normal, sem envio em massa"}),
        refused=((call({"appealToken": "x"}), "description: "),),
    ),
    posted("mobile/confirm-pin-code", call({"code": "915482"}), refused=((call({}), "code: "),)),
    posted("mobile/confirm-security-code", call({"code": "915482"})),
    posted("mobile/recovery-pin-code", call()),
    posted("mobile/recovery-security-code", call()),
    got("security/email"),
    posted("security/email", call({"email": "ana@example.com"}), refused=((call({"email": "ana"}), "email: "),)),
    posted("security/verify-email", call({"verificationCode": "730264"}), refused=((call({}), "verificationCode: "),)),
    posted("security/email/remove", call()),
    got("security/two-fa-code"),
    posted("security/two-fa-code", call({"code": "915482"}), refused=((call({"code": "12345"}), "code: "),)),
    posted("security/two-fa-code/remove", call()),
)

DOMAINS = {
    "contacts": CONTACTS,
    "chats": CHATS,
    "groups": GROUPS,
    "communities": COMMUNITIES,
    "newsletters": NEWSLETTERS,
    "privacy": PRIVACY,
    "business": BUSINESS,
    "calls": CALLS,
    "mobile": MOBILE,
}
ROUTES = tuple(route for routes in DOMAINS.values() for route in routes)
