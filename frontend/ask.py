"""Ask: a question to the node that holds an instance's session, over Redis, and its answer.

    XADD ask:{shard}        question  {"id", "instance", "name", "arguments", "answer_to", "patience_ms", "deadline_ms"}
    XADD answer:<frontend>  answer    {"id", "ok": true, "value"}
                                      {"id", "ok": false, "error": {"status", "text", "code"?}}

An owner that reads a question `patience_ms` after its entry's id, by the clock of Redis, drops it, since nobody waits
any more; so clocks of nodes may differ. (`deadline_ms`, Unix time of the frontend, is for owners of before.)
`answer_to` is the whole key of the answer's stream. Both keys expire: what a dead process leaves behind goes by itself.
"""

import asyncio
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs
from common.clock import Clock
from common.postgres import Pool
from common.tables import shard as shard_table
from common.tables.instance import Access
from frontend.problems import Problem

log = logs.get(__name__)

BLOCK = 1.0  # seconds that one read of the answers waits
PAUSE = 0.2  # seconds between tries while Redis cannot be reached
MOST_WAITING = 1_000  # questions of one shard that are kept while nobody reads them
MOST_ANSWERS = 100  # read at a time


class Ask:
    """Asks and matches answers by the question's id: a late answer finds nobody. `run` must be running.

    `reader` is a client of its own, because reading answers blocks its connection.
    """

    def __init__(self, redis: Redis, reader: Redis, pool: Pool, clock: Clock, patience: timedelta) -> None:
        self._redis = redis
        self._reader = reader
        self._pool = pool
        self._clock = clock
        self._patience = patience.total_seconds()
        self._answers = keys.answer(f"{os.getpid()}-{secrets.token_hex(8)}")
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._is_waiting = asyncio.Event()

    async def ask(self, access: Access, name: str, arguments: Mapping[str, Any]) -> Any:
        """The owner's value. Raises the owner's own Problem, 503 when nobody can be asked, 504 when nobody answers."""
        question = secrets.token_hex(12)
        future = self._pending[question] = asyncio.get_running_loop().create_future()
        self._is_waiting.set()
        try:
            await self._put(access, question, name, arguments)
            async with asyncio.timeout(self._patience):
                answer = await future
        except TimeoutError:
            raise Problem(504, "the node that holds this instance did not answer in time") from None
        except (RedisError, OSError) as error:
            log.warning("question not asked", name=name, error=type(error).__name__)
            raise Problem(503, "the node that holds this instance cannot be asked now") from None
        finally:
            del self._pending[question]
            if not self._pending:
                self._is_waiting.clear()
        if answer.get("ok"):
            return answer.get("value")
        raise _problem_of(answer.get("error"))

    async def run(self) -> None:
        """Read answers while somebody waits for one; a quiet frontend asks Redis nothing."""
        last = b"0-0"
        while True:
            await self._is_waiting.wait()
            try:
                last = await self._read(last)
            except (RedisError, OSError) as error:
                log.warning("answers not read", error=type(error).__name__)
                await asyncio.sleep(PAUSE)

    async def _put(self, access: Access, id: str, name: str, arguments: Mapping[str, Any]) -> None:
        question = {
            "id": id,
            "instance": access.id.hex,
            "name": name,
            "arguments": arguments,
            "answer_to": self._answers,
            "patience_ms": int(self._patience * 1000),
            "deadline_ms": int((self._clock.now().timestamp() + self._patience) * 1000),
        }
        stream = keys.ask(access.shard)
        # In one: a question without an expiry, or behind a dead frontend, would stay for ever.
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.exists(keys.lease(access.shard))
        pipeline.xadd(stream, {"question": orjson.dumps(question)}, maxlen=MOST_WAITING)
        pipeline.expire(stream, keys.ASK_SECONDS)
        has_lease, entry, *_ = await pipeline.execute()
        # After Redis lost its data the lease is missing until its owner renews it; Postgres still knows the owner.
        if not has_lease and not await self._pool.fetchval(shard_table.IS_OWNED, access.shard):
            # Whoever is told that nobody can be asked must not find later that somebody was.
            await self._redis.xdel(stream, entry)
            raise Problem(503, "no node holds this instance now")

    async def _read(self, last: bytes) -> bytes:
        # The stubs describe every protocol at once; with protocol 2 it is a list of [key, [(entry, fields)]].
        answered: Any = await self._reader.xread({self._answers: last}, count=MOST_ANSWERS, block=int(BLOCK * 1000))
        if not answered:
            return last
        entries: list[tuple[bytes, dict[bytes, bytes]]] = answered[0][1]
        for _, fields in entries:
            answer = _answer_of(fields)
            future = self._pending.get(answer["id"])
            if future is not None and not future.done():
                future.set_result(answer)
        await self._reader.xdel(self._answers, *(entry for entry, _ in entries))
        return entries[-1][0]


def _answer_of(fields: dict[bytes, bytes]) -> dict[str, Any]:
    """What is no answer answers nobody: it must not end the reading of the others."""
    try:
        answer: Any = orjson.loads(fields[b"answer"])
    except (KeyError, ValueError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("id"), str):
        return answer
    log.warning("answer not understood")
    return {"id": ""}


def _problem_of(error: Any) -> Problem:
    """The owner's own, when it is one."""
    status, text = (error.get("status"), error.get("text")) if isinstance(error, dict) else (None, None)
    if isinstance(status, int) and 400 <= status < 600 and isinstance(text, str):
        code = error.get("code")
        return Problem(status, text, code=code if isinstance(code, str) else None)
    return Problem(502, "the node that holds this instance could not answer")
