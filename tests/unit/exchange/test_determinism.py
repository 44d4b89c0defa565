"""One seed, one script of requests, one history: to the last byte, in this process and in any other.

Without it no failure found by a seed could be looked at twice.
"""

import functools
import hashlib
import os
import random
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from exchange.encoding import encode
from exchange.exchange import Exchange, Send
from exchange.faults import FaultSettings
from exchange.feeds import open_feed
from exchange.recording import Recorder, replay
from exchange.records import Position
from exchange.settings import FeedSettings, Limits, Settings
from exchange.switches import Switches

ROOT: Final = Path(__file__).resolve().parents[3]
START_MS: Final = 1_767_251_400_000  # 2026-01-01 07:10 UTC: the script runs over the settlement at 08:00
HOURS: Final = 2
BTC: Final = "BTC-PERPETUAL"
USDC: Final = "BTC_USDC-PERPETUAL"
CHANNELS: Final = (
    "user.changes.any.any.raw",
    "user.portfolio.any",
    "user.orders.any.any.100ms",
    f"ticker.{BTC}.raw",
    f"book.{USDC}.100ms",
    "trades.future.any.100ms",
    f"chart.trades.{BTC}.1",
    "platform_state",
)


NO_FAULTS: Final = FaultSettings()


class Script:
    """A trader's two hours, drawn from a seed of its own: the same for every exchange that answers the same."""

    def __init__(self, seed: int, record: Path | None = None, faults: FaultSettings = NO_FAULTS) -> None:
        switches = Switches(push_before_reply="seeded")
        feed = FeedSettings(step_ms=2000, profile="lively")
        chosen = Settings(seed=seed, switches=switches, feed=feed, limits=Limits(tier=1), faults=faults)
        self.exchange = Exchange(settings=chosen, feed=open_feed(chosen, start_ms=START_MS), start_ms=START_MS)
        self.recorder = None
        if record is not None:
            self.recorder = Recorder(record, self.exchange, start_ms=START_MS)
            self.exchange = self.recorder.exchange
        self.now_ms = START_MS
        self.told = hashlib.sha256()
        self.messages = 0
        self.fills: list[tuple[str, str, Decimal]] = []
        self._rng = random.Random("script")
        self._order_ids = ["none"]
        self._number = 0
        self._session = self._connect()

    def run(self) -> str:
        """Everything that left the exchange, as one number."""
        rng = self._rng
        while self.now_ms < START_MS + HOURS * 3_600_000:
            for _ in range(rng.randint(1, 3)):
                self._call(*self._wish())
            if rng.random() < 0.03:
                self.exchange.disconnected(self._session, self.now_ms)
                self._session = self._connect()
            self._wait(rng.choice((10, 400, 5_000, 60_000)))
        return self.told.hexdigest()

    def _connect(self) -> int:
        session = self.exchange.connect(self.now_ms)
        self._session = session
        self._call("public/auth", {"grant_type": "client_credentials", "client_id": "paper", "client_secret": "paper"})
        self._call("private/subscribe", {"channels": list(CHANNELS)})
        return session

    def _wish(self) -> tuple[str, dict[str, Any]]:
        rng = self._rng
        name = rng.choice((BTC, USDC))
        lots = rng.randint(1, 20)
        amount = self.exchange.engine.markets[name].spec.min_trade_amount * lots
        near = {"instrument_name": name, "amount": amount, "label": f"l{rng.randint(1, 9)}"}
        match rng.randrange(8):
            case 0:
                return f"private/{rng.choice(('buy', 'sell'))}", {**near, "type": "market"}
            case 1 | 2:
                return f"private/{rng.choice(('buy', 'sell'))}", {**near, "price": self._price(name, 0.6)}
            case 3 | 4:
                return "private/buy", {**near, **self._bracket(name, amount)}
            case 5:
                lower = {"order_id": rng.choice(self._order_ids[-20:]), "amount": amount, "price": self._price(name, 1)}
                return "private/edit", lower
            case 6:
                return "private/cancel", {"order_id": rng.choice(self._order_ids[-20:])}
            case _:
                return "private/get_account_summaries", {"extended": True}

    def _bracket(self, name: str, amount: Decimal) -> dict[str, Any]:
        leg = {"amount": amount, "direction": "sell", "reduce_only": True}
        stop = {"type": "stop_market", "trigger": "mark_price", "trigger_price": self._price(name, -0.3, least=0.1)}
        legs = [{**leg, **stop, "label": "sl"}, {**leg, "price": self._price(name, 0.3, least=0.1), "label": "tp"}]
        kind = "one_triggers_one_cancels_other"
        return {"price": self._price(name, 0.1), "linked_order_type": kind, "otoco_config": legs}

    def _price(self, name: str, percent: float, least: float = 0.0) -> Decimal:
        market = self.exchange.engine.markets[name]
        draw = self._rng.uniform(least, abs(percent)) * (1 if percent > 0 else -1)
        if not least and self._rng.random() < 0.5:
            draw = -draw
        tick = market.spec.tick_size
        return (market.mark_price * Decimal(repr(round(1 + draw / 100, 6))) / tick).to_integral_value() * tick

    def _call(self, method: str, params: dict[str, Any]) -> None:
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.exchange.receive(self._session, request, self.now_ms)
        self._drain()

    def _wait(self, ms: int) -> None:
        self.now_ms += ms
        self.exchange.advance(self.now_ms)
        self._drain()

    def _drain(self) -> None:
        for item in self.exchange.drain():
            self.messages += 1
            if not isinstance(item, Send):
                self.told.update(repr(item).encode())
                continue
            self.told.update(str(item.session_id).encode() + encode(item.message))
            params = item.message.get("params", {})
            if params.get("channel") == CHANNELS[0]:
                self._order_ids += [order["order_id"] for order in params["data"]["orders"]]
                self.fills += [(one["trade_id"], one["direction"], one["price"]) for one in params["data"]["trades"]]


@functools.cache
def known_history(seed: int) -> str:
    return history(seed)


def history(seed: int, faults: FaultSettings = NO_FAULTS) -> str:
    """The fingerprint of one run. The other process calls this."""
    return Script(seed, faults=faults).run()


def _elsewhere(seed: int, hash_seed: str) -> str:
    """The same in a fresh process whose sets and dicts of strings are ordered by another accident."""
    code = f"from tests.unit.exchange.test_determinism import history; print(history({seed}))"
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return finished.stdout.strip()


def test_the_script_reaches_what_it_is_for() -> None:
    script = Script(7)
    script.run()

    assert script.messages > 5_000
    assert len(script.fills) > 50
    archive = script.exchange.engine.accounts["main"].archive
    reasons = {order.cancel_reason for order in archive.orders.values()}
    assert {"oco_other_closed", "oto_primary_closed", "user_request"} <= reasons
    assert any(row.order_state == "triggered" for row in archive.trigger_rows)
    assert any(row.type == "settlement" for row in archive.ledger)


def test_the_same_seed_tells_the_same_history_to_the_byte() -> None:
    assert history(7) == known_history(7)


def test_another_process_with_another_hash_seed_tells_it_too() -> None:
    assert {_elsewhere(7, "1"), _elsewhere(7, "4242")} == {known_history(7)}


def test_another_seed_tells_another_history() -> None:
    assert known_history(7) != history(8)


def test_faults_are_part_of_the_history() -> None:
    rough = FaultSettings(profile="rough")

    assert history(7, rough) == history(7, rough)
    assert history(7, rough) != known_history(7)


def test_a_recorded_session_played_again_makes_the_same_fills(tmp_path: Path) -> None:
    script = Script(7, record=tmp_path / "session.record")
    assert script.run() == known_history(7), "recording must not change what happens"
    assert script.recorder is not None
    script.recorder.close()

    again = replay(tmp_path / "session.record")

    played, lived = again.engine.accounts["main"], script.exchange.engine.accounts["main"]
    assert list(played.archive.trades) == list(lived.archive.trades)
    assert {name: vars_of(held) for name, held in played.positions.items()} == {
        name: vars_of(held) for name, held in lived.positions.items()
    }
    assert played.live.keys() == lived.live.keys()


def vars_of(position: Position) -> dict[str, object]:
    return msgspec.structs.asdict(position)


@pytest.mark.parametrize("setting", [{"prec": 12}, {"rounding": ROUND_HALF_UP}])
def test_what_the_rest_of_the_process_does_to_its_arithmetic_changes_nothing(setting: dict[str, Any]) -> None:
    """Ccxt sets the rounding of the whole thread, and the exchange once gave other digits after it."""
    with localcontext(**setting):
        assert history(7) == known_history(7)
