"""Memory: what is known of an instance's earlier messages, from its history and from the session."""

from uuid import UUID

from common.addresses import LID as LID_SERVER
from common.addresses import Jid, server_of, without_device
from common.errors import NotConnected
from common.postgres import Pool
from common.tables import earlier
from sender.composers.occasion import Own, Remembered, Request
from sender.whatsapp.session import Secret, Secrets, Session


class InstanceMemory:
    """For as long as one message is composed: nothing is looked up twice."""

    def __init__(self, pool: Pool, instance: UUID, session: Session) -> None:
        self._pool = pool
        self._instance = instance
        self._session = session
        self._recalled: dict[str, Remembered | None] = {}

    async def own(self) -> Own:
        """Raises NotConnected when the instance has been unlinked meanwhile."""
        found = await earlier.find_own_addresses(self._pool, self._instance)
        if found is None:
            raise NotConnected
        device, lid = found
        return Own(without_device(device), None if lid is None else _as_lid(lid))

    async def recall(self, message_id: str) -> Remembered | None:
        if message_id not in self._recalled:
            self._recalled[message_id] = await self._look_up(message_id)
        return self._recalled[message_id]

    async def secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        if not isinstance(self._session, Secrets):
            return None
        return await self._session.message_secret(chat, whatsapp_id)

    async def _look_up(self, message_id: str) -> Remembered | None:
        found = await earlier.find(self._pool, self._instance, message_id)
        if found is None:
            return None
        request = Request(found.kind, found.payload)
        return Remembered(found.whatsapp_id, found.chat, is_own=True, request=request)


def _as_lid(lid: str) -> Jid:
    address = without_device(Jid(lid))
    return address if server_of(address) == LID_SERVER else Jid(f"{lid}@{LID_SERVER}")
