"""People of the simulated network: every number has an account, unless the behaviour says otherwise."""

from collections.abc import Mapping, Sequence

from common.addresses import LID, Jid, parse_phone, server_of
from sender.whatsapp.powers.people import ChatSettings, Contact, Known
from sender.whatsapp.simulation.line import Line, hidden


class SimulatedPeople:
    """`asked` counts the numbers of each question."""

    def __init__(self, accounts: Mapping[str, Jid | None], line: Line) -> None:
        self._accounts = accounts
        self._line = line
        self.asked: list[int] = []
        self.blocked: set[Jid] = set()
        self.pictures: dict[Jid, str] = {}
        self.abouts: dict[Jid, str] = {}
        self.names: dict[Jid, Contact] = {}
        self.settings: dict[Jid, ChatSettings] = {}

    async def look_up(self, numbers: Sequence[str]) -> list[Known]:
        self._line.check()
        self.asked.append(len(numbers))
        return [self._known(number) for number in numbers]

    async def picture(self, person: Jid) -> str | None:
        self._line.check()
        return self.pictures.get(person)

    async def about(self, person: Jid) -> str | None:
        self._line.check()
        return self.abouts.get(person)

    async def block(self, person: Jid, *, is_blocked: bool) -> None:
        self._line.check()
        (self.blocked.add if is_blocked else self.blocked.discard)(person)

    async def contacts(self) -> list[Contact]:
        return [self.names[address] for address in sorted(self.names)]

    async def chat_settings(self) -> Mapping[Jid, ChatSettings]:
        return self.settings

    def _known(self, number: str) -> Known:
        address = self._accounts.get(number, parse_phone(number))
        if address is None:
            return Known(number, None, None)
        is_hidden = server_of(address) == LID
        phone = parse_phone(number) if is_hidden else address
        return Known(number, phone, address if is_hidden else hidden(phone))
