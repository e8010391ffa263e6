"""Inquiries: everything that takes questions to WhatsApp's server which its library does not know."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sender.whatsapp.powers.business import Business
from sender.whatsapp.powers.catalog import Catalog
from sender.whatsapp.powers.group_administration import GroupAdministration
from sender.whatsapp.powers.newsletter_administration import NewsletterAdministration
from sender.whatsapp.powers.people import PrivacyLists, Reports


@dataclass(frozen=True, slots=True)
class Inquiries:
    groups: GroupAdministration
    newsletters: NewsletterAdministration
    business: Business
    catalog: Catalog
    privacy: PrivacyLists
    reports: Reports


@runtime_checkable
class HasInquiries(Protocol):
    """neonize: through the relay only."""

    @property
    def inquiries(self) -> Inquiries: ...
