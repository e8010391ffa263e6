"""Groups and communities."""

from typing import Any

from tests.contract.routes.calls import (
    COMMUNITY,
    GROUP,
    LINK,
    NO_PAGE,
    OLD_GROUP,
    OTHER,
    PAGES,
    PERSON,
    PICTURE,
    Route,
    at_phone,
    call,
    got,
    posted,
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
    got("groups", *PAGES, refused=NO_PAGE),
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
