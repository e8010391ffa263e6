"""The contract of contacts, chats, groups, communities, channels, privacy, business, calls and first devices: each
route with calls as its documentation shows them, and with calls that are refused by the name of what is wrong.
"""

from tests.contract.routes.business import BUSINESS
from tests.contract.routes.calls import Call, Route
from tests.contract.routes.groups import COMMUNITIES, GROUPS
from tests.contract.routes.newsletters import NEWSLETTERS
from tests.contract.routes.people import CHATS, CONTACTS, PRIVACY
from tests.contract.routes.telephony import CALLS, MOBILE

__all__ = ["DOMAINS", "ROUTES", "Call", "Route"]

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
