"""The parts of storage, made from the settings as both programs need them."""

from dataclasses import dataclass
from pathlib import Path

from common.clock import Clock
from common.media.bucket import Bucket, BucketAddress
from common.media.disk import Disk
from common.media.links import Links
from common.media.storage import Lifetimes, Storage
from common.media.upkeep import Upkeep
from common.metrics import MediaMetrics
from common.postgres import Pool
from common.settings import Settings


@dataclass(frozen=True, slots=True)
class MediaParts:
    disk: Disk
    storage: Storage
    upkeep: Upkeep
    links: Links | None
    metrics: MediaMetrics


def media_parts(settings: Settings, pool: Pool, clock: Clock, metrics: MediaMetrics) -> MediaParts:
    disk = Disk(Path(settings.media_local_storage_path))
    bucket = Bucket(address_of(settings)) if settings.s3_bucket else None
    key = settings.media_local_secret_key
    links = None if key is None else Links(key.get_secret_value(), settings.media_local_public_base_url)
    lifetimes = Lifetimes(
        settings.media_retention,
        settings.media_local_url_expiry,
        settings.s3_url_expiration if settings.s3_use_presigned_urls else None,
    )
    upkeep = Upkeep(
        pool,
        disk,
        bucket,
        clock,
        metrics,
        move_every=settings.media_move_interval,
        clean_every=settings.media_cleanup_interval,
    )
    return MediaParts(disk, Storage(pool, disk, bucket, links, lifetimes, clock, metrics), upkeep, links, metrics)


def address_of(settings: Settings) -> BucketAddress:
    return BucketAddress(
        settings.s3_bucket,
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_access_key,
        settings.s3_secret_key,
        settings.s3_use_ssl,
        settings.s3_public_base_url,
    )
