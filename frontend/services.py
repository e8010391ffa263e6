"""Services: what operations may use. One object, made at the start and handed to each function that performs."""

from dataclasses import dataclass

from common.clock import Clock
from common.doorbell import Doorbell
from common.metrics import FrontendMetrics
from common.postgres import Pool
from frontend.vault import Vault


@dataclass(frozen=True, slots=True)
class Services:
    pool: Pool
    doorbell: Doorbell
    vault: Vault
    clock: Clock
    metrics: FrontendMetrics
    shards: int
