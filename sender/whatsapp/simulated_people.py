"""People of the simulated network: every number has an account, unless the behaviour says otherwise."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from common.addresses import LID, Jid, parse_phone, server_of, user_of
from common.errors import NotConnected
from sender.whatsapp.powers.people import ChatSettings, Contact, Known

if TYPE_CHECKING:
    from sender.whatsapp.simulated import Behaviour


class SimulatedPeople:
    """`asked` counts the numbers of each question."""

    def __init__(self, behaviour: "Behaviour", is_connected: Callable[[], bool]) -> None:
        self._behaviour = behaviour
        self._is_connected = is_connected
        self.asked: list[int] = []
        self.blocked: set[Jid] = set()
        self.pictures: dict[Jid, str] = {}
        self.abouts: dict[Jid, str] = {}
        self.names: dict[Jid, Contact] = {}
        self.settings: dict[Jid, ChatSettings] = {}

    async def look_up(self, numbers: Sequence[str]) -> list[Known]:
        self._check()
        self.asked.append(len(numbers))
        return [self._known(number) for number in numbers]

    async def picture(self, person: Jid) -> str | None:
        self._check()
        return self.pictures.get(person)

    async def about(self, person: Jid) -> str | None:
        self._check()
        return self.abouts.get(person)

    async def block(self, person: Jid, *, is_blocked: bool) -> None:
        self._check()
        (self.blocked.add if is_blocked else self.blocked.discard)(person)

    async def contacts(self) -> list[Contact]:
        return [self.names[address] for address in sorted(self.names)]

    async def chat_settings(self) -> Mapping[Jid, ChatSettings]:
        return self.settings

    def _known(self, number: str) -> Known:
        address = self._behaviour.accounts.get(number, parse_phone(number))
        if address is None:
            return Known(number, None, None)
        is_hidden = server_of(address) == LID
        phone = parse_phone(number) if is_hidden else address
        return Known(number, phone, address if is_hidden else Jid(f"1{user_of(phone)}@lid"))

    def _check(self) -> None:
        if not self._is_connected():
            raise NotConnected
