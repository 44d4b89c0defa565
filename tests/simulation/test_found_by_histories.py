"""What seeded histories found and was mended: each history shrunk to the few happenings that mattered.

CHANGELOG.md names the test of each fault. All of them were seen to fail with the repair taken out. What others hold
on the same account stands in test_service_others.py, a disk in trouble in test_found_disk.py.
"""

from decimal import Decimal
from typing import ClassVar

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from strategies.base import Decision, Strategy, Wish
from tests.simulation.service_scene import FAR, Scene
from trading.bracket import Mode
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages import desk, orders
from trading.values import Leg, Milliseconds, Side, StrategyName

FILLS = "private/get_user_trades_by_currency_and_time"
SILENT = Rule(fault="push_lost", channel="user.*")
"""As long as it lasts nobody is told of orders, fills and positions."""
GUARDIANS = ":c90"
HOUR_MS = 3_600_000
ONCE = FAR | {"cooldown_s": 36_000}
NAME = StrategyName("fasttest")


class Once(Strategy):
    """Wishes for one entry below the market, where it rests for ten minutes."""

    kind: ClassVar[str] = "once"

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """The same key each time: taken once."""
        price = instrument.round_price(ticker.mark * Decimal("0.997"))
        wish = Wish(
            side=Side.BUY,
            entry=price,
            stop=price * Decimal("0.99"),
            target=price * Decimal("1.01"),
            entry_ms=600_000,
            key="once",
            reason=f"rests at {now}",
        )
        return Decision(text="rests", wish=wish)


def _guardians(scene: Scene) -> list[str]:
    """Closing orders that the guardian placed."""
    everything = [*scene.account.archive.orders.values(), *scene.live]
    return [order.label for order in everything if order.label.endswith(GUARDIANS)]


# --- the guardian and what is pushed while the account is being read


def test_a_stop_told_while_the_account_is_read_outlives_the_older_picture() -> None:
    """Seed 14: orders were read before the stop rested, the picture came after, and what it covered was closed."""
    scene = Scene(seed=14, mode=Mode.SEQUENTIAL)
    scene.runs_until(lambda: scene.position)
    scene.suffers(Rule(fault="reply_late", method="private/get_positions", delay_ms=2_500, count=1))
    assert scene.says(desk.Reconcile).ok
    assert not scene.cover, "its orders are read before the stop is placed"
    held = scene.position
    scene.runs(12_000)
    assert scene.position == held
    assert scene.cover == abs(held)
    assert not _guardians(scene)
    assert not scene.alerts("naked_position")


def test_what_a_person_adds_between_two_calls_of_one_reading_stays_theirs() -> None:
    """Seed 125: the position was read before a person added to it and the fills after, and their part was sold."""
    scene = Scene(seed=125)
    scene.opens()
    lot: Decimal = scene.market.spec.contract_size
    scene.suffers(Rule(fault="request_late", method=FILLS, delay_ms=1_500, count=1))
    assert scene.says(desk.Reconcile).ok
    scene.runs(500)
    scene.hand("buy" if scene.position > 0 else "sell", lot)
    held = scene.position
    scene.runs(9_000)
    assert scene.position == held
    assert not _guardians(scene)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_what_a_person_bought_before_our_entry_filled_stays_theirs_after_it(mode: Mode) -> None:
    """Seed 50008: only what was bought after our first fill counted as theirs in a picture, and the rest was sold."""
    scene = Scene(seed=58, mode=mode, strategy="once", kind=Once)
    scene.runs_until(lambda: scene.leg("e"))
    lot: Decimal = scene.market.spec.contract_size
    scene.hand("buy", lot)
    scene.foreign = lot
    scene.runs(2_000)
    scene.moves_by(-50)
    scene.runs(3_000)
    held = scene.position
    assert held > lot, "the entry has filled"
    scene.runs(70_000)
    assert scene.position == held
    assert not _guardians(scene)


# --- the reconciler


def test_a_position_nobody_explains_is_compared_again_and_again_with_no_trade_open() -> None:
    """Seed 3: with nothing open the deep look had no earliest trade, and failed until the service gave up."""
    scene = Scene(seed=3)
    lot: Decimal = scene.market.spec.contract_size
    scene.hand("buy", lot)
    scene.runs(130_000)
    assert not scene.ended, "the service lives"
    reports = [report for report in scene.store.reports.newest(limit=10) if report.findings]
    assert len(reports) > 1, "each comparison shows it"
    assert scene.position == lot


# --- an exchange that falls silent without a word


@pytest.mark.parametrize("rested_ms", [1_500, 30_000], ids="after_{}_ms".format)
def test_an_entry_that_fills_unseen_is_covered_within_the_window(rested_ms: int) -> None:
    """Seed 309: the account's channels had fallen silent, and nobody looked before the next comparison."""
    scene = Scene(seed=309, mode=Mode.SEQUENTIAL, strategy="once", kind=Once)
    scene.suffers(SILENT)
    scene.runs_until(lambda: scene.leg("e"))
    scene.runs(rested_ms)
    scene.moves_by(-50)
    assert scene.position > 0
    scene.runs(10_000)
    assert scene.cover == scene.position > 0
    assert scene.naked_worst <= 2_000
    assert not scene.alerts("naked_position")


def test_an_order_manager_that_dies_right_after_an_opening_has_it_looked_at_all_the_same() -> None:
    """Its word that a trade began waits some milliseconds while the order leaves, and died with it."""
    scene = Scene(seed=310, mode=Mode.SEQUENTIAL, strategy="once", kind=Once, reconcile_ms=300_000)
    scene.suffers(SILENT)
    runtime = scene.runtime

    def dies(name: str, message: object) -> None:
        if isinstance(message, orders.OpenBracket):
            runtime.after.remove(dies)
            runtime.after_ms(1, lambda: runtime.kill(name))

    runtime.after.append(dies)
    scene.runs_until(lambda: scene.leg("e"))
    scene.runs(30_000)
    scene.moves_by(-50)
    assert scene.position > 0
    scene.runs(10_000)
    assert scene.cover == scene.position > 0
    assert scene.naked_worst <= 2_000


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_what_loses_its_stop_unseen_is_bare_for_a_dozen_seconds_at_the_most(mode: Mode) -> None:
    """Seed 50037: while a trade was held nobody looked before the next comparison, up to five minutes later."""
    scene = Scene(seed=37, mode=mode, reconcile_ms=300_000)
    scene.opens()
    scene.runs(15_000)
    scene.suffers(SILENT)
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    assert not scene.cover
    scene.runs(20_000)
    assert scene.cover == abs(scene.position) > 0
    assert scene.naked_worst <= 12_000


# --- clocks


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_close_by_hand_is_booked_by_its_real_price_in_a_life_whose_clock_is_an_hour_ahead(mode: Mode) -> None:
    """Seed 400: the exchange was asked for fills since an hour ahead of it, and earlier ones did not seem to matter."""
    scene = Scene(seed=400, mode=mode)
    scene.clock_jumps(HOUR_MS)
    scene.crashes()
    scene.opens()
    scene.suffers(SILENT)
    scene.moves_by(10)
    scene.hand("sell" if scene.position > 0 else "buy", abs(scene.position))
    scene.runs(20_000)
    scene.mended()
    scene.runs(10_000)
    (trade, *_) = scene.trades()
    assert trade.reason == "manual"
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_money()


# --- the way out, and what waits for a person


def test_a_close_of_a_position_whose_stop_has_fired_unseen_asks_what_became_of_it() -> None:
    """Found by kills: the close was refused and sent again and again, each time for a position that was gone."""
    scene = Scene(seed=67)
    scene.opens()
    scene.suffers(SILENT)
    scene.moves_by(-150 if scene.position > 0 else 150)
    assert not scene.position, "its stop has fired"
    assert scene.says(desk.CloseStrategy, name=NAME).ok
    scene.runs(3_000)
    (trade, *_) = scene.trades()
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_money()


def test_an_entry_of_a_given_up_trade_that_nobody_was_told_of_is_taken_away_by_the_next_comparison() -> None:
    """Found by adoption: comparisons passed over all that carried the label of a trade that waits for a person."""
    scene = Scene(seed=82, mode=Mode.SEQUENTIAL, parameters=ONCE)
    scene.opens()
    scene.guardian_sleeps()
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs_until(lambda: scene.trades(Which.QUARANTINED), 400_000)
    scene.suffers(SILENT)
    (bracket,) = scene.store.brackets.quarantined_brackets()
    label = bracket.plan.label(Leg.ENTRY, 1)
    entry = scene.hand("buy", Decimal(100), type="limit", price=Decimal(60_000), label=label)
    scene.runs(70_000)
    assert entry.order_id not in scene.account.live
