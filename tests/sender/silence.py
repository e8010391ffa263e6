"""Pictures that nobody asks for, where a test is about something else."""

from typing import Any

from prometheus_client import CollectorRegistry

from common.clock import Clock
from common.metrics import SenderMetrics
from sender.pictures import PictureRules, Pictures


async def _ignore(instance: object) -> None: ...


def silent_pictures(pool: Any, clock: Clock) -> Pictures:
    return Pictures(
        pool, lambda one: None, _ignore, clock, SenderMetrics(CollectorRegistry()), PictureRules(is_on=False)
    )
