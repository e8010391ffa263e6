"""Together: what many want to know at the same time is asked by one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """Collects keys while the previous ones are asked for: no timer, no added wait. `run` must be running."""

    def __init__(self, ask: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._wanted: dict[K, asyncio.Future[V | None]] = {}
        self._arrived = asyncio.Event()

    async def get(self, key: K) -> V | None:
        """The answer, or None where there is none. Raises what asking raised, for all who asked together."""
        future = self._wanted.get(key)
        if future is None:
            future = self._wanted[key] = asyncio.get_running_loop().create_future()
            self._arrived.set()
        # Others wait for the same answer: one caller that goes away must not take it from them.
        return await asyncio.shield(future)

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            wanted, self._wanted = self._wanted, {}
            try:
                found = await self._ask(list(wanted))
            except Exception as error:
                for future in _open(wanted):
                    future.set_exception(error)
            except asyncio.CancelledError:
                for future in _open(wanted):
                    future.set_exception(OSError("the program is stopping"))
                raise
            else:
                for key, future in wanted.items():
                    if not future.done():
                        future.set_result(found.get(key))


def _open(wanted: Mapping[K, "asyncio.Future[V | None]"]) -> list["asyncio.Future[V | None]"]:
    return [future for future in wanted.values() if not future.done()]
