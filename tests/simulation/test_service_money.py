"""What a trade is said to have made is what the account changed by: fees, funding, settlements, to the last digit."""

from decimal import Decimal

import pytest

from exchange.faults import Rule
from exchange.switches import Switches
from persistence.brackets import Trade
from tests.simulation.service_scene import FAR, INVERSE, LINEAR, Scene
from trading.bracket import Mode
from trading.messages import desk
from trading.pnl import Known

ONCE = FAR | {"cooldown_s": 36_000}
"""One trade and then a long rest, so that the account's change is this trade's alone."""
COUNTS = ("average", "settlement")
LEDGER = "private/get_transaction_log"


class Books(Scene):
    """A scene whose market pays funding, and which remembers what the account was worth at its beginning."""

    def __init__(self, *, counts: str = "average", **options: object) -> None:
        super().__init__(switches=Switches(trade_result_counts_from=counts), parameters=ONCE, **options)  # type: ignore[arg-type]
        self.premium = Decimal("1.003")
        self.began_with = self.worth

    @property
    def worth(self) -> Decimal:
        """The account's cash and what its session has made, while it holds nothing."""
        wallet = self.account.wallets[self.market.spec.settlement_currency]
        return wallet.balance + wallet.session_rpl  # type: ignore[no-any-return]

    def pays_funding(self) -> None:
        """The contract stands off its index from now on: who holds it pays, or is paid, by the millisecond."""
        mid = float(self.market.mid)
        self.market.jump(self.pipe.now, mid, mid / float(self.premium))
        self.pipe.pump()

    def holds(self, ms: int) -> None:
        """Time passes in the trade, with funding."""
        self.pays_funding()
        self.runs(ms)
        assert self.position, "still held"

    def result(self) -> Trade:
        """The one trade, when its result is known."""
        self.runs_until(lambda: self.trades() and self.trades()[0].known is not Known.PENDING, 120_000)
        (trade,) = self.trades()
        return trade

    def agrees(self, trade: Trade) -> None:
        """To the last digit."""
        assert trade.pnl is not None
        assert trade.pnl.net == self.worth - self.began_with, (trade.pnl, self.options.seed)
        assert trade.known is Known.FINAL
        assert not trade.pnl.estimated


@pytest.mark.parametrize("way", ["by its stop", "by its target", "by hand", "by command"])
@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_a_trade_held_over_funding_and_settlement_made_what_the_account_gained(
    instrument: str, counts: str, way: str
) -> None:
    scene = Books(seed=61, instrument=instrument, counts=counts, at_ms=-45_000)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    scene.moves_by(sign * 20)
    scene.holds(80_000)
    if way == "by command":
        scene.says(desk.CloseStrategy, name="fasttest")
    else:
        scene.ends(way, sign)
    trade = scene.result()
    assert trade.pnl is not None
    assert trade.pnl.funding, "it paid or received funding"
    assert [line["type"] for line in scene.store.results.lines(trade.bracket_id)].count("settlement") == 1
    scene.agrees(trade)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_a_trade_within_a_session_pays_its_funding(instrument: str, mode: Mode) -> None:
    scene = Books(seed=62, instrument=instrument, mode=mode, at_ms=3_600_000)
    scene.opens()
    scene.holds(30_000)
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    trade = scene.result()
    assert trade.pnl is not None
    assert trade.pnl.funding
    scene.agrees(trade)


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_two_settlements_and_a_part_closed_by_hand_between_them(instrument: str, counts: str) -> None:
    scene = Books(seed=63, instrument=instrument, counts=counts, at_ms=-30_000)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    scene.moves_by(sign * 10)
    scene.holds(50_000)
    lot = scene.market.spec.min_trade_amount
    scene.hand("sell" if sign > 0 else "buy", abs(scene.position) // (3 * lot) * lot)
    scene.moves_by(sign * 15)
    scene.exchange.engine.counters.next_settlement_ms = (
        scene.pipe.now + 20_000
    )  # the next day's, without waiting for it
    scene.holds(60_000)
    scene.ends("by its target", sign)
    trade = scene.result()
    assert [line["type"] for line in scene.store.results.lines(trade.bracket_id)].count("settlement") == 2
    scene.agrees(trade)


def test_a_trade_is_closed_at_once_and_its_result_follows() -> None:
    scene = Books(seed=64)
    scene.opens()
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.holds(20_000)
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    scene.runs_until(scene.trades, 2_000)
    (trade,) = scene.trades()
    assert trade.known is Known.PENDING
    assert trade.pnl is not None
    assert trade.pnl.funding == 0, "not known yet"


def test_a_lost_reply_of_the_ledger_is_asked_for_again() -> None:
    scene = Books(seed=65)
    scene.opens()
    scene.holds(20_000)
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    scene.runs(40_000)
    assert scene.trades()[0].known is Known.PENDING
    scene.mended()
    scene.agrees(scene.result())


def test_a_restart_between_close_and_ledger_loses_nothing() -> None:
    scene = Books(seed=66)
    scene.opens()
    scene.holds(20_000)
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    scene.runs_until(scene.trades, 2_000)
    scene.crashes()
    scene.mended()
    assert scene.trades()[0].known is Known.PENDING
    scene.agrees(scene.result())


def test_a_cut_line_between_close_and_ledger_is_made_up_for_after_the_reconnect() -> None:
    scene = Books(seed=67)
    scene.opens()
    scene.holds(20_000)
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    scene.runs_until(scene.trades, 2_000)
    scene.cuts()
    scene.mended()
    scene.runs(5_000)
    scene.says(desk.Reconnect, resume=True)
    scene.agrees(scene.result())


def test_what_the_exchange_no_longer_has_is_marked_as_an_estimate() -> None:
    scene = Books(seed=68)
    scene.opens()
    scene.holds(20_000)
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.ends("by hand", 1 if scene.position > 0 else -1)
    scene.runs_until(scene.trades, 2_000)
    scene.account.archive.ledger.clear()
    scene.mended()
    scene.runtime.run_for(50 * 60_000)
    (trade,) = scene.trades()
    assert trade.known is Known.ESTIMATED
    assert trade.pnl is not None
    assert trade.pnl.estimated


def test_a_person_who_adds_to_the_position_makes_its_funding_an_estimate() -> None:
    scene = Books(seed=69)
    scene.opens()
    held, sign = abs(scene.position), 1 if scene.position > 0 else -1
    scene.holds(20_000)
    scene.hand("buy" if sign > 0 else "sell", held)
    scene.foreign = held * sign
    scene.holds(20_000)
    scene.moves_by(sign * 150)
    trade = scene.result()
    assert trade.known is Known.ESTIMATED
    assert abs(scene.position) == held, "the person's part stays"
    paid = -scene.account.position(scene.instrument).realized_funding
    assert trade.pnl is not None
    assert 0 < abs(trade.pnl.funding) < abs(paid), "our share of it"
