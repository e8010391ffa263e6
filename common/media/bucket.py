"""The bucket: files in a store that speaks S3, streamed both ways."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store
from pydantic import SecretStr

from common.media.errors import BucketAway, MediaGone

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Config

PART = 5 * 1024 * 1024  # S3's own smallest part
PARTS_AT_ONCE = 2  # of one file: memory of a process is PUTS times this times PART
PUTS = 4  # files on their way at a time
READ = 256 * 1024
CONNECT_PATIENCE = timedelta(seconds=5)
IDLE_PATIENCE = timedelta(seconds=60)
RETRY_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class BucketAddress:
    name: str
    endpoint: str
    region: str
    access_key: str
    secret_key: SecretStr
    use_tls: bool = True
    public_base_url: str = ""

    @property
    def url(self) -> str:
        """The endpoint with its scheme."""
        if "://" in self.endpoint or not self.endpoint:
            return self.endpoint
        return f"{'https' if self.use_tls else 'http'}://{self.endpoint}"


class Bucket:
    def __init__(self, address: BucketAddress) -> None:
        # Without an endpoint it is AWS; without keys the machine's own role is asked.
        config: S3Config = {"region": address.region or "us-east-1"}
        if address.url:
            config["endpoint"] = address.url
        if address.access_key:
            config["access_key_id"] = address.access_key
            config["secret_access_key"] = address.secret_key.get_secret_value()
        self._store = S3Store(
            address.name,
            config=config,
            client_options={
                "allow_http": address.url.startswith("http://"),
                "connect_timeout": CONNECT_PATIENCE,
                "read_timeout": IDLE_PATIENCE,
                "timeout": timedelta(minutes=10),
            },
            retry_config={
                "max_retries": 2,
                "retry_timeout": RETRY_PATIENCE,
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=2),
                    "base": 2,
                },
            },
        )
        self._public_base_url = address.public_base_url.rstrip("/")
        self._puts = asyncio.Semaphore(PUTS)

    async def put(self, key: str, path: Path, mime: str) -> None:
        """Raises BucketAway; the file stays where it is."""
        async with self._puts:
            with _errors():
                await obstore.put_async(
                    self._store,
                    key,
                    path,
                    attributes={"Content-Type": mime},
                    chunk_size=PART,
                    max_concurrency=PARTS_AT_ONCE,
                )

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """From one byte to before another. Raises BucketAway, MediaGone."""
        options: GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        with _errors():
            got = await obstore.get_async(self._store, key, options=options)
            async for part in got.stream(min_chunk_size=READ):
                yield bytes(part)

    async def delete(self, key: str) -> None:
        """Idempotent. Raises BucketAway."""
        try:
            with _errors():
                await obstore.delete_async(self._store, key)
        except MediaGone:
            return

    def public(self, key: str) -> str | None:
        """Where anybody can read the file, if the bucket is open to all."""
        return f"{self._public_base_url}/{key}" if self._public_base_url else None

    async def sign(self, key: str, lifetime: timedelta) -> str:
        """A URL that whoever has it may read the file with, for that long."""
        with _errors():
            return await obstore.sign_async(self._store, "GET", key, lifetime)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise MediaGone from error
    except (BaseError, OSError, TimeoutError) as error:
        raise BucketAway(f"the bucket for files cannot be reached: {type(error).__name__}") from error
