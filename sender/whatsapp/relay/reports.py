"""Reports of people, in a question of spam.

The form is that of WhatsApp's web client as Cobalt describes it (a spam_list with none or more messages); the word
for where the report comes from is one of those that the Android client knows. Messages are not sent along. Not tried
live here.
"""

from common.addresses import Jid
from sender.whatsapp.relay.asking import Ask, ask_in, on_wire
from sender.whatsapp.wire.node import Node

NAMESPACE = "spam"
FLOW = "1_1_spam_banner_report"


class RelayedReports:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def report(self, person: Jid) -> None:
        await ask_in(self._ask, NAMESPACE, "set", Node("spam_list", {"jid": on_wire(person), "spam_flow": FLOW}))
