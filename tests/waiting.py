"""Waiting for what another task or process brings about: looked at again and again, with a deadline."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")


async def eventually(look: Callable[[], Awaitable[Found] | Found], patience: float = 10) -> Found:
    """What `look` finds as soon as that is true. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while True:
            seen = look()
            found: Found = await seen if inspect.isawaitable(seen) else seen
            if found:
                return found
            await asyncio.sleep(0.01)
