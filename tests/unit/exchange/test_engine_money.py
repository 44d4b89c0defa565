"""Positions, results, fees, funding, margin, liquidation, settlement, and a memory that survives."""

from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.accounts import accrue_funding, booked, fill_position
from exchange.archive import Kept
from exchange.bars import DAY_MS
from exchange.engine import Engine
from exchange.errors import Refusal
from exchange.margin import account_summary, margins, position_view, standing
from exchange.records import Counters, Position, Row, Ticket
from exchange.settlement import next_after
from exchange.switches import Switches
from tests.unit.exchange.floor import INVERSE, LINEAR, START_MS, Floor, SilentFeed


@pytest.fixture(params=[INVERSE, LINEAR], ids=["inverse", "linear"])
def floor(request: pytest.FixtureRequest) -> Floor:
    return Floor(None, request.param)


def test_an_inverse_long_earns_coin() -> None:
    floor = Floor()
    position = Position(account="main", instrument_name=INVERSE)
    fill_position(position, floor.market.spec, Decimal(1000), Decimal(50000))
    realised, session, _ = fill_position(position, floor.market.spec, Decimal(-1000), Decimal(60000))
    assert realised == session == Decimal("0.00333333")
    assert position.amount == position.cost == position.average_price == 0


def test_the_captured_eth_trade_gives_its_captured_result() -> None:
    """A short of ETH-PERPETUAL at 1635.37 or so, 10 USD bought back at 1535: profit_loss 0.00039974 on the wire."""
    floor = Floor()
    position = Position(account="main", instrument_name="ETH-PERPETUAL")
    spec = floor.engine.markets["ETH-PERPETUAL"].spec
    entry = Decimal(10) / (Decimal(10) / 1535 - Decimal("0.00039974"))
    fill_position(position, spec, Decimal(-100), entry)
    realised, *_ = fill_position(position, spec, Decimal(10), Decimal(1535))
    assert realised == Decimal("0.00039974")


def test_the_average_is_harmonic_for_inverse_and_arithmetic_for_linear() -> None:
    floor = Floor()
    inverse, linear = Position(account="a", instrument_name=INVERSE), Position(account="a", instrument_name=LINEAR)
    for price in (50000, 100000):
        fill_position(inverse, floor.market.spec, Decimal(100), Decimal(price))
        fill_position(linear, floor.engine.markets[LINEAR].spec, Decimal("0.1"), Decimal(price))
    assert inverse.average_price == pytest.approx(Decimal("66666.66666667"))
    assert linear.average_price == 75000


@given(
    fills=st.lists(
        st.tuples(st.sampled_from([-3, -2, -1, 1, 2, 3]), st.integers(20_000, 120_000)), min_size=1, max_size=12
    )
)
@settings(max_examples=200, deadline=None)
def test_results_add_up_to_the_cash_that_went_in_and_out(fills: list[tuple[int, int]]) -> None:
    """Closed at the end, the sum of all results is what was received less what was paid, to the rounding."""
    floor = Floor(None, LINEAR)
    position = Position(account="a", instrument_name=LINEAR)
    spec = floor.market.spec
    total = cash = Decimal(0)
    held = 0
    last_price = fills[-1][1]
    for amount, price in [*fills, (-sum(amount for amount, _ in fills), last_price)]:
        if amount:
            total += fill_position(position, spec, Decimal(amount), Decimal(price))[0]
            cash -= Decimal(amount) * price
            held += amount
    assert held == position.amount == 0
    assert total == pytest.approx(cash, abs=Decimal("0.000001"))


def test_a_fee_leaves_the_balance_at_once_and_a_result_at_settlement(floor: Floor) -> None:
    wallet = floor.bot.wallets[floor.market.spec.settlement_currency]
    floor.places("buy")
    fee = floor.bot.archive.trades[-1].fee
    assert wallet.balance == wallet.deposited - fee
    floor.waits(1000)
    floor.moves_to("65000")
    floor.places("sell")
    assert wallet.session_rpl == floor.bot.archive.trades[-1].profit_loss > 0
    floor.check_books()


def test_a_summary_adds_up(floor: Floor) -> None:
    floor.places("buy")
    floor.places("buy", price="60000")
    floor.drifts_to("64500")
    summary = account_summary(floor.engine, floor.bot, floor.market.spec.settlement_currency)
    assert summary.equity == pytest.approx(summary.balance + summary.session_upl + summary.session_rpl)
    assert summary.available_funds == summary.equity - summary.initial_margin
    assert summary.initial_margin > summary.projected_initial_margin > summary.maintenance_margin > 0


def test_the_captured_eth_position_has_its_captured_numbers() -> None:
    """Long 1 USD from 2074.25, mark 1963.31, settled at 2090.99: the numbers of a real answer."""
    floor = Floor(None, "ETH-PERPETUAL")
    account = floor.engine.open_account("eth", deposits={"ETH": Decimal(1)})
    position = account.position("ETH-PERPETUAL")
    fill_position(position, floor.market.spec, Decimal(1), Decimal("2074.25"))
    position.session_cost = 1 / Decimal("2090.99")
    floor.market.jump(floor.now_ms, 1963.31, 1963.31)
    view = position_view(floor.engine, account, "ETH-PERPETUAL")
    assert view.size == 1
    assert view.size_currency == Decimal("0.00050934")
    assert view.total_profit_loss == Decimal("-0.00002724")
    assert view.floating_profit_loss == Decimal("-0.00003110")


def test_orders_tie_up_margin_and_reducing_ones_do_not(floor: Floor) -> None:
    currency = floor.market.spec.settlement_currency
    free = standing(floor.engine, floor.bot, currency).available
    order = floor.places("buy", price="63000")
    assert standing(floor.engine, floor.bot, currency).available < free
    floor.engine.cancel(floor.bot, order.order_id, floor.now_ms)
    assert standing(floor.engine, floor.bot, currency).available == free
    floor.places("buy")
    held = standing(floor.engine, floor.bot, currency)
    floor.places("sell", price="64900", reduce_only=True)
    assert standing(floor.engine, floor.bot, currency).order_margin == held.order_margin == 0


def test_margins_for_an_order_are_told_in_advance(floor: Floor) -> None:
    asked = margins(floor.engine, floor.instrument, floor.unit, Decimal(64000))
    floor.places("buy")
    told = floor.bot.archive.trades[-1].fee
    assert asked["buy_taker_fee"] == pytest.approx(told, rel=Decimal("0.001"))
    assert asked["buy"] > asked["buy_taker_fee"] > asked["buy_maker_fee"]


def test_a_position_beyond_its_margin_is_liquidated_in_steps_and_said_so(floor: Floor) -> None:
    currency = floor.market.spec.settlement_currency
    gambler = floor.engine.open_account("gambler", deposits={"BTC": Decimal("0.025"), "USDC": Decimal(10240)})
    for _ in range(38):
        floor.places("buy", account=gambler)
    taken = gambler.amount(floor.instrument)
    floor.places("buy", account=gambler, price="60000", label="resting")
    floor.engine.changes.clear()
    floor.drifts_to("62500")
    floor.drifts_to("61900")
    states = [str(event["state"]) for event in floor.engine.changes.liquidations]
    assert states[0] == "liquidation_started"
    assert states[-1] == "liquidation_completed"
    assert not gambler.live
    assert gambler.amount(floor.instrument) < taken
    now = standing(floor.engine, gambler, currency)
    assert now.equity >= now.maintenance or not gambler.amount(floor.instrument)
    assert [trade.liquidation for trade in gambler.archive.trades][-1] == "T"


def test_a_quiet_account_is_not_looked_at_again_until_the_price_could_matter(floor: Floor) -> None:
    floor.places("buy")
    floor.drifts_to("64010")
    low, high = floor.bot.safe[floor.instrument]
    assert low < 64010 < high
    floor.places("buy")
    assert not floor.bot.safe, "any fill makes the account worth another look"


def test_funding_is_paid_by_time_and_nothing_is_lost_by_looking(floor: Floor) -> None:
    floor.places("buy")
    market = floor.market
    position = floor.bot.position(floor.instrument)
    market.move(floor.now_ms + 60_000, 64100.0, 64000.0)
    market.move(floor.now_ms + 8 * 3_600_000, 64100.0, 64000.0)
    expected = float(market.current_funding)
    assert expected > 0
    for step in range(1, 50):
        market.move(floor.now_ms + 8 * 3_600_000 + step, 64100.0, 64000.0)
        accrue_funding(position, market)
    value = float(position.amount) / 64100 if market.spec.is_inverse else float(position.amount) * 64100
    assert float(-position.realized_funding) == pytest.approx(expected * abs(value), rel=0.01)


def test_settlement_pauses_trading_pays_the_session_and_keeps_the_average(floor: Floor) -> None:
    floor.places("buy")
    day_order = floor.places("buy", price="60000", time_in_force="good_til_day")
    average = floor.bot.position(floor.instrument).average_price
    currency = floor.market.spec.settlement_currency
    floor.moves_to("65000")
    before = account_summary(floor.engine, floor.bot, currency)
    settle_ms = next_after(floor.now_ms)
    floor.waits(settle_ms - floor.now_ms + 100)

    assert floor.market.state == "settlement"
    assert day_order.cancel_reason == "settlement"
    assert floor.refusal("buy") == 10041
    after = account_summary(floor.engine, floor.bot, currency)
    assert after.balance == pytest.approx(before.equity, rel=Decimal("0.0000001"))
    assert after.session_upl == after.session_rpl == 0
    assert floor.bot.position(floor.instrument).average_price == average
    row = floor.engine.ledger(floor.bot, currency, 0, 2**60)[-1]
    assert (row.type, row.price) == ("settlement", floor.market.settlement_price)

    floor.waits(10_000)
    assert floor.market.state == "open"
    floor.places("sell")
    total = sum((trade.profit_loss - trade.fee for trade in floor.bot.archive.trades), Decimal(0))
    wallet = floor.bot.wallets[currency]
    assert wallet.balance + wallet.session_rpl == pytest.approx(wallet.deposited + total, abs=Decimal("0.0001"))


def test_settlement_is_at_eight_in_the_morning() -> None:
    first = next_after(START_MS)
    assert first % DAY_MS == 8 * 3_600_000
    assert [later - one for one, later in pairwise([first, next_after(first), next_after(first + 1)])] == [DAY_MS, 0]


def test_an_image_taken_over_is_the_same_exchange(floor: Floor) -> None:
    floor.bracket("incremental")
    floor.somebody("sell", "0.3", "64000")
    floor.places("buy", "2", price="63000", label="resting")
    floor.moves_to("64100")
    lines = [msgspec.json.encode(row) for row in floor.engine.image()]
    rows = [msgspec.json.decode(line, type=Row) for line in lines]

    later = Floor(None, floor.instrument)
    later.engine = Engine(seed=99, feed=SilentFeed(), start_ms=floor.now_ms + 60_000)
    later.engine.restore(iter(rows), floor.now_ms + 60_000)
    later.bot, later.other = later.engine.accounts["main"], later.engine.accounts["other"]
    later.market = later.engine.markets[floor.instrument]
    later.now_ms = floor.now_ms + 60_000

    def key(row: Row) -> bytes:
        return b"" if isinstance(row, Counters) else msgspec.json.encode(row)

    same = {key(row) for row in later.engine.image()} ^ {key(row) for row in rows}
    assert not [line for line in same if b'"row":"market"' not in line]
    assert later.market.mid == floor.market.mid
    later.waits(500)
    assert later.covered("bot:stop") == Decimal("0.3"), "children due at the stop come alive after it"
    later.moves_to("62900")
    later.waits(1000)
    assert later.ended("resting")[-1].order_state == "filled"
    used = {order.order_id for order in floor.bot.archive.orders.values()} | set(floor.bot.live)
    assert later.places("buy").order_id not in used
    later.check_books()


def test_a_locked_account_may_cancel_and_not_trade(floor: Floor) -> None:
    order = floor.places("buy", price="63000")
    floor.engine.lock(floor.bot, "ALL", locked=True)
    assert floor.refusal("buy") == 10019
    floor.engine.cancel(floor.bot, order.order_id, floor.now_ms)
    floor.engine.lock(floor.bot, "ALL", locked=False)
    assert floor.places("buy").order_state == "filled"


def test_a_closed_position_cannot_be_closed_again(floor: Floor) -> None:
    with pytest.raises(Refusal) as refused:
        floor.engine.close_position(floor.bot, floor.instrument, "market", None, floor.now_ms)
    assert refused.value.code == 11030
    floor.places("sell", "2")
    floor.engine.close_position(floor.bot, floor.instrument, "market", None, floor.now_ms)
    assert floor.position == 0


@pytest.mark.parametrize("position", ["average", "settlement"])
def test_a_trade_after_settlement_counts_from_the_average_or_the_settlement_by_the_switch(position: str) -> None:
    floor = Floor(Switches(trade_result_counts_from=position))  # type: ignore[arg-type]
    floor.places("buy")
    entry = floor.bot.archive.trades[-1].price
    floor.moves_to("65000")
    floor.waits(next_after(floor.now_ms) - floor.now_ms + 10_000)
    settled = floor.market.settlement_price
    floor.places("sell")
    told = floor.bot.archive.trades[-1]
    counted_from = entry if position == "average" else settled
    assert told.profit_loss == booked(floor.unit / counted_from - floor.unit / told.price)


def test_what_is_kept_is_bounded_by_the_settings() -> None:
    floor = Floor()
    small = Engine(seed=1, feed=SilentFeed(), start_ms=START_MS, kept=Kept(rows_max=10, orders_recent_ms=1000))
    account = small.open_account("main", deposits={"BTC": Decimal(10)})
    ticket = Ticket(instrument_name=INVERSE, direction="buy", amount=Decimal(10), price=Decimal(60000), label="x")
    for _ in range(25):
        order, _trades = small.place(account, ticket, START_MS)
        small.cancel(account, order.order_id, START_MS)
    assert len(account.archive.orders) == len(small.orders_by_label(account, "x", "BTC", START_MS)) == 10
    assert small.orders_by_label(account, "x", "BTC", START_MS + 1001) == []
    assert floor.bot.archive.trades.maxlen == Kept().rows_max
