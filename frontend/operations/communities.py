"""Communities: groups of groups. Their members are changed by the routes in `groups`."""

from common.capabilities import Capability
from common.requests.communities import (
    CommunitySettings,
    CreateCommunity,
    LinkGroups,
    UpdateCommunityDescription,
    UpdateCommunityPhoto,
)
from common.requests.pages import MaybePage
from common.requests.places import OfCommunity
from frontend.operation import Ask, Operation
from frontend.replies import groups as replies
from frontend.replies.common import Done, Succeeded

DEACTIVATION = "the library has no call that deletes a community (delete_parent in w:g2)"
SETTINGS = "the library has no call for who may add groups to a community, nor a way to send one of our own"

OPERATIONS = (
    Operation(
        "POST",
        "communities",
        Ask("create-community"),
        "Create a community",
        replies.CommunityCreated,
        body=CreateCommunity,
        tag="communities",
        example={"name": "Condominio Sol", "description": "Blocos A a D"},
    ),
    Operation(
        "GET",
        "communities",
        Ask("communities"),
        "List communities",
        replies.Communities,
        query=MaybePage,
        tag="communities",
    ),
    Operation(
        "POST",
        "communities/link",
        Ask("link-groups"),
        "Put groups under a community",
        replies.GroupsLinked,
        body=LinkGroups,
        tag="communities",
        example={"communityId": "120363055512345678", "groupsPhones": ["120363041234567890-group"]},
    ),
    Operation(
        "POST",
        "communities/unlink",
        Ask("unlink-groups"),
        "Take groups out of a community",
        replies.GroupsLinked,
        body=LinkGroups,
        tag="communities",
        example={"communityId": "120363055512345678", "groupsPhones": ["120363041234567890-group"]},
    ),
    Operation(
        "GET",
        "communities-metadata/{communityId}",
        Ask("community-metadata"),
        "A community with its groups",
        replies.CommunityMetadata,
        place=OfCommunity,
        tag="communities",
        refusals=(404,),
    ),
    Operation(
        "POST",
        "communities/settings",
        Ask("community-settings", Capability.QUESTIONS, SETTINGS),
        "Who may add groups to a community",
        Succeeded,
        body=CommunitySettings,
        tag="communities",
        example={"communityId": "120363055512345678", "whoCanAddNewGroups": "admins"},
    ),
    Operation(
        "DELETE",
        "communities/{communityId}",
        Ask("deactivate-community", Capability.QUESTIONS, DEACTIVATION),
        "Deactivate a community; its groups stay",
        Succeeded,
        place=OfCommunity,
        tag="communities",
    ),
    Operation(
        "POST",
        "update-community-description",
        Ask("update-community-description"),
        "Change a community's description",
        Done,
        body=UpdateCommunityDescription,
        tag="communities",
        example={"communityId": "120363055512345678", "communityDescription": "Avisos"},
    ),
    Operation(
        "POST",
        "update-community-photo",
        Ask("update-community-photo"),
        "Replace a community's picture",
        Done,
        body=UpdateCommunityPhoto,
        tag="communities",
        example={
            "communityId": "120363055512345678",
            "communityPhoto": "https://files.example.com/picture.jpg",
        },
    ),
)
