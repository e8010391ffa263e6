"""All questions that sessions are asked beyond themselves, with what answers them."""

from collections.abc import Mapping

from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.answering.address_book import AddressBookQuestions
from sender.answering.business import BusinessQuestions
from sender.answering.catalog import CatalogQuestions
from sender.answering.communities import CommunityQuestions
from sender.answering.contacts import CacheRules, ContactQuestions
from sender.answering.group_settings import GroupSettingsQuestions
from sender.answering.groups import GroupQuestions, Invite, PictureOf
from sender.answering.lookups import LookupRules, Lookups
from sender.answering.newsletter_settings import NewsletterSettingsQuestions
from sender.answering.newsletters import NewsletterQuestions
from sender.answering.privacy import PrivacyQuestions
from sender.answering.seats import Seats
from sender.answers import Answerer


def answerers(
    seats: Seats,
    picture_of: PictureOf,
    invite: Invite,
    pool: Pool,
    clock: Clock,
    metrics: SenderMetrics,
    lookups: LookupRules,
    caches: CacheRules,
) -> Mapping[str, Answerer]:
    return {
        **GroupQuestions(seats, picture_of, invite, clock).by_name(),
        **GroupSettingsQuestions(seats).by_name(),
        **CommunityQuestions(seats, picture_of).by_name(),
        **ContactQuestions(seats, Lookups(pool, clock, metrics, lookups), clock, metrics, caches).by_name(),
        **AddressBookQuestions(seats).by_name(),
        **PrivacyQuestions(seats).by_name(),
        **NewsletterQuestions(seats).by_name(),
        **NewsletterSettingsQuestions(seats, picture_of).by_name(),
        **BusinessQuestions(seats).by_name(),
        **CatalogQuestions(seats).by_name(),
    }
