"""All questions that sessions are asked beyond themselves, with what answers them."""

from collections.abc import Mapping
from functools import partial

from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables import chat
from sender.answering.address_book import AddressBookQuestions
from sender.answering.appearances import Appearances, CacheRules
from sender.answering.business import BusinessQuestions
from sender.answering.catalog import CatalogQuestions
from sender.answering.chat_changes import ChatChanges
from sender.answering.chats import ChatQuestions
from sender.answering.communities import CommunityQuestions
from sender.answering.contacts import ContactQuestions
from sender.answering.group_settings import GroupSettingsQuestions
from sender.answering.groups import GroupQuestions, PictureOf
from sender.answering.lookups import LookupRules, Lookups
from sender.answering.membership import Invite, MembershipQuestions
from sender.answering.newsletter_settings import NewsletterSettingsQuestions
from sender.answering.newsletters import NewsletterQuestions
from sender.answering.privacy import PrivacyQuestions
from sender.answering.seats import Seats
from sender.answering.tags import TagQuestions
from sender.answers import Answerer
from sender.notices import Notices


def answerers(
    seats: Seats,
    portrait_of: PictureOf,
    picture_of: PictureOf,
    invite: Invite,
    pool: Pool,
    clock: Clock,
    metrics: SenderMetrics,
    lookups: LookupRules,
    caches: CacheRules,
    notices: Notices,
) -> Mapping[str, Answerer]:
    appearances = Appearances(clock, metrics, caches)
    return {
        **GroupQuestions(seats, portrait_of, invite, partial(chat.find_all, pool), clock).by_name(),
        **MembershipQuestions(seats, invite).by_name(),
        **GroupSettingsQuestions(seats).by_name(),
        **CommunityQuestions(seats, portrait_of).by_name(),
        **ContactQuestions(seats, Lookups(pool, clock, metrics, lookups), appearances).by_name(),
        **ChatQuestions(seats, pool, appearances, clock, metrics, caches).by_name(),
        **ChatChanges(seats, pool, clock).by_name(),
        **AddressBookQuestions(seats).by_name(),
        **TagQuestions(seats, pool, notices, clock).by_name(),
        **PrivacyQuestions(seats).by_name(),
        **NewsletterQuestions(seats).by_name(),
        **NewsletterSettingsQuestions(seats, portrait_of).by_name(),
        **BusinessQuestions(seats).by_name(),
        **CatalogQuestions(seats, picture_of).by_name(),
    }
