"""The profile that contacts see of the linked account: changed at WhatsApp by the node that holds the session."""

from common.requests.instance import SetProfileDescription, SetProfileName, SetProfilePicture
from frontend.operation import Ask, Operation
from frontend.replies.common import Done

OPERATIONS = (
    Operation(
        "PUT",
        "profile-picture",
        Ask("profile-picture"),
        "Change the picture that contacts see; false when it cannot be fetched or is not taken",
        Done,
        body=SetProfilePicture,
        tag="instance",
        example={"value": "https://files.example.com/logo.jpg"},
        refusals=(400,),
    ),
    Operation(
        "PUT",
        "profile-name",
        Ask("profile-name"),
        "Change the name that contacts see",
        Done,
        body=SetProfileName,
        tag="instance",
        example={"value": "Front desk"},
        refusals=(400,),
    ),
    Operation(
        "PUT",
        "profile-description",
        Ask("profile-description"),
        "Change the text below the name",
        Done,
        body=SetProfileDescription,
        tag="instance",
        example={"value": "Open 8 to 18"},
        refusals=(400,),
    ),
)
