"""Composing: a row of the queue becomes what its session is handed."""

import os
from collections.abc import Callable
from uuid import UUID

from common.clock import Clock
from common.errors import NotSupported
from common.postgres import Pool
from common.tables.message import QueuedMessage
from sender.composers.media import File, LinkCard, Media, Uploaded
from sender.composers.occasion import Composed, Elsewhere, Occasion, Request
from sender.composers.registry import compose
from sender.memory import InstanceMemory
from sender.numbers import Numbers
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Session


class Composing:
    """`media_of` gives the media of one instance's session."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        numbers: Numbers,
        media_of: Callable[[UUID, Session], Media],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._media_of = media_of
        self._random = random
        self._numbers = numbers

    async def compose(self, message: QueuedMessage, session: Session) -> Composed:
        """Raises DeliveryErrors. Nothing has been sent when it returns or raises."""
        chat = await self._numbers.resolve(message.chat, session)
        occasion = Occasion(
            chat=chat,
            now=self._clock.now(),
            random=self._random,
            media=self._media_of(message.instance_id, session),
            memory=InstanceMemory(self._pool, message.instance_id, session),
            session=session,
            compose=compose,
        )
        composed = await compose(Request(message.kind, message.payload), occasion)
        return Elsewhere(chat, composed) if isinstance(composed, Message) and chat != message.chat else composed


class NoMedia:
    """No file can be sent, and links have no cards."""

    async def upload(self, file: File) -> Uploaded:
        raise NotSupported("this version cannot send files")

    async def look_up(self, url: str) -> LinkCard | None:
        return None


NO_MEDIA = NoMedia()
