"""Which devices a message goes to, and the hash by which client and server compare their lists."""

import base64
import hashlib
from collections.abc import Iterable

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.wire.jid import Jid


def device_jids(account: Account, server: str) -> list[Jid]:
    """The addresses of all devices of an account, in one addressing, handset first."""
    return [account.devices[number].jid(server) for number in sorted(account.devices)]


def participant_hash(jids: Iterable[Jid]) -> str:
    """As clients compute it: over the sorted `user.agent:device@server` forms."""
    listed = "".join(sorted(f"{jid.user}.0:{jid.device}@{jid.server}" for jid in jids))
    return "2:" + base64.b64encode(hashlib.sha256(listed.encode()).digest()[:6]).decode().rstrip("=")
