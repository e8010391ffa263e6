"""Ways: how each instance's session reaches WhatsApp, by its own setting or by that of all."""

from common import logs
from common.capabilities import Wire
from common.tables.session import SessionOwner
from common.vault import Unreadable, Vault
from sender.whatsapp.session import Account

log = logs.get(__name__)


class Ways:
    """`wire` is for instances without a setting of their own."""

    def __init__(self, vault: Vault, wire: Wire = "direct") -> None:
        self._vault = vault
        self._wire = wire

    def account(self, owner: SessionOwner, device: str) -> Account:
        """Raises Unreadable: better no session than one that goes another way than it was told."""
        proxy = ""
        if owner.proxy_cipher is not None:
            try:
                proxy = self._vault.open_proxy(owner.id, owner.proxy_cipher)
            except Unreadable:
                log.error("proxy not readable with this TOKEN_ENCRYPTION_KEY", instance=owner.id)
                raise
        wire: Wire = "relay" if (owner.wire or self._wire) == "relay" else "direct"
        return Account(owner.id.hex, device, wire, proxy)
