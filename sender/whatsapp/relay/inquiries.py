"""The inquiries of one session, all over its way to ask WhatsApp."""

from common.addresses import Jid
from sender.whatsapp.powers.inquiries import Inquiries
from sender.whatsapp.relay.asking import Ask
from sender.whatsapp.relay.business import RelayedBusiness
from sender.whatsapp.relay.catalog import RelayedCatalog
from sender.whatsapp.relay.group_administration import RelayedGroups
from sender.whatsapp.relay.newsletter_administration import RelayedNewsletters
from sender.whatsapp.relay.plain_uploads import Uploads
from sender.whatsapp.relay.privacy_lists import Others, RelayedPrivacyLists
from sender.whatsapp.relay.reports import RelayedReports


def inquiries(ask: Ask, own: Jid, others: Others, uploads: Uploads) -> Inquiries:
    """`own` is the account's address by number."""
    return Inquiries(
        groups=RelayedGroups(ask),
        newsletters=RelayedNewsletters(ask),
        business=RelayedBusiness(ask),
        catalog=RelayedCatalog(ask, own, uploads),
        privacy=RelayedPrivacyLists(ask, others),
        reports=RelayedReports(ask),
    )
