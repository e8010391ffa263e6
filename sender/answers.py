"""Answers: what a frontend asks of a session that this node holds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import time
from typing import Any
from uuid import UUID

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs

log = logs.get(__name__)

BLOCK = 5.0  # seconds of one blocking read
AT_ONCE = 64  # questions being answered at the same time
AGAIN = 1.0  # seconds between two tries while Redis is away


class NoAnswer(Exception):
    """A question that has an answer, and it is no: the status and the text that the caller is told."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


Answerer = Callable[[UUID, Mapping[str, Any]], Awaitable[Any]]


class Answers:
    """Reads the questions of the shards held and answers each to the stream it names, before its deadline or never."""

    def __init__(
        self,
        reader: Redis,
        writer: Redis,
        held: Callable[[], Mapping[int, int]],
        until_held: Callable[[], Awaitable[None]],
        answerers: Mapping[str, Answerer],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._held = held
        self._until_held = until_held
        self._answerers = answerers
        self._last: dict[str, str] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._listen(tasks)
                except (RedisError, OSError) as error:
                    log.warning("questions not reached", error=type(error).__name__)
                    await asyncio.sleep(AGAIN)

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        # A question seen for the first time may be old: its deadline says whether it still matters.
        since = {keys.ask(shard): self._last.get(keys.ask(shard), "0") for shard in self._held()}
        if not since:
            await self._until_held()
            return
        answer = await self._reader.xread(since, block=int(BLOCK * 1000))  # type: ignore[arg-type]
        for stream, entries in answer or ():  # type: ignore[str-unpack]
            for number, fields in entries:  # type: ignore[union-attr, str-unpack]
                self._last[str(stream)] = number
                question = orjson.loads(fields["question"])  # type: ignore[index]
                if question["deadline_ms"] > time() * 1000:
                    tasks.create_task(self._answer(question))

    async def _answer(self, question: Mapping[str, Any]) -> None:
        reply: dict[str, Any] = {"id": question["id"]}
        left = question["deadline_ms"] / 1000 - time()
        try:
            async with self._slots, asyncio.timeout(left):
                answerer = self._answerers.get(question["name"])
                if answerer is None:
                    raise NoAnswer(501, f"{question['name']} is not known to this node")
                reply |= {"ok": True, "value": await answerer(UUID(question["instance"]), question["arguments"])}
        except NoAnswer as no:
            reply |= {"ok": False, "error": {"status": no.status, "text": no.text}}
        except TimeoutError:
            return
        except Exception:
            log.exception("question not answered", question=question["name"])
            reply |= {"ok": False, "error": {"status": 503, "text": "The session could not answer."}}
        try:
            pipe = self._writer.pipeline(transaction=False)
            pipe.xadd(question["answer_to"], {"answer": orjson.dumps(reply)}, maxlen=1000)
            pipe.expire(question["answer_to"], keys.ANSWER_SECONDS)
            await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("answer not delivered", error=type(error).__name__)
