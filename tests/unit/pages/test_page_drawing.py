"""Figures and charts: nothing is lost or turned round on the way to the eye."""

import itertools
from xml.etree import ElementTree as ET

import bottle
import pytest

from persistence.access import Scope
from tests.unit.webui.house import House
from webui.access import Who
from webui.pages import draw, figures, market, words
from webui.pages.asking import Asking
from webui.pages.doors import Doors
from webui.pages.draw import Bar, Level, Mark
from webui.pages.texts import Words

T = words.THIN
EN = Words("en")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("64000.50", None, f"64{T}000.5"),
        ("1234567", None, f"1{T}234{T}567"),
        ("-0.5", None, f"{words.MINUS}0.5"),
        ("100", None, "100"),
        ("0.123456789", 6, "0.123457"),
        ("123456789012345678901234567890.5", 2, None),
        (None, 2, words.NOTHING),
        ("", None, words.NOTHING),
        ("not a number", 2, "not a number"),
        ("NaN", 2, "NaN"),
        ("1e3", None, f"1{T}000"),
    ],
)
def test_a_number_is_written_to_be_read(value: str | None, decimals: int | None, text: str | None) -> None:
    found = words.number(value, decimals)

    assert found == text if text is not None else found.endswith(".50")


def test_a_gain_and_a_loss_are_told_apart_without_colour() -> None:
    assert words.coins("0.1", "BTC", signed=True) == "+0.100000 BTC"
    assert words.coins("-0.1", "BTC", signed=True).startswith(words.MINUS)
    assert words.coins("0", "USDC", signed=True) == "0.00 USDC"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, f"0{T}s"), (59.9, f"59{T}s"), (60, f"1{T}min"), (3_660, f"1{T}h 1{T}min"), (-5, f"0{T}s")]
)
def test_how_long_something_lasts_is_said_in_two_units_at_most(seconds: float, text: str) -> None:
    assert words.lasted(seconds, EN) == text


@pytest.mark.parametrize(
    ("instrument", "side", "amount", "made", "coin"),
    [
        ("BTC-PERPETUAL", "buy", "64000", "0.015384615", "BTC"),
        ("BTC-PERPETUAL", "sell", "64000", "-0.015384615", "BTC"),
        ("BTC_USDC-PERPETUAL", "buy", "0.1", "100", "USDC"),
        ("ETH_USDT-PERPETUAL", "sell", "0.1", "-100", "USDT"),
    ],
)
def test_an_open_result_is_in_the_coin_of_its_contract(
    instrument: str, side: str, amount: str, made: str, coin: str
) -> None:
    found = figures.result(instrument, side, amount, "64000", "65000")

    assert found is not None
    assert str(found).startswith(made) or str(found) == f"{made}.0"
    assert figures.currency_of(instrument) == coin


@pytest.mark.parametrize("missing", [("", "1", "1"), ("1", None, "1"), ("1", "0", "1"), ("1", "1", "0")])
def test_an_open_result_is_not_guessed_at(missing: tuple[str, str, str]) -> None:
    assert figures.result("BTC-PERPETUAL", "buy", *missing) is None


def bars(count: int) -> list[Bar]:
    return [Bar(at=n * 60_000, open=100 + n, high=103 + n, low=99 + n, close=101 + n) for n in range(count)]


EVIL = '"><script>alert(1)</script>'


@pytest.mark.parametrize("count", [1, 2, 120])
def test_a_chart_is_sound_markup_whatever_is_in_it(count: int) -> None:
    levels = [Level(kind="stop", price=90, text=EVIL), Level(kind="entry", price=90.01, text="entry")]
    marks = [Mark(kind="buy", at=60_000, price=101, text=EVIL)]

    svg = draw.price_chart(bars(count), levels, marks, until=count * 60_000, title=EVIL)

    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == EVIL
    assert EVIL not in svg


def test_two_levels_close_together_have_names_that_do_not_touch() -> None:
    levels = [Level(kind="entry", price=100.0, text="a"), Level(kind="stop", price=100.001, text="b")]

    root = ET.fromstring(draw.price_chart(bars(9), levels, until=600_000, title="x"))  # noqa: S314 - our own
    heights = sorted(float(each.attrib["y"]) for each in root.iter("text") if each.text in {"a", "b"})

    assert heights[1] - heights[0] >= 14


def drawn(levels: list[Level]) -> tuple[ET.Element, ET.Element]:
    """The plot, and the names beside it."""
    plot, names = ET.fromstring(draw.price_chart(bars(9), levels, until=600_000, title="x"))  # noqa: S314 - our own
    return plot, names


def test_the_names_of_levels_stand_beside_the_newest_candle_and_not_over_it() -> None:
    """On a phone a share of the width was too little for them."""
    levels = [Level(kind="stop", price=90, text="stop 90"), Level(kind="entry", price=104, text="entry 104.5")]

    plot, names = drawn(levels)

    assert [each.text for each in names.iter("text")] == ["entry 104.5", "stop 90"]
    assert not [each for each in plot.iter("text") if each.attrib["class"] != "axis"]


def test_many_levels_at_the_bottom_have_names_inside_the_chart_that_do_not_touch() -> None:
    levels = [Level(kind="stop", price=80 + n / 100, text=str(n)) for n in range(5)]

    _, names = drawn(levels)
    heights = [float(each.attrib["y"]) for each in names.iter("text")]

    assert all(below - above >= 14 for above, below in itertools.pairwise(heights))
    assert heights[-1] < 260
    assert [each.text for each in names.iter("text")] == ["4", "3", "2", "1", "0"], "the highest price at the top"


@pytest.mark.parametrize("price", [80.0, 130.0])
def test_no_level_is_drawn_through_the_figures_of_the_axis(price: float) -> None:
    plot, _ = drawn([Level(kind="stop", price=price, text="stop")])
    (line,) = [each for each in plot.iter("path") if each.attrib["class"] == "level stop"]
    at = float(line.attrib["d"].split()[1].split("H")[0])

    figures = [float(each.attrib["y"]) for each in plot.iter("text") if "data-minute" not in each.attrib]
    assert len(figures) == 2
    assert all(at < foot - 10 or at > foot + 3 for foot in figures), (at, figures)


@pytest.mark.parametrize(("left_at", "names"), [("110.0000001", 3), ("111.5", 4)], ids=["at its target", "elsewhere"])
def test_an_exit_that_reads_as_its_target_is_not_named_twice(house: House, left_at: str, names: int) -> None:
    who, doors = Who(scope=Scope.OBSERVE, name="x"), Doors(bottle.Bottle())
    asking = Asking(parts=house.parts, who=who, t=EN, doors=doors, csrf="", now=9_000_000, path="/")
    story = {"instrument": "BTC-PERPETUAL", "began_at": 1_000_000, "closed_at": 2_000_000, "entry": None}
    story |= {"average_entry": "100", "stop": "90", "target": "110", "exit_price": left_at}
    fills = [{"side": "buy", "at": 1_000_000, "price": "100", "amount": "10"}]

    svg = market.of_trade(asking, {**story, "fills": fills})

    _, beside = ET.fromstring(svg)  # noqa: S314 - our own
    assert len(list(beside)) == names


def test_no_time_stands_under_a_chart_that_has_not_come_yet() -> None:
    until = 599_000

    charts = [
        draw.price_chart(bars(9), until=until, title="x"),
        draw.line_chart([(0, 1.0), (until, 2.0)], title="x"),
    ]

    for svg in charts:
        root = ET.fromstring(svg)  # noqa: S314 - our own
        times = [int(each.attrib["data-minute"]) for each in root.iter("text") if "data-minute" in each.attrib]
        assert len(times) == 3
        assert max(times) == until


@pytest.mark.parametrize(("stop", "target"), [(90.0, 110.0), (110.0, 90.0)])
def test_the_ladder_has_the_stop_at_the_left_for_a_long_and_a_short(stop: float, target: float) -> None:
    near_stop = stop + (target - stop) * 0.1

    root = ET.fromstring(draw.ladder(stop, 100.0, target, near_stop, title="x"))  # noqa: S314 - our own
    (mark,) = root.iter("circle")

    assert mark.attrib["cx"] == "10.0%"


def test_a_price_beyond_the_stop_stays_in_the_picture() -> None:
    root = ET.fromstring(draw.ladder(90.0, 100.0, 110.0, 50.0, title="x"))  # noqa: S314 - our own

    assert [each.attrib["cx"] for each in root.iter("circle")] == ["0.0%"]


def test_nothing_to_draw_is_nothing() -> None:
    assert draw.price_chart([], until=1, title="x") == ""
    assert draw.line_chart([(1, 1.0)], title="x") == ""
    assert draw.ladder(1.0, 1.0, 1.0, None, title="x") == ""


def test_an_hour_in_which_something_was_wrong_stands_out() -> None:
    root = ET.fromstring(draw.strip([None, 0, 3], title="x"))  # noqa: S314 - our own

    assert [each.attrib["class"] for each in root] == ["none", "zero", "some"]
