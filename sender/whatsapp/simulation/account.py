"""A simulated account: what it has and knows, through all of its sessions."""

from collections.abc import Mapping

from common.addresses import Jid
from sender.whatsapp.powers.inquiries import Inquiries
from sender.whatsapp.simulation.company import SimulatedCompany
from sender.whatsapp.simulation.groups import SimulatedGroups
from sender.whatsapp.simulation.line import Line
from sender.whatsapp.simulation.newsletters import SimulatedNewsletters
from sender.whatsapp.simulation.people import SimulatedPeople
from sender.whatsapp.simulation.privacy import SimulatedPrivacy


class SimulatedAccount:
    """`own` is its address by number, `accounts` the numbers whose account has another address, or that have none."""

    def __init__(self, own: Jid, accounts: Mapping[str, Jid | None]) -> None:
        self.line = Line(own)
        self.people = SimulatedPeople(accounts, self.line)
        self.groups = SimulatedGroups(self.line)
        self.newsletters = SimulatedNewsletters(self.line)
        self.privacy = SimulatedPrivacy(self.line)
        self.company = SimulatedCompany(self.line)

    @property
    def inquiries(self) -> Inquiries:
        return Inquiries(self.groups, self.newsletters, self.company, self.company, self.privacy, self.privacy)
