"""A stand-in for the node that holds a shard: it has the lease and answers questions as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import redis

from common import keys

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
"""The body of the answer to a question, without its id; None leaves the caller waiting."""


@contextmanager
def owning(redis_url: str, shard: int, answer: Answer) -> Iterator[list[dict[str, Any]]]:
    """The questions that came, as they come."""
    asked: list[dict[str, Any]] = []
    is_over = threading.Event()

    def work() -> None:
        last: bytes | str = "0"
        while not is_over.is_set():
            for _, entries in client.xread({keys.ask(shard): last}, block=50) or ():
                for last, fields in entries:  # noqa: B007 - the position outlives the loop
                    question = orjson.loads(fields[b"question"])
                    asked.append(question)
                    if (told := answer(question)) is not None:
                        entry = orjson.dumps({"id": question["id"], **told})
                        client.xadd(question["answer_to"], {"answer": entry})

    with redis.Redis.from_url(redis_url) as client:
        client.set(keys.lease(shard), "a node of the tests")
        thread = threading.Thread(target=work, name="owner")
        thread.start()
        try:
            yield asked
        finally:
            is_over.set()
            thread.join(5)
            client.delete(keys.lease(shard), keys.ask(shard))
