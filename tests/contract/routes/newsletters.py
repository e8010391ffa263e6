"""Channels."""

from typing import Any

from tests.contract.routes.calls import NEWSLETTER, PERSON, PICTURE, Route, call, got, posted


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
