"""Fetching: the file of a message, from wherever its row says it is, onto this node's disk."""

import asyncio
import base64
import binascii
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from common.clock import Clock
from common.errors import DeliveryError, MediaAway, MediaNotUsable, MediaWaits
from common.media.disk import disk_errors
from common.media.errors import BucketAway, DiskFailed, DiskFull, MediaElsewhere, MediaGone
from common.media.storage import Storage
from common.outbound import Outbound, OutboundError, Rules
from common.requests.media_source import REFERENCE

REDIRECTS = 5
SCHEMES = frozenset({"http", "https"})
WRITE = 1024 * 1024  # bytes that are written at a time
LOOK_AGAIN = 2.0  # seconds between two looks for a file that is somewhere else
# Longer would hold up the instance's other chats; afterwards the message waits for its turn again.
WAIT = 20.0  # seconds

# A server that is troubled or busy may be well in a moment; one that says what it cannot do will say so again.
_AGAIN = frozenset({408, 425, 429, *range(500, 600)} - {501, 505, 510, 511})


class Fetching:
    def __init__(self, outbound: Outbound, storage: Storage, clock: Clock, patience: timedelta) -> None:
        self._outbound = outbound
        self._storage = storage
        self._clock = clock
        self._patience = patience

    async def fetch(self, source: str, instance: UUID, target: Path, largest: int) -> None:
        """Put the file at `target`. Raises MediaNotUsable, MediaAway, MediaWaits."""
        try:
            if source.startswith(REFERENCE):
                await self._from_storage(source.removeprefix(REFERENCE), instance, target)
            elif source.lower().startswith("data:"):
                await asyncio.to_thread(_write_data, source, target)
            else:
                await self._from_url(source, target, largest)
        except (DiskFull, DiskFailed) as error:
            raise MediaAway(str(error)) from error
        size = (await asyncio.to_thread(target.stat)).st_size
        if size == 0:
            raise MediaNotUsable("the file is empty")
        if size > largest:
            raise MediaNotUsable(f"the file is larger than {largest} bytes")

    async def _from_storage(self, name: str, instance: UUID, target: Path) -> None:
        try:
            media = UUID(hex=name)
        except ValueError:
            raise MediaNotUsable("the stored request names no file") from None
        give_up = self._clock.elapsed() + WAIT
        while True:
            try:
                found = await self._storage.find(media)
                if found.instance_id != instance:
                    raise MediaGone
                await self._storage.fetch(media, target)
                return
            except MediaGone:
                raise MediaNotUsable("the file is not kept any more") from None
            except (MediaElsewhere, BucketAway) as error:
                if self._clock.elapsed() >= give_up:
                    raise MediaWaits(str(error)) from error
            await self._clock.sleep_until(self._clock.elapsed() + LOOK_AGAIN)

    async def _from_url(self, url: str, target: Path, largest: int) -> None:
        rules = Rules(self._patience, largest, REDIRECTS, SCHEMES)
        try:
            async with self._outbound.request("GET", url, rules) as answer:
                if answer.status != 200:
                    raise _refused(answer.status)
                with disk_errors(), await asyncio.to_thread(target.open, "wb") as file:
                    gathered = bytearray()
                    async for chunk in answer.chunks():
                        gathered += chunk
                        if len(gathered) >= WRITE:
                            await asyncio.to_thread(file.write, bytes(gathered))
                            gathered.clear()
                    await asyncio.to_thread(file.write, bytes(gathered))
        except OutboundError as error:
            kind = MediaAway if error.retry else MediaNotUsable
            raise kind(f"the file cannot be fetched: {error}") from error


def _refused(status: int) -> DeliveryError:
    text = f"the file cannot be fetched: its server answered {status}"
    return MediaAway(text) if status in _AGAIN else MediaNotUsable(text)


def _write_data(uri: str, target: Path) -> None:
    try:
        content = base64.b64decode(uri.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise MediaNotUsable("the data URI does not hold valid base64") from None
    with disk_errors():
        target.write_bytes(content)
