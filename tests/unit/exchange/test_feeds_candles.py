"""Replay of candles: exactly the file's bars, and never a glimpse of what comes later in it."""

import gzip
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.feeds import ENDED_MS, CandleFeed, CandleFileError, Step, candle_file
from exchange.feeds.candle_file import Candles, Row
from exchange.instruments import LISTED

SPECS = {spec.instrument_name: spec for spec in LISTED}
BTC = "BTC_USDC-PERPETUAL"
ETH = "ETH_USDC-PERPETUAL"
MINUTE_MS = 60_000
T0 = 1_735_689_600_000
HISTORY = next(
    (folder / "deribit" / "history" for folder in Path(__file__).resolve().parents[4].glob("shared")), Path("missing")
)


def bar(number: int, opened: float, high: float, low: float, close: float, volume: float | None = 1.0) -> Row:
    return Row(T0 + number * MINUTE_MS, opened, high, low, close, volume)


RISING = [bar(n, 100.0 + n, 103.0 + n, 98.0 + n, 101.0 + n) for n in range(10)]


def feed(rows: list[Row], *, start_ms: int = T0, name: str = BTC, **more: Any) -> CandleFeed:
    candles = Candles(rows, bar_ms=MINUTE_MS)
    return CandleFeed({name: candles}, instruments=SPECS, start_ms=start_ms, **({"seed": 1} | more))


def steps(source: CandleFeed, limit: int = 100_000) -> list[Step]:
    taken: list[Step] = []
    while source.next_due_ms() < ENDED_MS and len(taken) < limit:
        due_ms = source.next_due_ms()
        taken.append(source.take())
        assert taken[-1].time_ms == due_ms
    return taken


@st.composite
def any_rows(draw: st.DrawFn) -> list[Row]:
    """Bars with gaps between them."""
    rows: list[Row] = []
    open_ms = T0
    price = st.floats(min_value=0.01, max_value=1e6, allow_nan=False)
    for _ in range(draw(st.integers(1, 12))):
        low, one, other, high = sorted(draw(st.tuples(price, price, price, price)))
        opened, close = (one, other) if draw(st.booleans()) else (other, one)
        rows.append(Row(open_ms, opened, high, low, close, draw(st.one_of(st.none(), st.floats(0, 1e6)))))
        open_ms += MINUTE_MS * draw(st.integers(1, 4))
    return rows


@given(rows=any_rows(), other=any_rows(), cut=st.integers(0, 11), points=st.integers(4, 17), seed=st.integers())
def test_what_comes_later_in_the_file_never_changes_what_came_before(
    rows: list[Row], other: list[Row], cut: int, points: int, seed: int
) -> None:
    kept = rows[: cut + 1]
    shift = kept[-1].open_ms + MINUTE_MS - T0
    changed = kept + [row._replace(open_ms=row.open_ms + shift) for row in other]
    whole, cut_short, went_otherwise = (steps(feed(some, points=points, seed=seed)) for some in (rows, kept, changed))

    assert whole[: len(cut_short)] == cut_short == went_otherwise[: len(cut_short)]


@given(rows=any_rows(), points=st.integers(4, 17), seed=st.integers())
def test_the_rest_of_a_running_bar_is_not_in_what_was_stepped_of_it(rows: list[Row], points: int, seed: int) -> None:
    """Its open is all that the first step tells; the order of the extremes is tossed, not guessed from the close."""
    last = rows[-1]
    turned = last._replace(high=last.high * 2, low=last.low / 2, close=last.open)

    for name in (BTC, "BTC-PERPETUAL"):
        one, other = (steps(feed([*rows[:-1], row], points=points, seed=seed, name=name)) for row in (last, turned))

        assert one[: -points + 1] == other[: -points + 1]


@given(rows=any_rows(), points=st.integers(4, 17), seed=st.integers())
def test_the_steps_of_a_bar_stay_in_its_range_and_reach_its_four_prices(
    rows: list[Row], points: int, seed: int
) -> None:
    taken = steps(feed(rows, points=points, seed=seed))

    assert len(taken) == points * len(rows)
    for number, row in enumerate(rows):
        inside = taken[number * points : (number + 1) * points]
        prices = [step.price for step in inside]
        assert prices[0] == row.open
        assert prices[-1] == row.close
        assert max(prices) == row.high
        assert min(prices) == row.low
        assert all(row.open_ms <= step.time_ms < row.open_ms + MINUTE_MS for step in inside)


@given(rows=any_rows(), seed=st.integers(), loop=st.booleans(), late_ms=st.integers(0, 1_000_000))
def test_steps_come_in_order_of_time_and_never_before_the_start(
    rows: list[Row], seed: int, loop: bool, late_ms: int
) -> None:
    start_ms = T0 + 86_400_000 + late_ms
    taken = steps(feed(rows, seed=seed, loop=loop, start_ms=start_ms), limit=200)

    assert all(earlier.time_ms <= later.time_ms for earlier, later in pairwise(taken))
    assert all(step.time_ms >= start_ms for step in taken)


def test_which_extreme_comes_first_differs_from_bar_to_bar_and_not_with_the_close() -> None:
    rows = [bar(n, 100.0, 110.0, 90.0, 105.0) for n in range(200)]
    falling = [row._replace(close=95.0) for row in rows]

    first = [step.price for step in steps(feed(rows))[1::4]]

    assert 60 < first.count(110.0) < 140
    assert first == [step.price for step in steps(feed(falling))[1::4]]


def test_the_market_stands_still_between_bars_that_are_missing() -> None:
    taken = steps(feed([RISING[0], RISING[5]]))

    assert [step.time_ms - T0 for step in taken] == [0, 15_000, 30_000, 45_000, 300_000, 315_000, 330_000, 345_000]


def test_a_file_that_has_ended_is_never_due_again() -> None:
    source = feed(RISING)
    steps(source)

    assert source.next_due_ms() == ENDED_MS


def test_a_loop_begins_again_at_the_price_and_the_minute_at_which_it_ended() -> None:
    source = feed(RISING, loop=True)
    taken = steps(source, limit=81)

    assert taken[40].time_ms == T0 + 10 * MINUTE_MS
    assert taken[40].price == pytest.approx(taken[39].price)
    assert taken[80].price == pytest.approx(taken[79].price)
    assert max(step.price for step in taken[40:80]) == pytest.approx(112.0 * 1.1)


def test_a_replay_that_starts_now_keeps_minutes_minutes() -> None:
    start_ms = 1_800_000_037_000 // MINUTE_MS * MINUTE_MS + 37_000
    taken = steps(feed(RISING, start_ms=start_ms))

    assert taken[0].time_ms == start_ms
    assert taken[0].price == steps(feed(RISING))[2].price  # where the bar stands after 30 of its seconds
    assert [step.time_ms % MINUTE_MS for step in taken[1:6]] == [45_000, 0, 15_000, 30_000, 45_000]


def test_the_past_is_what_lies_before_the_chosen_start_and_nothing_else() -> None:
    start_ms = T0 + 86_400_000
    source = feed(RISING, start_ms=start_ms, from_ms=T0 + 4 * MINUTE_MS)
    past = source.past(BTC)

    assert [candle.open_ms for candle in past] == [start_ms + n * MINUTE_MS for n in range(-4, 0)]
    assert [tuple(map(float, candle[1:5])) for candle in past] == [tuple(row[1:5]) for row in RISING[:4]]
    assert sum(candle.volume for candle in past) == pytest.approx(Decimal(4))
    assert source.take() == Step(start_ms, BTC, 104.0, 104.0, source_volume(4))
    assert source.past(ETH) == []


def source_volume(number: int) -> float:
    return steps(feed(RISING))[number * 4].volume


def test_long_bars_become_minutes_in_the_past_and_gaps_are_flat() -> None:
    hour_ms = 60 * MINUTE_MS
    rows = [Row(T0 + n * hour_ms, 100.0, 120.0, 90.0, 110.0, 6.0) for n in (0, 2, 3)]
    source = CandleFeed(
        {BTC: Candles(rows, bar_ms=hour_ms)},
        instruments=SPECS,
        start_ms=T0 + 3 * hour_ms,
        seed=1,
        from_ms=T0 + 3 * hour_ms,
    )
    past = source.past(BTC)

    assert [candle.open_ms for candle in past] == [T0 + n * MINUTE_MS for n in range(180)]
    assert max(candle.high for candle in past[:60]) == 120
    assert min(candle.low for candle in past[:60]) == 90
    assert {candle[1:] for candle in past[60:120]} == {(Decimal("110.0"),) * 4 + (Decimal(0),)}
    assert sum(candle.volume for candle in past) == pytest.approx(Decimal(12))


def test_several_files_are_replayed_side_by_side_from_their_common_beginning() -> None:
    late = [row._replace(open_ms=row.open_ms + 2 * MINUTE_MS) for row in RISING]
    both = CandleFeed({BTC: Candles(RISING), ETH: Candles(late)}, instruments=SPECS, start_ms=T0, seed=1)
    taken = steps(both)

    assert taken[0].price == 102.0
    assert taken[1].price == 100.0
    assert {step.time_ms for step in taken[:2]} == {T0}


# --- files


def written(folder: Path, text: str, name: str = "candles.csv") -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


GOOD = {
    "as stored": "timestamp,open,high,low,close,volume\n1735689600000,1,4,0.5,2,7\n1735689660000,2,4,0.5,2,7\n",
    "other order": "close,low,high,open,volume,timestamp\n2,0.5,4,1,7,1735689600000\n2,0.5,4,2,7,1735689660000\n",
    "seconds": "Timestamp,Open,High,Low,Close,Volume\n1735689600,1,4,0.5,2,7\n1735689660.0,2,4,0.5,2,7\n",
    "microseconds": "time,open,high,low,close,volume\n1735689600000000,1,4,0.5,2,7\n1735689660000000,2,4,0.5,2,7\n",
    "two volumes": "timestamp,open,high,low,close,volume_btc,cost\n1735689600,1,4,.5,2,7,9\n1735689660,2,4,.5,2,7,\n",
    "dollars alone": "timestamp,open,high,low,close,cost_usd\n1735689600,1,4,.5,2,7\n1735689660,2,4,.5,2,14\n",
    "windows": "\ufefftimestamp,open,high,low,close,volume\r\n1735689600,1,4,.5,2,7\r\n\r\n1735689660,2,4,.5,2,7\r\n",
    "more columns": "n,timestamp,open,high,low,close,volume,x\n0,1735689600,1,4,.5,2,7,a\n1,1735689660,2,4,.5,2,7,b\n",
}


@pytest.mark.parametrize("name", ["candles.csv", "candles.csv.gz"])
@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_a_file_is_read_whatever_its_order_its_clock_and_its_packing(tmp_path: Path, text: str, name: str) -> None:
    candles = candle_file.read(written(tmp_path, text, name))

    assert candles.bar_ms == MINUTE_MS
    assert [candles.row(n) for n in range(2)] == [
        Row(T0, 1.0, 4.0, 0.5, 2.0, 7.0),
        Row(T0 + MINUTE_MS, 2.0, 4.0, 0.5, 2.0, 7.0),
    ]


@pytest.mark.parametrize("seconds", [1, 60, 300, 3_600, 86_400])
def test_the_size_of_the_bars_is_found_in_spite_of_gaps(tmp_path: Path, seconds: int) -> None:
    rows = [f"{1735689600 + seconds * n},1,4,1,2,7\n" for n in (0, 2, 5, 6, 9)]

    assert candle_file.read(written(tmp_path, HEADER + "".join(rows))).bar_ms == seconds * 1000


def test_a_file_without_volume_trades_nominally(tmp_path: Path) -> None:
    path = written(tmp_path, "timestamp,open,high,low,close\n1735689600,1,4,0.5,2\n")
    source = CandleFeed({BTC: path}, instruments=SPECS, start_ms=T0, seed=1)

    assert sum(step.volume for step in steps(source)) == pytest.approx(1.0)


HEADER = "timestamp,open,high,low,close,volume\n"
BAD = {
    "no column": ("timestamp,open,high,close\n1,2,3,4\n", "line 1: has no column low"),
    "no number": (HEADER + "1735689600,1,4,0.5,2,7\n1735689660,1,x4,0.5,2,7\n", "line 3: high is 'x4'"),
    "not finite": (HEADER + "1735689600,1,nan,0.5,2,7\n", "line 2: high is 'nan'"),
    "high below": (HEADER + "1735689600,1,1.5,0.5,2,7\n", "line 2: high 1.5 is below open 1 or close 2"),
    "low above": (HEADER + "1735689600,1,4,1.5,2,7\n", "line 2: low 1.5 is above open 1 or close 2"),
    "zero": (HEADER + "1735689600,1,4,0,2,7\n", "line 2: low is 0, and a price is above 0"),
    "backwards": (
        HEADER + "1735689660,1,4,1,2,7\n1735689600,1,4,1,2,7\n",
        "line 3: opens at 1735689600000, which is not",
    ),
    "twice": (HEADER + "1735689600,1,4,1,2,7\n1735689600,1,4,1,2,7\n", "line 3: opens at 1735689600000, which is not"),
    "short line": (HEADER + "1735689600,1,4\n", "line 2: has 3 cells where the header has 6"),
    "less than nothing": (HEADER + "1735689600,1,4,1,2,-7\n", "line 2: volume is -7"),
    "empty": ("", "line 1: has no column timestamp"),
    "no bars": (HEADER, "has no bars"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_gives_one_sentence_with_file_line_and_reason(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(CandleFileError) as caught:
        candle_file.read(path)

    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bars_that_overlap_are_refused(tmp_path: Path) -> None:
    rows = [f"{1735689600 + 60 * n},1,4,1,2,7\n" for n in range(candle_file.SIZE_ROWS)]
    rows.append(f"{1735689600 + 60 * (candle_file.SIZE_ROWS - 1) + 30},1,4,1,2,7\n")

    with pytest.raises(CandleFileError, match=f"line {candle_file.SIZE_ROWS + 2}: opens 30000 ms after"):
        candle_file.read(written(tmp_path, HEADER + "".join(rows)))


@pytest.mark.parametrize("content", [b"\x1f\x8bnot a gzip", b"", b"plain text"])
def test_a_broken_archive_gives_a_sentence_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(content)

    with pytest.raises(CandleFileError, match=r"broken\.csv\.gz"):
        candle_file.read(path)


def test_a_missing_file_gives_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(CandleFileError, match=r"nothing\.csv: cannot be read: No such file"):
        candle_file.read(tmp_path / "nothing.csv")


SIZES = {
    "deribit_BTC-PERPETUAL_1D_2018-08_2026-01.csv.gz": (2_727, 86_400_000),
    "bitstamp_BTCUSD_1h_2018-05_2022-03.csv.gz": (33_259, 3_600_000),
    "binance_usdm_ETHUSDT_5m_2025-03_2025-04.csv.gz": (10_906, 300_000),
}


@pytest.mark.parametrize(("name", "size"), SIZES.items(), ids=SIZES.keys())
def test_real_history_is_read_whole(name: str, size: tuple[int, int]) -> None:
    path = HISTORY / name
    if not path.exists():
        pytest.skip("the real candle history lies beside the checkout and is not part of it; it is not here")
    candles = candle_file.read(path)

    assert (len(candles), candles.bar_ms) == size
    source = CandleFeed({BTC: candles}, instruments=SPECS, start_ms=candles.opens_ms[0], seed=1)
    assert len(steps(source, limit=10**6)) == 4 * len(candles)
