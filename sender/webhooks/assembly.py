"""Delivery of callbacks, made from the settings."""

import asyncio
from random import Random

from common.clock import Clock
from common.metrics import SenderMetrics
from common.outbound import Outbound
from common.postgres import Pool
from common.settings import SenderSettings
from common.vault import Vault
from sender.leases import Leases
from sender.webhooks.destination import BreakerPolicy
from sender.webhooks.dispatcher import Webhooks
from sender.webhooks.lane import RetryDelays, Tools
from sender.webhooks.post import Post
from sender.webhooks.reads import Reads
from sender.webhooks.records import Records


def webhooks_of(
    settings: SenderSettings,
    outbound: Outbound,
    pool: Pool,
    vault: Vault,
    node: str,
    leases: Leases,
    clock: Clock,
    metrics: SenderMetrics,
) -> Webhooks:
    tools = Tools(
        Post(outbound, settings.webhook_timeout, settings.plain_hosts),
        Reads(pool, vault),
        Records(pool, node, leases.epoch_of),
        asyncio.Semaphore(settings.webhook_concurrency),
        leases.epoch_of,
        RetryDelays(settings.retry_delays),
        clock,
        Random(),
        metrics,
    )
    breaker = BreakerPolicy(
        settings.webhook_breaker_failures,
        settings.webhook_breaker_cooldown,
        settings.webhook_destination_concurrency,
    )
    return Webhooks(pool, tools, breaker)
