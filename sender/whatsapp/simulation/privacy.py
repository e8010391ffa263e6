"""Privacy of a simulated account: its settings, the lists of who is left out, and whom it reported."""

from collections.abc import Mapping, Sequence

from common.addresses import Jid
from sender.whatsapp.powers.people import Known
from sender.whatsapp.simulation.line import Line

LEFT_OUT = "contact_blacklist"


class SimulatedPrivacy:
    """The lists and reports are what only relayed sessions offer."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.chosen: dict[str, str] = {}
        self.lists: dict[str, list[Known]] = {}
        self.expiration = 0
        self.reported: list[Jid] = []

    async def settings(self) -> Mapping[str, str]:
        self._line.check()
        return self.chosen

    async def choose(self, setting: str, value: str) -> None:
        self._line.check()
        self.chosen[setting] = value

    async def expire_new_chats(self, seconds: int) -> None:
        self._line.check()
        self.expiration = seconds

    async def left_out(self, setting: str) -> list[Known]:
        self._line.check()
        return self.lists.get(setting, [])

    async def leave_out(self, setting: str, added: Sequence[Known], removed: Sequence[Known]) -> None:
        await self.choose(setting, LEFT_OUT)
        kept = [each for each in self.lists.get(setting, []) if each not in removed and each not in added]
        self.lists[setting] = [*kept, *added]

    async def report(self, person: Jid) -> None:
        self._line.check()
        self.reported.append(person)
