"""Addresses as they stand on the wire: a user (or none), a server and, for a linked device, its number."""

from typing import NamedTuple

PHONE_SERVER = "s.whatsapp.net"  # accounts by phone number
LID_SERVER = "lid"  # accounts by hidden id
GROUP_SERVER = "g.us"
BROADCAST_SERVER = "broadcast"
HOSTED_SERVER, HOSTED_LID_SERVER = "hosted", "hosted.lid"
MESSENGER_SERVER, INTEROP_SERVER = "msgr", "interop"


class Jid(NamedTuple):
    """`user[:device]@server`. Device 0 is the phone itself. `integrator` exists on the interop server only."""

    user: str
    server: str
    device: int = 0
    integrator: int = 0

    def bare(self) -> "Jid":
        """The account or chat, without a device."""
        return Jid(self.user, self.server, 0, self.integrator) if self.device else self

    def __str__(self) -> str:
        if not self.user:
            return self.server
        return f"{self.user}:{self.device}@{self.server}" if self.device else f"{self.user}@{self.server}"

    @staticmethod
    def parse(text: str) -> "Jid":
        """From `user[.agent][:device]@server` or a bare server name. Raises ValueError if the device is no number."""
        user, at, server = text.partition("@")
        if not at:
            return Jid("", text)
        user, _, device = user.partition(":")
        return Jid(user.partition(".")[0], server, int(device or 0))


SERVER = Jid("", PHONE_SERVER)
"""WhatsApp's server itself: the sender of everything that no account sent."""

STATUS = Jid("status", BROADCAST_SERVER)
