"""What the settings decide about delivery and upkeep, in the words of the rooms that act on it."""

from datetime import timedelta

from common.settings import SenderSettings
from sender.answering.appearances import CacheRules
from sender.answering.lookups import LookupRules
from sender.courier import DeliveryPolicy
from sender.pictures import PictureRules
from sender.rescue import Schedule
from sender.retries import RetryPolicy


def delivery_of(settings: SenderSettings) -> DeliveryPolicy:
    return DeliveryPolicy(
        pause_min=settings.message_delay_min,
        pause_max=settings.message_delay_max,
        send_timeout=settings.send_timeout,
        # A file is fetched, converted and uploaded in this time.
        compose_timeout=settings.media_download_timeout + settings.media_convert_timeout + timedelta(minutes=5),
        typing_refresh=settings.typing_refresh,
        uncertain_grace=settings.uncertain_grace,
        retry=RetryPolicy(
            settings.message_queue_initial_backoff,
            settings.message_queue_backoff_multiplier,
            settings.message_queue_max_backoff,
        ),
        prefetch=settings.lane_prefetch,
    )


def schedule_of(settings: SenderSettings) -> Schedule:
    return Schedule(
        settings.sweep_interval,
        settings.schedule_interval,
        settings.message_queue_cleanup_interval,
        settings.message_queue_completed_retention,
        settings.message_queue_failed_retention,
        settings.idempotency_retention,
        settings.delivered_retention_period,
        settings.dlq_retention_period,
        settings.audit_retention,
    )


def lookups_of(settings: SenderSettings) -> LookupRules:
    return LookupRules(
        settings.number_lookup_batch,
        settings.number_lookup_pause,
        settings.number_cache_ttl,
        settings.number_missing_ttl,
    )


def caches_of(settings: SenderSettings) -> CacheRules:
    return CacheRules(settings.contact_cache_ttl, settings.contact_cache_size)


def pictures_of(settings: SenderSettings) -> PictureRules:
    return PictureRules(
        settings.profile_pictures,
        settings.profile_picture_refresh,
        settings.profile_picture_pause,
        settings.profile_picture_concurrency,
    )
