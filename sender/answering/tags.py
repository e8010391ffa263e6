"""Questions about tags, which WhatsApp calls labels: made and put on chats through us, and kept in a table of ours."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from common.addresses import chat_address, to_phone
from common.clock import Clock
from common.errors import DeliveryError
from common.postgres import Pool
from common.requests.business import COLORS
from common.tables import chat as chats
from common.tables import tag as table
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer
from sender.notices import Notices
from sender.translation.tags import tagged

Arguments = Mapping[str, Any]


class TagQuestions:
    """A tag that nobody made through us is not known, so it is neither changed nor put anywhere."""

    def __init__(self, seats: Seats, pool: Pool, notices: Notices, clock: Clock) -> None:
        self._seats = seats
        self._pool = pool
        self._notices = notices
        self._clock = clock

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "create-tag": self.create,
            "edit-tag": self.edit,
            "delete-tag": self.delete,
            "add-tag": self.put_on,
            "remove-tag": self.take_off,
        }

    async def create(self, instance: UUID, arguments: Arguments) -> Any:
        """The number is taken before WhatsApp is told, so that nobody else can take it."""
        labels = self._seats.labels(instance)
        tag = await table.create(self._pool, instance, arguments["name"], arguments["color"], COLORS)
        with reading():
            try:
                await labels.edit_label(str(tag.id), tag.name, tag.color)
            except DeliveryError:
                await self._pool.execute(table.FORGET, instance, tag.id)
                raise
        return {"id": str(tag.id)}

    async def edit(self, instance: UUID, arguments: Arguments) -> Any:
        """Without a colour it keeps the one it has."""
        labels = self._seats.labels(instance)
        tag = await table.find(self._pool, instance, int(arguments["tagId"]))
        if tag is None:
            return {"success": False}
        color = tag.color if arguments["color"] is None else arguments["color"]
        with doing(instance, "edit tag") as done:
            await labels.edit_label(str(tag.id), arguments["name"], color)
            await self._pool.execute(table.CHANGE, instance, tag.id, arguments["name"], color)
        return {"success": done.is_done}

    async def delete(self, instance: UUID, arguments: Arguments) -> Any:
        labels = self._seats.labels(instance)
        tag = await table.find(self._pool, instance, int(arguments["tagId"]))
        if tag is None:
            return {"success": False}
        with doing(instance, "delete tag") as done:
            await labels.delete_label(str(tag.id))
            await self._pool.execute(table.FORGET, instance, tag.id)
        return {"success": done.is_done}

    async def put_on(self, instance: UUID, arguments: Arguments) -> Any:
        return await self._label(instance, arguments, is_on=True)

    async def take_off(self, instance: UUID, arguments: Arguments) -> Any:
        return await self._label(instance, arguments, is_on=False)

    async def _label(self, instance: UUID, arguments: Arguments, *, is_on: bool) -> Any:
        labels = self._seats.labels(instance)
        chat = chat_address(arguments["phone"])
        known = await chats.find(self._pool, instance, chat)
        tag = await table.find(self._pool, instance, int(arguments["tag"]))
        if tag is None:
            return {"value": False}
        with doing(instance, "tag of a chat") as done:
            await labels.label_chat(str(tag.id), chat if known is None else known.thread, is_on)
        if done.is_done:
            phone, at = to_phone(chat if known is None else known.chat), self._clock.now()
            await self._notices.tell(instance, lambda account: tagged(account, phone, str(tag.id), is_on, at))
        return {"value": done.is_done}
