"""Answers: what a frontend asks of a session that this node holds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import compress
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

UNSUPPORTED = "not-supported-by-engine"
"""The code of a 501: the session, as it is held now, has no such power."""


Entry = tuple[str, dict[str, str]]
Read = list[tuple[str, list[Entry]]] | None
"""What a stream read answers. (The library's own type is wider.)"""


class NoAnswer(Exception):
    """A question that has an answer, and it is no: the status and the text that the caller is told."""

    def __init__(self, status: int, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code


Answerer = Callable[[UUID, Mapping[str, Any]], Awaitable[Any]]


class Answers:
    """Reads the questions of the shards held and answers each to the stream it names, before its deadline or never.

    Whoever deletes a question may answer it, so a question is answered once also while its shard changes hands.
    """

    def __init__(
        self,
        reader: Redis,
        writer: Redis,
        held: Callable[[], Mapping[int, int]],
        answerers: Mapping[str, Answerer],
        node: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._held = held
        self._answerers = answerers
        self._call = keys.node(node)
        self._last_call = "0"
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
        # From the beginning: what was read is deleted, and what is left there may wait for us.
        shards = {keys.ask(shard): shard for shard in self._held()}
        since = {**dict.fromkeys(shards, "0"), self._call: self._last_call}
        answer: Read = await self._reader.xread(since, block=int(BLOCK * 1000))  # type: ignore[arg-type, assignment]
        for stream, entries in answer or ():
            if stream == self._call:
                self._last_call = entries[-1][0]  # the shards have changed: read anew
                continue
            taken, now = await self._taken(stream, entries)
            for number, fields in taken:
                question = _read(fields)
                if question is None:
                    log.warning("question not understood", shard=shards[stream], entry=number)
                elif (left := _left(number, question, now)) > 0:
                    tasks.create_task(self._answer(question, left))

    async def _taken(self, stream: str, entries: list[Entry]) -> tuple[list[Entry], float]:
        """The entries that we deleted, for another node reads here too while the shard changes hands; and when that
        was, by the clock of Redis, which made their ids too."""
        pipe = self._writer.pipeline(transaction=False)
        for number, _ in entries:
            pipe.xdel(stream, number)
        pipe.time()
        *deleted, (seconds, microseconds) = await pipe.execute()
        return list(compress(entries, deleted)), seconds + microseconds / 1e6

    async def _answer(self, question: Mapping[str, Any], left: float) -> None:
        reply: dict[str, Any] = {"id": question["id"]}
        try:
            async with self._slots, asyncio.timeout(left):
                answerer = self._answerers.get(question["name"])
                if answerer is None:
                    raise NoAnswer(501, f"{question['name']} is not known to this node", UNSUPPORTED)
                reply |= {"ok": True, "value": await answerer(UUID(question["instance"]), question["arguments"])}
        except NoAnswer as no:
            code = {} if no.code is None else {"code": no.code}
            reply |= {"ok": False, "error": {"status": no.status, "text": no.text, **code}}
        except TimeoutError:
            return
        except Exception:
            log.exception("question not answered", question=question["name"])
            reply |= {"ok": False, "error": {"status": 503, "text": "The session could not answer."}}
        try:
            pipe = self._writer.pipeline(transaction=True)  # an answer without an expiry would stay for ever
            pipe.xadd(question["answer_to"], {"answer": orjson.dumps(reply)}, maxlen=1000)
            pipe.expire(question["answer_to"], keys.ANSWER_SECONDS)
            await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("answer not delivered", error=type(error).__name__)


def _left(number: str, question: Mapping[str, Any], now: float) -> float:
    """Seconds that somebody still waits. A frontend of before tells a deadline by its own clock only."""
    patience = question.get("patience_ms")
    if isinstance(patience, int):
        return (int(number.partition("-")[0]) + patience) / 1000 - now
    return float(question["deadline_ms"]) / 1000 - now


def _read(fields: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The question, or None where it cannot be one: another version may ask in another form."""
    try:
        question: dict[str, Any] = orjson.loads(fields["question"])
    except (KeyError, orjson.JSONDecodeError):
        return None
    expected = {"id": str, "instance": str, "name": str, "arguments": dict, "answer_to": str, "deadline_ms": int}
    if not isinstance(question, dict) or not all(isinstance(question.get(key), kind) for key, kind in expected.items()):
        return None
    return question
