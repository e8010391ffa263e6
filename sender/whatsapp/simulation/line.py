"""The line of a simulated account: nothing is done while it is cut."""

from common.addresses import Jid, user_of
from common.errors import NotConnected


class Line:
    """`own` is the account's address by number. The session of the moment says whether it is connected."""

    def __init__(self, own: Jid) -> None:
        self.own = own
        self.is_connected = False

    @property
    def own_lid(self) -> Jid:
        return hidden(self.own)

    def check(self) -> None:
        if not self.is_connected:
            raise NotConnected


def hidden(address: Jid) -> Jid:
    """The hidden address of a number's account."""
    return Jid(f"1{user_of(address)}@lid")
