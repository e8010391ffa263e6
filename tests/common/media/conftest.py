"""Storage on a disk of the test's own, with or without a bucket."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.media.bucket import Bucket
from common.media.disk import Disk
from common.media.links import Links
from common.media.storage import Lifetimes, Storage
from common.media.upkeep import Upkeep
from common.metrics import MediaMetrics
from common.postgres import Pool

Build = Callable[..., tuple[Storage, Upkeep]]


@pytest.fixture
def metrics() -> MediaMetrics:
    return MediaMetrics(CollectorRegistry())


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "media")


@pytest.fixture
def build(pool: Pool, disk: Disk, metrics: MediaMetrics) -> Build:
    def make(
        bucket: Bucket | None = None,
        disk: Disk = disk,
        lifetime: timedelta = timedelta(days=30),
        *,
        presigned: bool = False,
    ) -> tuple[Storage, Upkeep]:
        clock = SystemClock()
        lifetimes = Lifetimes(lifetime, timedelta(hours=1), timedelta(hours=1) if presigned else None)
        storage = Storage(pool, disk, bucket, Links("key", "http://pombo.test"), lifetimes, clock, metrics)
        every = timedelta(hours=1)
        return storage, Upkeep(pool, disk, bucket, clock, metrics, move_every=every, clean_every=every)

    return make
