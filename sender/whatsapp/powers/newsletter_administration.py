"""Newsletter administration: what owners and admins of channels do, and the public directory."""

from collections.abc import Sequence
from typing import Protocol

from common.addresses import Jid
from sender.whatsapp.powers.newsletters import Newsletter


class NewsletterAdministration(Protocol):
    """Methods raise DeliveryErrors, NewsletterUnknown where that is what WhatsApp said."""

    async def rename(self, newsletter: Jid, name: str) -> None: ...

    async def describe(self, newsletter: Jid, text: str) -> None: ...

    async def set_picture(self, newsletter: Jid, jpeg: bytes) -> None: ...

    async def limit_reactions(self, newsletter: Jid, *, is_basic_only: bool) -> None: ...

    async def delete(self, newsletter: Jid) -> None: ...

    async def accept_invitation(self, newsletter: Jid) -> None:
        """To administer it."""
        ...

    async def remove_admin(self, newsletter: Jid, person: Jid) -> None:
        """Also oneself."""
        ...

    async def revoke_invitation(self, newsletter: Jid, person: Jid) -> None: ...

    async def hand_over(self, newsletter: Jid, person: Jid) -> None:
        """To one of its admins, who owns it then."""
        ...

    async def list_directory(self, view: str, countries: Sequence[str], limit: int) -> list[Newsletter]:
        """`view` is WhatsApp's own word, in capitals."""
        ...

    async def search_directory(self, text: str, limit: int) -> list[Newsletter]: ...
