"""What works on files at a node, made from the settings."""

from dataclasses import dataclass

from common.clock import Clock
from common.media.assembly import MediaParts
from common.outbound import Outbound
from common.settings import SenderSettings
from sender.media.cards import Cards
from sender.media.desk import Desk, DeskRules
from sender.media.fetching import Fetching
from sender.media.linking import ReceivedLinks
from sender.media.portraits import PATIENCE as PORTRAIT_PATIENCE
from sender.media.portraits import Portraits
from sender.media.receiving import ReceivingRules
from sender.media.workshop import Workshop
from sender.translation.media import MediaLinks, NoMedia


@dataclass(frozen=True, slots=True)
class FileParts:
    """The workshop is a context: its processes end with it."""

    workshop: Workshop
    desk: Desk
    portraits: Portraits


def file_parts(settings: SenderSettings, media: MediaParts, outbound: Outbound, clock: Clock) -> FileParts:
    workshop = Workshop(settings.media_worker_concurrency, settings.media_convert_timeout)
    desk = Desk(
        Fetching(outbound, media.storage, clock, settings.media_download_timeout),
        workshop,
        Cards(outbound, workshop),
        media.disk,
        DeskRules(
            settings.media_max_file_size,
            settings.media_max_document_size,
            uploads_at_once=settings.media_upload_concurrency,
        ),
        clock,
        media.metrics,
    )
    portraits = Portraits(Fetching(outbound, media.storage, clock, PORTRAIT_PATIENCE), workshop, media.disk)
    return FileParts(workshop, desk, portraits)


def receiving_rules_of(settings: SenderSettings) -> ReceivingRules:
    return ReceivingRules(
        settings.media_max_file_size,
        settings.media_receive_concurrency,
        settings.media_max_retries,
        settings.media_receive_timeout,
    )


def links_of(settings: SenderSettings, media: MediaParts, clock: Clock) -> MediaLinks:
    """Without a key there are no links, hence nothing to download for."""
    if media.links is None:
        return NoMedia()
    return ReceivedLinks(
        media.links,
        clock,
        wait=settings.media_event_wait,
        lifetime=min(settings.media_local_url_expiry, settings.media_retention),
        largest=settings.media_max_file_size,
    )
