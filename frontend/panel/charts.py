"""Charts: a line as the path of a small picture, with what its axes say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontend.panel.rendering import NOTHING
from frontend.panel.throughput import Point

WIDTH, HEIGHT = 300, 80


@dataclass(frozen=True, slots=True)
class Chart:
    """`line` and `area` are SVG paths in a box of WIDTH by HEIGHT; `top` is what its upper edge stands for."""

    title: str
    unit: str
    latest: str
    top: str
    line: str
    area: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(title: str, unit: str, points: Sequence[Point], now: datetime, span: timedelta) -> Chart:
    """The right edge is now, the left one `span` ago."""
    top = _round_up(max((point.value for point in points), default=0.0))
    places = [
        (
            round(WIDTH * (1 - (now - point.at) / span), 1),
            round(HEIGHT * (1 - point.value / top), 1),
        )
        for point in points
    ]
    line = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(places))
    area = f"{line} L{places[-1][0]} {HEIGHT} L{places[0][0]} {HEIGHT} Z" if places else ""
    latest = _shown(points[-1].value) if points else NOTHING
    return Chart(title, unit, latest, _shown(top), line, area)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 ..."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if value <= factor * step:
                return factor * step
        step *= 10


def _shown(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
