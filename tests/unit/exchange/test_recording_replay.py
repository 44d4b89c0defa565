"""A recorded session, replayed, gives the same fills."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from exchange import encoding
from exchange.exchange import Exchange, Send
from exchange.faults import FaultSettings
from exchange.feeds import open_feed
from exchange.recording import Recorder, RecordError, replay
from exchange.sessions import TooManyConnections
from exchange.settings import FeedSettings, Limits, Settings
from exchange.switches import Switches

START_MS = 1_767_258_000_000
BTC = "BTC-PERPETUAL"


def opened(faults: str = "none", seed: int = 5) -> Exchange:
    settings = Settings(
        seed=seed,
        token_lifetime_s=86_400,
        limits=Limits(credits=False, connections_per_address=2),
        feed=FeedSettings(step_ms=1000, profile="wild"),
        faults=msgspec.convert({"profile": faults}, FaultSettings),
    )
    return Exchange(settings=settings, feed=open_feed(settings, start_ms=START_MS), start_ms=START_MS)


def frame(number: int, method: str, **params: Any) -> bytes:
    return encoding.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def trade_for_an_hour(exchange: Exchange, seed: int = 1) -> list[Any]:
    """A session with everything in it: sockets, HTTP, orders, an operator's hand, a lost line."""
    draw = Random(seed)
    left: list[Any] = []
    now_ms = START_MS + 1_000
    session = exchange.connect(now_ms)
    exchange.receive_frame(
        session,
        frame(1, "public/auth", grant_type="client_credentials", client_id="paper", client_secret="paper"),
        now_ms,
    )
    for number in range(2, 80):
        for _ in range(draw.randrange(3)):
            now_ms += draw.randrange(20_000)
            exchange.advance(now_ms)
            left += exchange.drain()
        now_ms += draw.randrange(20_000)
        side = draw.choice(("buy", "sell"))
        params: dict[str, Any] = {"instrument_name": BTC, "amount": 10 * draw.randrange(1, 50), "type": "market"}
        if draw.random() < 0.5:
            price = exchange.engine.markets[BTC].mark_price // 1
            params |= {"type": "limit", "price": price + draw.randrange(-30, 30)}
        if number % 2:
            exchange.receive_frame(session, frame(number, f"private/{side}", **params), now_ms)
        else:
            exchange.receive(
                session, {"jsonrpc": "2.0", "id": number, "method": f"private/{side}", "params": params}, now_ms
            )
        if number == 30:
            exchange.set_price(BTC, Decimal("63000.5"), hold=False, now_ms=now_ms)
        if number == 40:
            exchange.engine.switches = Switches(market_order_shown_as="limit")
        if number in {42, 46}:
            exchange.engine.lock(exchange.engine.accounts["main"], "BTC", locked=number == 42)
        if number == 50:
            exchange.disconnected(session, now_ms)
            session = exchange.connect(now_ms)
            exchange.receive_frame(
                session,
                frame(1, "public/auth", grant_type="client_credentials", client_id="paper", client_secret="paper"),
                now_ms,
            )
        if number == 60:
            asked = exchange.connect(now_ms, transport="http")
            exchange.receive_http(asked, "GET", "/api/v2/public/get_time", {}, {}, b"", now_ms)
            exchange.set_faults([{"fault": "reply_late", "probability": 0.3, "delay_ms": [1, 900]}])
        left += exchange.drain()
    exchange.advance(now_ms + 60_000)
    return left + exchange.drain()


def fills(exchange: Exchange) -> list[Any]:
    return [msgspec.to_builtins(trade) for trade in exchange.engine.accounts["main"].archive.trades]


@pytest.mark.parametrize("faults", ["none", "all"])
def test_a_recorded_session_replayed_gives_the_same_fills(tmp_path: Path, faults: str) -> None:
    path = tmp_path / "session.jsonl"
    live = opened(faults)
    with Recorder(path, live, start_ms=START_MS) as recorder:
        trade_for_an_hour(recorder.exchange)
    again = replay(path)

    assert len(fills(live)) > 10
    assert fills(again) == fills(live)
    assert again.state(0)["accounts"] == live.state(0)["accounts"]
    assert again.engine.switches == live.engine.switches


def test_recording_changes_nothing_of_what_leaves(tmp_path: Path) -> None:
    with Recorder(tmp_path / "session.jsonl", (live := opened()), start_ms=START_MS) as recorder:
        told = trade_for_an_hour(recorder.exchange)

    assert told == trade_for_an_hour(opened())
    assert live.counters["requests"] > 70


def test_a_replay_tells_what_the_live_exchange_told(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    told: list[Any] = []
    with Recorder(path, opened(), start_ms=START_MS) as recorder:
        live = trade_for_an_hour(recorder.exchange)
    replay(path, sink=told.extend)

    assert [item.message for item in told if isinstance(item, Send)] == [
        item.message for item in live if isinstance(item, Send)
    ]


def test_a_replay_can_stop_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with Recorder(path, (live := opened()), start_ms=START_MS) as recorder:
        trade_for_an_hour(recorder.exchange)
    middle_ms = fills(live)[len(fills(live)) // 2]["timestamp"]
    half = replay(path, until_ms=middle_ms)

    assert fills(half) == [fill for fill in fills(live) if fill["timestamp"] <= middle_ms]


def test_a_restored_exchange_is_replayed_from_its_image(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    before = opened()
    trade_for_an_hour(before)
    image = list(before.engine.image())
    live = opened()
    live.engine.restore(iter(image), START_MS)
    live.sessions.start_counting_from(50)
    with Recorder(path, live, start_ms=START_MS, image=image) as recorder:
        trade_for_an_hour(recorder.exchange, seed=2)

    assert fills(replay(path)) == fills(live)


def test_a_connection_that_was_refused_is_refused_again(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with Recorder(path, opened(), start_ms=START_MS) as recorder:
        first, _ = recorder.exchange.connect(START_MS), recorder.exchange.connect(START_MS)
        with pytest.raises(TooManyConnections):
            recorder.exchange.connect(START_MS)
        recorder.exchange.disconnected(first, START_MS + 1)
        recorder.exchange.connect(START_MS + 2)

    assert replay(path).counters["connections"] == 3


def test_a_record_is_bounded_and_what_fits_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with Recorder(path, (live := opened()), start_ms=START_MS, bytes_max=12_000) as recorder:
        trade_for_an_hour(recorder.exchange)
        assert recorder.is_full
    part = fills(replay(path))

    assert path.stat().st_size <= 12_000
    assert 0 < len(part) < len(fills(live))
    assert part == fills(live)[: len(part)]


def test_a_record_cut_off_in_the_middle_of_a_line_is_replayed_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with Recorder(path, (live := opened()), start_ms=START_MS) as recorder:
        trade_for_an_hour(recorder.exchange)
    path.write_bytes(path.read_bytes()[:-9])

    assert fills(replay(path)) == fills(live)


def test_a_file_that_is_no_record_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"session\.jsonl, line 1: this is no record"):
        replay(path)
    with Recorder(path, opened(), start_ms=START_MS):
        pass
    path.write_bytes(path.read_bytes() + b'{"do": "explode"}\n')
    with pytest.raises(RecordError, match=r"line 2: nobody can 'explode' an exchange"):
        replay(path)
