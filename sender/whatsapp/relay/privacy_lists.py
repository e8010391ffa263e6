"""Lists of who is left out of a privacy setting, as deltas.

The form is that of WhatsApp's web client as whatsapp-rust (iq/privacy.rs) and zapo (builders/privacy.ts) give it:
entries go by hidden address with the number beside it, and a stale `dhash` is answered with 409. Not tried live here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from common.addresses import LID, USER, Jid, server_of, user_of
from sender.whatsapp.powers.people import Known
from sender.whatsapp.powers.refusals import NotUnderstood, QuestionRefused
from sender.whatsapp.relay.asking import Ask, ask_in, from_wire, on_wire, understood
from sender.whatsapp.wire.node import Node

NAMESPACE = "privacy"
LEFT_OUT = "contact_blacklist"
NO_LIST = "none"
STALE = 409

Others = Callable[[Sequence[Jid]], Awaitable[Mapping[Jid, Jid]]]
"""The number's addresses of hidden ones, as far as the session's store knows them."""


class RelayedPrivacyLists:
    def __init__(self, ask: Ask, others: Others) -> None:
        self._ask = ask
        self._others = others

    async def left_out(self, setting: str) -> list[Known]:
        listed = await self._list(setting)
        with understood():
            people = [(from_wire(each.jid("jid")), each.find_jid("pn_jid")) for each in listed.all("user")]
        hidden = [address for address, number in people if number is None and server_of(address) == LID]
        others = await self._others(hidden) if hidden else {}
        return [_known(address, from_wire(number) if number else others.get(address)) for address, number in people]

    async def leave_out(self, setting: str, added: Sequence[Known], removed: Sequence[Known]) -> None:
        """Another device may have changed the list meanwhile: then once more, on what there is now."""
        users = [*(_user(each, "add") for each in added), *(_user(each, "remove") for each in removed)]
        for is_last in (False, True):
            stamp = (await self._list(setting)).get("dhash") or NO_LIST
            category = Node("category", {"name": setting, "value": LEFT_OUT, "dhash": stamp}, users)
            try:
                await ask_in(self._ask, NAMESPACE, "set", _lists(category))
            except QuestionRefused as refusal:
                if is_last or refusal.number != STALE:
                    raise
            else:
                return

    async def _list(self, setting: str) -> Node:
        answer = await ask_in(self._ask, NAMESPACE, "get", _lists(Node("list", {"name": setting, "value": LEFT_OUT})))
        with understood():
            return answer.child("privacy", "list")


def _lists(content: Node) -> Node:
    return Node("privacy", {"addressing_mode": "lid"}, [content])


def _user(person: Known, action: str) -> Node:
    address = person.lid or person.phone
    if address is None:
        raise NotUnderstood("nobody can be left out who has no address")
    number = person.phone if person.lid and person.phone else None
    return Node("user", {"action": action, "jid": on_wire(address), "pn_jid": number and on_wire(number)})


def _known(address: Jid, number: Jid | None) -> Known:
    phone = address if server_of(address) == USER else number
    return Known("" if phone is None else user_of(phone), phone, address if server_of(address) == LID else None)
