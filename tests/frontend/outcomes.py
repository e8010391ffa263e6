"""What a sender would write of a message, written by a test with the sender's own statements."""

from datetime import UTC, datetime

from common.postgres import Pool
from common.tables import attempt

EPOCH, NODE = 7, "sender-1"


class Outcomes:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, zaap_id: str) -> int:
        """An attempt is under way; the row's number."""
        number, message_id = await self._pool.fetchrow(
            "SELECT id, message_id FROM message_queue WHERE zaap_id = $1::uuid", zaap_id
        )
        assert await self._pool.fetch(attempt.INTEND, [number], [EPOCH], [message_id], NODE)
        return int(number)

    async def send(self, zaap_id: str, taken_at: datetime | None = None) -> None:
        number = await self.begin(zaap_id)
        values = [f"3EB0{number:018X}"], [taken_at or datetime.now(UTC)]
        assert await self._pool.fetch(attempt.SENT, [number], [EPOCH], *values)

    async def retry(self, zaap_id: str, again_at: datetime) -> None:
        number = await self.begin(zaap_id)
        now = datetime.now(UTC)
        assert await self._pool.fetch(
            attempt.PUT_BACK, [number], [EPOCH], ["temporary"], ["try again"], [now], [again_at], [True]
        )

    async def doubt(self, zaap_id: str) -> None:
        number = await self.begin(zaap_id)
        assert await self._pool.fetch(attempt.DOUBT, [number], [EPOCH], ["no answer came"], [datetime.now(UTC)])

    async def fail(self, zaap_id: str, error: str = "The number has no WhatsApp account.") -> None:
        number = await self.begin(zaap_id)
        assert await self._pool.fetch(
            attempt.GIVE_UP, [number], [EPOCH], ["not-on-whatsapp"], [error], [datetime.now(UTC)]
        )
