"""Replay of recorded notifications: what moves a market does, what cannot be read is named by its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.feeds import ENDED_MS, RecordedFeed, Step
from exchange.instruments import LISTED

BTC = "BTC-PERPETUAL"
USDC = "BTC_USDC-PERPETUAL"
T0 = 1_735_689_600_000


def said(channel: str, content: Any, **outside: Any) -> str:
    return json.dumps(
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": content}} | outside
    )


def ticker(time_ms: int, bid: float, ask: float, index: float) -> str:
    content = {
        "timestamp": time_ms,
        "best_bid_price": bid,
        "best_ask_price": ask,
        "index_price": index,
        "last_price": 1,
    }
    return said(f"ticker.{BTC}.100ms", content)


def replayed(*lines: str | bytes, start_ms: int | None = None) -> RecordedFeed:
    return RecordedFeed(lines, instruments=LISTED, start_ms=start_ms)


def steps(source: RecordedFeed) -> list[Step]:
    taken = []
    while (due_ms := source.next_due_ms()) < ENDED_MS:
        taken.append(source.take())
        assert taken[-1].time_ms == due_ms
    return taken


def test_a_ticker_moves_its_market_to_the_middle_of_its_best_prices() -> None:
    assert steps(replayed(ticker(T0, 99, 101, 98.5))) == [Step(T0, BTC, 100.0, 98.5, 0.0)]


def test_a_ticker_of_a_one_sided_book_moves_it_to_the_last_price() -> None:
    line = said(f"ticker.{BTC}.raw", {"timestamp": T0, "best_bid_price": 0, "best_ask_price": 101, "last_price": 90})

    assert steps(replayed(line)) == [Step(T0, BTC, 90.0, 90.0, 0.0)]


def test_each_trade_is_a_step_with_its_volume() -> None:
    trades = [{"timestamp": T0, "price": 100, "amount": 100_000}, {"timestamp": T0, "price": 101, "amount": 25_000}]

    assert steps(replayed(said(f"trades.{BTC}.raw", trades))) == [
        Step(T0, BTC, 100.0, 100.0, 1.0),
        Step(T0, BTC, 101.0, 101.0, 0.25),
    ]


def test_a_price_index_moves_the_index_of_every_market_settled_by_it_and_of_no_other() -> None:
    index = said("deribit_price_index.btc_usd", {"timestamp": T0 + 5, "price": 97, "index_name": "btc_usd"})
    linear = said(f"quote.{USDC}", {"timestamp": T0 + 5, "best_bid_price": 49, "best_ask_price": 51})

    assert steps(replayed(index, ticker(T0, 99, 101, 98), linear, index)) == [
        Step(T0 + 5, BTC, 100.0, 98.0, 0.0),
        Step(T0 + 5, USDC, 50.0, 50.0, 0.0),
        Step(T0 + 5, BTC, 100.0, 97.0, 0.0),
    ]


def test_a_book_is_followed_through_its_changes() -> None:
    def book(time_ms: int, type_: str, bids: list[Any], asks: list[Any]) -> str:
        return said(f"book.{USDC}.100ms", {"type": type_, "timestamp": time_ms, "bids": bids, "asks": asks})

    lines = [
        book(T0, "snapshot", [["new", 99.0, 1.0], ["new", 98.0, 1.0]], [["new", 101.0, 1.0]]),
        book(T0 + 1, "change", [["delete", 99.0, 0.0]], []),
        book(T0 + 2, "change", [], [["new", 100.0, 3.0], ["change", 101.0, 5.0]]),
        said(f"book.{USDC}.none.1.100ms", {"timestamp": T0 + 3, "bids": [[110.0, 1.0]], "asks": [[112.0, 1.0]]}),
    ]

    assert [step.price for step in steps(replayed(*lines))] == [100.0, 99.5, 99.0, 111.0]


@pytest.mark.parametrize("key", ["arrived_ms", "received_ms", "ts"])
def test_the_time_of_arrival_counts_where_the_record_has_it(key: str) -> None:
    line = json.loads(ticker(T0, 99, 101, 98)) | {key: T0 + 70}

    assert steps(replayed(json.dumps(line)))[0].time_ms == T0 + 70


def test_time_never_runs_backwards() -> None:
    taken = steps(replayed(ticker(T0 + 9, 99, 101, 98), ticker(T0, 99, 103, 98)))

    assert [step.time_ms for step in taken] == [T0 + 9, T0 + 9]


def test_a_record_can_begin_now_and_keeps_its_pace() -> None:
    taken = steps(replayed(ticker(T0, 99, 101, 98), ticker(T0 + 40, 99, 103, 98), start_ms=5_000))

    assert [step.time_ms for step in taken] == [5_000, 5_040]


def test_what_does_not_move_a_market_is_passed_over_without_complaint() -> None:
    source = replayed(
        said("platform_state", {"maintenance": False}),
        said("ticker.DOGE-PERPETUAL.raw", {"timestamp": T0}),
        '{"jsonrpc": "2.0", "id": 1, "result": ["ticker"]}',
        '{"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "heartbeat"}}',
        "",
    )

    assert (steps(source), source.problems) == ([], [])


BAD = {
    "cut off": '{"params": {"channel": "tick',
    "a list": "[1, 2]",
    "no number": said(f"ticker.{BTC}.raw", {"timestamp": T0, "best_bid_price": "99", "best_ask_price": 101}),
    "below zero": said(f"trades.{BTC}.raw", [{"timestamp": T0, "price": -1, "amount": 1}]),
    "no price": said(f"trades.{BTC}.raw", [{"timestamp": T0, "amount": 1}]),
    "no content": '{"params": {"channel": "ticker.BTC-PERPETUAL.raw"}}',
    "empty content": said(f"trades.{BTC}.raw", []),
    "text for content": said(f"ticker.{BTC}.raw", "nothing"),
    "not text": b"\xff\xfe",
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_left_out_and_named_by_its_number(line: str | bytes) -> None:
    source = replayed(ticker(T0, 99, 101, 98), line, ticker(T0 + 1, 99, 101, 98))

    assert len(steps(source)) == 2
    assert [problem.split()[:2] for problem in source.problems] == [["line", "2"]]


def test_a_record_full_of_bad_lines_is_counted_but_not_remembered_whole() -> None:
    source = replayed(*["{"] * 5_000)

    assert source.bad_lines == 5_000
    assert len(source.problems) == 100


def test_a_record_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(ticker(T0, 99, 101, 98) + "\n" + ticker(T0 + 1, 99, 103, 98), encoding="utf-8")

    assert len(steps(RecordedFeed(path, instruments=LISTED))) == 2
