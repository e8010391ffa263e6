"""Slopes: the straight line through samples, and how much of them it explains."""

from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Slope:
    first: float
    last: float
    per_hour: float
    fit: float
    """Share of the variance that the line explains, 0 to 1."""


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """Least squares over (seconds, value). At least two samples."""
    count = len(samples)
    middle_at = sum(at for at, _ in samples) / count
    middle = sum(value for _, value in samples) / count
    across = sum((at - middle_at) ** 2 for at, _ in samples)
    both = sum((at - middle_at) * (value - middle) for at, value in samples)
    along = sum((value - middle) ** 2 for _, value in samples)
    rise = both / across if across else 0.0
    fit = both**2 / (across * along) if across and along else 0.0
    return Slope(samples[0][1], samples[-1][1], rise * HOUR, fit)
