"""Retries: from what went wrong to what happens next. Pure: time and chance are given."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from common.errors import DeliveryError, OutcomeUnknown
from common.tables.attempt import Doubtful, Failed, Outcome, Retry


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    initial: timedelta = timedelta(seconds=1)
    multiplier: float = 2.0
    longest: timedelta = timedelta(minutes=5)

    def wait(self, attempt: int, chance: Random) -> timedelta:
        """Full jitter: a random part of initial x multiplier^(attempt-1), at most `longest`."""
        # The exponent is bounded before the power: 2.0 ** 2000 raises.
        factor = self.multiplier ** min(attempt - 1, 64)
        ceiling = min(self.longest.total_seconds(), self.initial.total_seconds() * factor)
        return timedelta(seconds=chance.uniform(0, ceiling))


def decide(
    error: DeliveryError, attempt: int, max_attempts: int, now: datetime, policy: RetryPolicy, chance: Random
) -> Outcome:
    """What a failed attempt leads to. Only what surely was not sent is ever tried again."""
    if isinstance(error, OutcomeUnknown) or not error.certain:
        return Doubtful(str(error), now)
    if not error.retry:
        return Failed(error.code, str(error), now)
    if not error.burns_attempt:
        # Not at once: a session that only claims to be connected would spin here.
        return Retry(error.code, str(error), now, now + policy.initial, burns=False)
    if attempt >= max_attempts:
        return Failed(error.code, f"gave up after {attempt} attempts: {error}", now)
    return Retry(error.code, str(error), now, now + policy.wait(attempt, chance), burns=True)
