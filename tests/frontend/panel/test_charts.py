"""Numbers as small pictures, and codes as large ones."""

from datetime import UTC, datetime, timedelta

import pytest
import segno

from common.postgres import Pool
from common.tables.console import Counters, Load
from frontend.panel.charts import HEIGHT, WIDTH, draw
from frontend.panel.rendering import age
from frontend.panel.throughput import APART, Point, Sample, Throughput, rates, span_of
from frontend.panel.views.pairing import drawn
from tests.clock import ManualClock
from tests.frontend.gateway import Gateway

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 5, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sample(seconds: int, accepted: int) -> Sample:
    load = Load(0, None, 0, None, 0, 0, 0)
    return Sample(NOW + timedelta(seconds=seconds), Counters(accepted, 0, 0), load)


def test_rates_are_per_second_and_never_below_nothing() -> None:
    samples = [sample(0, 100), sample(2, 110), sample(12, 110), sample(14, 40)]
    assert [point.value for point in rates(samples, "accepted")] == [5.0, 0.0, 0.0]


def test_a_chart_shows_a_minute_at_least_and_ten_at_most() -> None:
    assert span_of([sample(0, 0)]) == MINUTE
    assert span_of([sample(0, 0), sample(90, 0)]) == timedelta(seconds=90)
    assert span_of([sample(0, 0), sample(3_600, 0)]) == 10 * MINUTE


def test_a_line_goes_from_left_to_right_under_a_round_top() -> None:
    points = [Point(NOW - MINUTE, 0.0), Point(NOW - MINUTE / 2, 37.0), Point(NOW, 12.34)]
    chart = draw("Accepted", "messages/s", points, NOW, MINUTE)
    assert chart.line == f"M0.0 {HEIGHT:.1f} L{WIDTH / 2} {HEIGHT * (1 - 37 / 50):.1f} L{WIDTH:.1f} 60.3"
    assert (chart.top, chart.latest) == ("50", "12")


def test_a_chart_without_points_is_empty() -> None:
    chart = draw("Accepted", "messages/s", [], NOW, MINUTE)
    assert (chart.line, chart.area) == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (400_000, "5 d")]
)
def test_ages_are_told_in_units_of_their_size(seconds: int, text: str) -> None:
    assert age(timedelta(seconds=seconds)) == text


def test_a_drawn_code_has_each_module_where_it_belongs() -> None:
    text = "2@abc,def,ghi"
    code = drawn(text)
    matrix = [list(map(bool, row)) for row in segno.make_qr(text).matrix]
    shown = [[False] * code["size"] for _ in range(code["size"])]
    for run in code["path"].split("M")[1:]:
        place, _, rest = run.partition("h")
        x, y = map(int, place.split())
        for offset in range(int(rest.partition("v")[0])):
            shown[y][x + offset] = True
    assert shown == matrix


async def test_many_looks_at_the_same_time_cost_one(gateway: Gateway, pool: Pool) -> None:
    clock = ManualClock(NOW)
    caller = await gateway.create(pool)
    await caller.send_text()
    throughput = Throughput(pool, clock)
    assert len(await throughput.look()) == 1
    clock.move(APART / 2)
    assert len(await throughput.look()) == 1
    await caller.send_text()
    clock.move(APART)
    samples = await throughput.look()
    assert len(samples) == 2
    assert samples[-1].load.messages == 2
    assert [point.value for point in rates(samples, "accepted")] == [pytest.approx(1 / (1.5 * APART))]
    clock.move(660)
    assert len(await throughput.look()) == 1
