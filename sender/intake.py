"""Intake: doorbells and streams say where to look; what is there, and in which order, Postgres says."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from common import keys, logs
from common.postgres import OUTAGES
from common.redis import taught

log = logs.get(__name__)

BLOCK = 5.0  # seconds of one blocking read; a change of the shards held is noticed after this at the latest
STREAMS = 128  # streams of one XREADGROUP: its cost grows with the streams it names
ENTRIES = 1000  # entries of one stream and read
AGAIN = 1.0  # seconds between two tries while Redis or Postgres is away

Read = list[tuple[str, list[tuple[str, dict[str, str]]]]] | None
"""What a stream read answers: per stream its entries, each an id and its fields. (The library's own type is wider.)"""


def reader(url: str) -> Redis:
    """A client for blocking reads: patience above BLOCK, and no retries of its own (a lost reply would hide rings)."""
    client: Redis = Redis.from_url(
        url, socket_timeout=BLOCK + 5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), protocol=2,
        decode_responses=True,
    )  # fmt: skip
    return taught(client)


class Intake:
    """One blocking read on the doorbells of the shards held and on this node's own, then non-blocking reads of the
    streams that rang."""

    def __init__(
        self,
        redis: Redis,
        node: str,
        held: Callable[[], Mapping[int, int]],
        on_ring: Callable[[UUID], Awaitable[None]],
        on_return: Callable[[Iterable[int] | None], Awaitable[None]],
        on_call: Callable[[], None],
        on_change: Callable[[UUID], None] = lambda instance: None,
    ) -> None:
        """`on_change` is told of the rings that brought no message: settings, addresses, a replay."""
        self._redis = redis
        self._held = held
        self._on_ring = on_ring
        self._on_return = on_return
        self._on_call = on_call
        self._call = keys.node(node)
        self._on_change = on_change
        self._last: dict[str, str] = {}
        self._cleared: set[str] = set()
        """Streams that hold nothing which was read and not deleted: a reply was lost, or a reader died."""

    async def run(self) -> None:
        """Listen until cancelled. `on_return` is told when rings may have been lost: those of the shards that are new
        here, or (None) of all shards, after one of the stores was away. `on_call` hears that this node was called."""
        was_away = False
        while True:
            try:
                if was_away:
                    self._last.clear()
                    self._cleared.clear()
                    await self._redis.ping()
                    await self._on_return(None)
                    was_away = False
                await self._listen()
            except (RedisError, *OUTAGES) as error:
                if not was_away:
                    log.warning("doorbells not reached", error=type(error).__name__)
                was_away = True
                await asyncio.sleep(AGAIN)

    async def _listen(self) -> None:
        bells = {keys.bell(shard): shard for shard in self._held()}
        for bell in self._last.keys() - bells.keys() - {self._call}:
            del self._last[bell]
            self._cleared.clear()  # another node reads there from now on
        # A bell seen for the first time is read from its end: the sweep of the claim covers what rang before.
        since = {bell: self._last.get(bell, "$") for bell in [*bells, self._call]}
        if fresh := [bell for bell, last in since.items() if last == "$"]:
            since.update(await self._ends(fresh))
            self._last.update(since)
            if new := [bells[bell] for bell in fresh if bell in bells]:
                await self._on_return(new)
        answer: Read = await self._redis.xread(since, block=int(BLOCK * 1000))  # type: ignore[arg-type, assignment]
        rang: dict[UUID, int] = {}
        for bell, entries in answer or ():
            self._last[bell] = entries[-1][0]
            if bell == self._call:
                self._on_call()
                continue
            for _, fields in entries:
                rang[UUID(hex=fields["i"])] = bells[bell]
                if "c" in fields:
                    self._on_change(UUID(hex=fields["i"]))
        await self._take(rang)

    async def _ends(self, bells: list[str]) -> dict[str, str]:
        """The last id of each bell, `0` where nothing ever rang: `$` would lose what rings between two reads."""
        pipe = self._redis.pipeline(transaction=False)
        for bell in bells:
            pipe.xrevrange(bell, count=1)
        answers = await pipe.execute()
        return {bell: found[0][0] if found else "0" for bell, found in zip(bells, answers, strict=True)}

    async def _take(self, rang: Mapping[UUID, int]) -> None:
        for instance in rang:
            await self._on_ring(instance)
        streams = [keys.stream(shard, instance) for instance, shard in rang.items()]
        for start in range(0, len(streams), STREAMS):
            await self._consume(streams[start : start + STREAMS])

    async def _consume(self, streams: list[str]) -> None:
        """Read, acknowledge and delete. The rows were looked at above, so an entry has done its work."""
        try:
            answer = await self._read(streams, ">")
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self._make_groups(streams)
            answer = await self._read(streams, ">")
        await self._delete(answer)
        if unsure := [stream for stream in streams if stream not in self._cleared]:
            await self._delete(await self._read(unsure, "0"))
            self._cleared.update(unsure)

    async def _delete(self, answer: "Read") -> None:
        pipe = self._redis.pipeline(transaction=False)
        for stream, entries in answer or ():
            if not entries:
                continue
            ids = [number for number, _ in entries]
            pipe.xack(stream, keys.GROUP, *ids)
            pipe.xdel(stream, *ids)
        if len(pipe):
            await pipe.execute()

    async def _read(self, streams: list[str], since: str) -> "Read":
        """`>`: what nobody has read; `0`: what was read and not acknowledged."""
        wanted = dict.fromkeys(streams, since)
        return await self._redis.xreadgroup(keys.GROUP, keys.CONSUMER, wanted, count=ENTRIES)  # type: ignore[arg-type, return-value]

    async def _make_groups(self, streams: list[str]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for stream in streams:
            pipe.xgroup_create(stream, keys.GROUP, id="0", mkstream=True)
        for result in await pipe.execute(raise_on_error=False):
            if isinstance(result, Exception) and not str(result).startswith("BUSYGROUP"):
                raise result
