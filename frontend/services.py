"""Services: what operations may use. One object, made at the start and handed to each function that performs."""

from dataclasses import dataclass
from datetime import timedelta

from common.clock import Clock
from common.doorbell import Doorbell
from common.metrics import FrontendMetrics
from common.postgres import Pool
from common.vault import Vault
from frontend.ask import Ask

PATIENCE = 5.0  # seconds that a request waits for Postgres, so that a hanging one is told soon
WHOLE_QUEUE = 30.0  # seconds for a statement that goes through all messages of an instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    pool: Pool
    doorbell: Doorbell
    vault: Vault
    clock: Clock
    metrics: FrontendMetrics
    shards: int
    plain_hosts: frozenset[str]
    """Hosts whose webhooks may be reached without TLS."""
    events_kept: timedelta
    keeps_all_events: bool
    tells_canceled: bool
    """Whether a DeliveryCallback tells of messages that were canceled too."""
    ask: Ask
    lookup_patience: timedelta = timedelta(seconds=60)
    """How long a batch of numbers waits in the middle for its session to come back."""
    token_overlap: timedelta = timedelta(hours=24)
