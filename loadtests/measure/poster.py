"""The yardstick of callbacks: a bare aiohttp loop that POSTs one body again and again, on so many lanes."""

import asyncio
import json
import sys
import time

import aiohttp
import uvloop


async def post(url: str, lanes: int, count: int, size: int) -> None:
    """Prints the seconds that it took and the processor seconds that it used."""
    body = json.dumps({"type": "MessageStatusCallback", "filler": "x" * size}).encode()
    left = iter(range(count))
    connector = aiohttp.TCPConnector(limit=lanes)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def lane() -> None:
            for _ in left:
                async with session.post(url, data=body, headers={"content-type": "application/json"}) as answer:
                    await answer.read()

        started, used = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(lanes):
                tasks.create_task(lane())
        took, cost = time.perf_counter() - started, time.process_time() - used
    sys.stdout.write(json.dumps({"seconds": took, "processor": cost}))


if __name__ == "__main__":
    uvloop.run(post(sys.argv[1], *(int(argument) for argument in sys.argv[2:5])))
