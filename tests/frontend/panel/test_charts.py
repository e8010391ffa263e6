"""Numbers as small pictures, and codes as large ones."""

from datetime import UTC, datetime, timedelta

import pytest
import segno

from common.postgres import Pool
from common.tables.load_sample import Sample
from frontend.panel.charts import HEIGHT, WIDTH, draw
from frontend.panel.rendering import age
from frontend.panel.throughput import APART, MOST_POINTS, Point, Throughput, rates, span_of, thinned
from frontend.panel.views.pairing import drawn
from tests.clock import ManualClock
from tests.frontend.gateway import Gateway

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 5, 10, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def sample(seconds: int, accepted: int) -> Sample:
    return Sample(NOW + timedelta(seconds=seconds), accepted, 0, 0, 0, None, 0, None, 0)


def test_rates_are_per_second_and_never_below_nothing() -> None:
    samples = [sample(0, 100), sample(2, 110), sample(12, 110), sample(14, 40)]
    assert [point.value for point in rates(samples, "accepted")] == [5.0, 0.0, 0.0]


def test_a_chart_shows_a_minute_at_least_and_what_is_asked_for_at_most() -> None:
    assert span_of([sample(0, 0)], HOUR) == MINUTE
    assert span_of([sample(0, 0), sample(90, 0)], HOUR) == timedelta(seconds=90)
    assert span_of([sample(0, 0), sample(7_200, 0)], HOUR) == HOUR


def test_a_chart_has_so_many_points_at_most_and_the_last_one_always() -> None:
    samples = [sample(second, second) for second in range(0, 86_401, 60)]
    kept = thinned(samples, 24 * HOUR / MOST_POINTS)
    assert MOST_POINTS - 10 <= len(kept) <= MOST_POINTS + 1
    assert kept[-1] == samples[-1]
    assert [point.value for point in rates(kept, "accepted")] == [1.0] * (len(kept) - 1)


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
    throughput = Throughput(pool, clock, MINUTE, HOUR)
    assert len((await throughput.look(HOUR)).samples) == 1
    clock.move(APART / 2)
    assert len((await throughput.look(HOUR)).samples) == 1
    await caller.send_text()
    clock.move(30)
    look = await throughput.look(HOUR)
    assert len(look.samples) == 2
    assert look.load.messages == look.samples[-1].messages == 2
    assert [point.value for point in rates(look.samples, "accepted")] == [pytest.approx(1 / (30 + APART / 2))]
    clock.move(660)
    assert len((await throughput.look(HOUR)).samples) == 1


async def test_one_of_all_frontends_keeps_a_sample_of_each_minute(pool: Pool) -> None:
    clock = ManualClock(NOW)
    first, second = (Throughput(pool, clock, MINUTE, HOUR) for _ in range(2))
    await first.keep()
    clock.move(20)
    await second.keep()
    clock.move(41)
    await first.keep()
    await second.keep()
    assert await kept(pool) == [NOW, NOW + timedelta(seconds=61)]


async def test_samples_are_kept_for_as_long_as_is_set(pool: Pool) -> None:
    clock = ManualClock(NOW)
    throughput = Throughput(pool, clock, MINUTE, 2 * MINUTE)
    for _ in range(4):
        await throughput.keep()
        clock.move(61)
    assert await kept(pool) == [NOW + timedelta(seconds=61 * number) for number in (2, 3)]


async def test_a_page_that_is_opened_shows_what_was_before(pool: Pool) -> None:
    clock = ManualClock(NOW)
    keeping = Throughput(pool, clock, MINUTE, HOUR)
    for _ in range(5):
        await keeping.keep()
        clock.move(61)
    opened = Throughput(pool, clock, MINUTE, HOUR)
    assert len((await opened.look(HOUR)).samples) == 6
    assert len((await opened.look(3 * MINUTE)).samples) == 3
    await keeping.keep()
    clock.move(61)
    assert [each.at for each in (await opened.look(HOUR)).samples][-3:] == [
        NOW + timedelta(seconds=244),
        NOW + timedelta(seconds=305),
        NOW + timedelta(seconds=366),
    ]


async def kept(pool: Pool) -> list[datetime]:
    return [row[0] for row in await pool.fetch("SELECT at FROM load_sample ORDER BY at")]
