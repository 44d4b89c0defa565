"""Orders meet the market as Deribit's do: ticks, bands, post-only, reduce-only, time in force, triggers, edits."""

from decimal import Decimal
from typing import Any

import pytest

from exchange.editing import Edit
from exchange.errors import Refusal
from exchange.records import Leg, Ticket
from exchange.switches import Switches
from tests.unit.exchange.floor import INVERSE, LINEAR, Floor


@pytest.fixture(params=[INVERSE, LINEAR], ids=["inverse", "linear"])
def floor(request: pytest.FixtureRequest) -> Floor:
    return Floor(None, request.param)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (10043, {"price": "64000.03"}),
        (10007, {"price": "66000"}),
        (11054, {"price": "64100", "post_only": True, "reject_post_only": True}),
        (11055, {"post_only": True}),
        (11055, {"price": "63000", "post_only": True, "time_in_force": "immediate_or_cancel"}),
        (11029, {"type": "market", "time_in_force": "fill_or_kill"}),
        (-32602, {"type": "limit"}),
        (-32602, {"type": "market", "price": "64000"}),
        (-32602, {"type": "stop_market", "trigger_price": "65000"}),
        (-32602, {"type": "stop_market", "trigger": "last_price"}),
        (-32602, {"type": "limit", "price": "63000", "trigger": "last_price"}),
        (10044, {"type": "stop_market", "trigger": "last_price", "trigger_price": "65000.03"}),
        (11036, {"type": "trailing_stop", "trigger": "last_price", "trigger_offset": "-5"}),
        (10044, {"type": "trailing_stop", "trigger": "last_price", "trigger_offset": "5.03"}),
        (11030, {"reduce_only": True}),
        (-32602, {"price": "63000", "linked_order_type": "one_cancels_other"}),
    ],
)
def test_a_bad_order_is_refused_with_its_code_and_leaves_nothing(
    floor: Floor, code: int, fields: dict[str, Any]
) -> None:
    floor.engine.changes.clear()
    assert floor.refusal("buy", **fields) == code
    assert not floor.bot.live
    assert floor.engine.changes.empty


@pytest.mark.parametrize(
    ("code", "amount"), [(10027, "15"), (10002, "5"), (10021, "0"), (10021, "-10"), (10021, "NaN")]
)
def test_an_amount_must_be_whole_contracts(code: int, amount: str) -> None:
    floor = Floor()
    ticket = Ticket(instrument_name=INVERSE, direction="buy", amount=Decimal(amount), type="market")
    with pytest.raises(Refusal) as refused:
        floor.engine.place(floor.bot, ticket, floor.now_ms)
    assert refused.value.code == code


def test_a_sell_below_the_band_is_too_low_and_a_far_bid_may_rest(floor: Floor) -> None:
    assert floor.refusal("sell", price="62000") == 10005
    assert floor.places("buy", price="50000").order_state == "open"


def test_an_unknown_instrument_is_not_found() -> None:
    floor = Floor()
    with pytest.raises(Refusal) as refused:
        floor.engine.place(
            floor.bot, Ticket(instrument_name="DOGE-PERPETUAL", direction="buy", amount=Decimal(10)), floor.now_ms
        )
    assert refused.value.code == 13020


def test_a_market_order_walks_the_book_and_stops_at_the_band(floor: Floor) -> None:
    deep = floor.engine.open_account("whale", deposits={"BTC": Decimal(100_000), "USDC": Decimal("9e10")})
    order = floor.places("buy", "50000", deep)
    assert order.order_state == "cancelled"
    assert 0 < order.filled_amount < order.amount
    prices = [trade.price for trade in deep.archive.trades]
    assert prices == sorted(prices)
    assert prices[-1] <= floor.market.max_price
    assert order.price == floor.market.max_price


def test_a_crossing_post_only_order_slides_behind_the_other_side(floor: Floor) -> None:
    order = floor.places("buy", price="64100", post_only=True)
    assert order.order_state == "open"
    assert order.price is not None
    assert order.price == floor.market.price_at(floor.market.depth_source.ask_tick - 1)


def test_fill_or_kill_fills_whole_or_not_at_all(floor: Floor) -> None:
    killed = floor.places("buy", "300", price="64001", time_in_force="fill_or_kill")
    assert (killed.order_state, killed.filled_amount) == ("cancelled", Decimal(0))
    filled = floor.places("buy", price="64010", time_in_force="fill_or_kill")
    assert filled.order_state == "filled"


def test_immediate_or_cancel_keeps_what_it_got(floor: Floor) -> None:
    order = floor.places("buy", "400", price="64000.5", time_in_force="immediate_or_cancel")
    assert order.order_state == "cancelled"
    assert order.filled_amount < order.amount


def test_a_reduce_only_order_is_cut_to_the_position(floor: Floor) -> None:
    floor.places("buy")
    order = floor.places("sell", "3", reduce_only=True)
    assert order.amount == floor.unit
    assert floor.position == 0


def test_a_resting_order_is_filled_whole_when_the_market_trades_through_it(floor: Floor) -> None:
    order = floor.places("buy", "5", price="63900")
    floor.drifts_to("63800")
    assert order.order_state == "filled"
    assert floor.bot.archive.trades[-1].price == 63900
    assert floor.bot.archive.trades[-1].liquidity == "M"


def test_own_orders_never_trade_with_each_other(floor: Floor) -> None:
    resting = floor.places("sell", price="64000")
    crossing = floor.places("buy", price="64000")
    assert (crossing.order_state, crossing.cancel_reason) == ("cancelled", "order_overlap")
    assert resting.is_live
    floor.bot.self_trading_reject_mode = "cancel_maker"
    assert floor.places("buy", price="64000").order_state == "open"
    assert resting.cancel_reason == "order_overlap"


def test_funds_limit_what_may_be_opened_but_never_what_closes(floor: Floor) -> None:
    poor = floor.engine.open_account("poor", deposits={"BTC": Decimal("0.001"), "USDC": Decimal(200)})
    with pytest.raises(Refusal) as refused:
        floor.places("buy", "100", poor)
    assert refused.value.code == 10009
    assert floor.places("buy", account=poor).order_state == "filled"
    assert floor.places("sell", account=poor).order_state == "filled"


@pytest.mark.parametrize(
    ("kind", "direction", "trigger", "fires_at", "rests_at"),
    [
        ("stop_market", "buy", "64500", "64500", "64400"),
        ("stop_market", "sell", "63500", "63500", "63600"),
        ("take_market", "buy", "63500", "63500", "63600"),
        ("take_market", "sell", "64500", "64500", "64400"),
    ],
)
def test_each_trigger_fires_on_its_own_side(
    floor: Floor, kind: str, direction: str, trigger: str, fires_at: str, rests_at: str
) -> None:
    order = floor.places(direction, type=kind, trigger="mark_price", trigger_price=trigger)
    assert order.order_state == "untriggered"
    floor.moves_to(rests_at)
    assert order.order_state == "untriggered"
    floor.waits(2000)
    floor.moves_to(fires_at)
    assert order.order_state == "triggered"
    sent = floor.bot.archive.trades[-1]
    assert sent.direction == direction


def test_a_stop_limit_rests_at_its_limit_once_it_has_fired(floor: Floor) -> None:
    floor.places("buy", type="stop_limit", trigger="last_price", trigger_price="64500", price="64200", label="x")
    floor.waits(2000)
    floor.moves_to("64600")
    order = floor.live("x")
    assert order is not None
    assert (order.order_type, order.order_state, order.price) == ("limit", "open", Decimal(64200))


def test_a_trailing_stop_follows_the_best_price_and_never_back(floor: Floor) -> None:
    floor.places("buy")
    order = floor.places("sell", type="trailing_stop", trigger="mark_price", trigger_offset="500", reduce_only=True)
    assert order.trigger_price == 63500
    floor.drifts_to("65000")
    assert order.trigger_price == pytest.approx(Decimal(64500), abs=Decimal(1))
    floor.drifts_to("64600")
    assert order.order_state == "untriggered"
    floor.drifts_to("64400")
    assert order.order_state == "triggered"
    assert floor.position == 0


def test_a_stop_beyond_the_market_fires_or_is_refused_by_the_switch() -> None:
    fields: dict[str, Any] = {"type": "stop_market", "trigger": "last_price", "trigger_price": "64500"}
    firing = Floor(Switches(stop_beyond_market="trigger"))
    assert firing.places("sell", **fields).order_state == "triggered"
    assert firing.position == -1
    assert Floor(Switches(stop_beyond_market="reject")).refusal("sell", **fields) == 11036


def test_an_edit_keeps_the_id_and_loses_its_place_only_when_it_must(floor: Floor) -> None:
    order = floor.places("buy", "2", price="63000")
    place = order.priority
    floor.engine.edit(floor.bot, order.order_id, Edit(amount=floor.unit), floor.now_ms)
    assert (order.amount, order.priority, order.replaced) == (floor.unit, place, True)
    floor.engine.edit(floor.bot, order.order_id, Edit(price=Decimal(63100)), floor.now_ms)
    assert order.price == 63100
    assert order.priority > place
    floor.check_books()


def test_an_edit_through_the_market_trades_at_once(floor: Floor) -> None:
    order = floor.places("buy", price="63000")
    _, trades = floor.engine.edit(floor.bot, order.order_id, Edit(price=Decimal(64100)), floor.now_ms)
    assert order.order_state == "filled"
    assert trades
    floor.check_books()


def test_a_refused_edit_changes_nothing(floor: Floor) -> None:
    order = floor.places("buy", "2", price="63000")
    for edit, code in (
        (Edit(price=Decimal("63000.03")), 10043),
        (Edit(price=Decimal(70000)), 10007),
        (Edit(trigger_price=Decimal(64000)), -32602),
        (Edit(amount=floor.unit * 10**5), 10009),
    ):
        with pytest.raises(Refusal) as refused:
            floor.engine.edit(floor.bot, order.order_id, edit, floor.now_ms)
        assert refused.value.code == code
    assert (order.price, order.amount, order.replaced) == (Decimal(63000), floor.unit * 2, False)
    floor.check_books()


def test_a_stop_is_moved_by_edit_without_a_gap(floor: Floor) -> None:
    floor.bracket(entry="64010")
    floor.waits(400)
    stop = floor.live("bot:stop")
    assert stop is not None
    floor.engine.edit(floor.bot, stop.order_id, Edit(trigger_price=Decimal(63800), amount=floor.unit * 2), floor.now_ms)
    assert stop.is_live
    assert floor.covered("bot:stop") == 2
    floor.waits(2000)
    floor.moves_to("63790")
    assert floor.position == 0


@pytest.mark.parametrize("position", ["keep", "reset"])
def test_an_edit_that_leaves_out_reduce_only_keeps_or_loses_it_by_the_switch(position: str) -> None:
    floor = Floor(Switches(edit_omitted_flags=position))  # type: ignore[arg-type]
    floor.bracket(entry="64010")
    floor.waits(400)
    stop = floor.live("bot:stop")
    assert stop is not None
    floor.engine.edit(floor.bot, stop.order_id, Edit(trigger_price=Decimal(63800)), floor.now_ms)
    assert stop.reduce_only == (position == "keep")


def test_what_is_no_longer_open_cannot_be_cancelled_and_says_why(floor: Floor) -> None:
    done = floor.places("buy", price="64010")
    gone = floor.places("buy", price="63000")
    floor.engine.cancel(floor.bot, gone.order_id, floor.now_ms)
    for order_id, code in ((done.order_id, 11008), (gone.order_id, 11044), ("12345", 10004)):
        with pytest.raises(Refusal) as refused:
            floor.engine.cancel(floor.bot, order_id, floor.now_ms)
        assert refused.value.code == code


def test_labels_are_not_unique_and_a_label_finds_all_of_them(floor: Floor) -> None:
    first = floor.places("buy", price="63000", label="twice")
    second = floor.places("buy", price="62000", label="twice")
    floor.engine.cancel(floor.bot, first.order_id, floor.now_ms)
    currency = floor.market.spec.settlement_currency
    assert floor.engine.orders_by_label(floor.bot, "twice", currency, floor.now_ms) == [first, second]
    assert floor.engine.orders_by_label(floor.bot, "twice", "ETH", floor.now_ms) == []
    floor.places("buy", price="61000", label="twice")
    with pytest.raises(Refusal) as refused:
        floor.engine.edit_by_label(floor.bot, "twice", floor.instrument, Edit(price=Decimal(62500)), floor.now_ms)
    assert refused.value.code == 13032


def test_a_closed_order_is_forgotten_after_half_an_hour_and_lives_on_in_history(floor: Floor) -> None:
    order = floor.places("buy", price="63000", label="late")
    floor.engine.cancel(floor.bot, order.order_id, floor.now_ms)
    currency = floor.market.spec.settlement_currency
    floor.waits(29 * 60_000)
    assert floor.engine.order_state(floor.bot, order.order_id, floor.now_ms) is order
    floor.waits(2 * 60_000)
    with pytest.raises(Refusal):
        floor.engine.order_state(floor.bot, order.order_id, floor.now_ms)
    assert floor.engine.orders_by_label(floor.bot, "late", currency, floor.now_ms) == []

    def history(**options: bool) -> list[object]:
        return list(floor.engine.order_history(floor.bot, want=lambda _: True, now_ms=floor.now_ms, **options))

    assert history(historical=True) == []
    assert history(historical=True, include_unfilled=True) == [order]


@pytest.mark.parametrize("position", ["yes", "no"])
def test_cancel_on_disconnect_spares_the_triggers_only_by_the_switch(position: str) -> None:
    floor = Floor(Switches(cod_cancels_triggers=position))  # type: ignore[arg-type]
    floor.places("buy", price="63000", session_id=5, label="resting")
    floor.places("buy", type="stop_market", trigger="last_price", trigger_price="65000", session_id=5, label="stop")
    floor.places("buy", price="62000", session_id=6, label="another socket's")
    floor.engine.cancel_on_disconnect(5, floor.now_ms)
    left = {order.label for order in floor.bot.live.values()}
    assert left == {"another socket's"} | ({"stop"} if position == "no" else set())


@pytest.mark.parametrize("position", ["yes", "no"])
def test_cancelling_one_leg_takes_the_other_only_by_the_switch(position: str) -> None:
    floor = Floor(Switches(oco_cancel_takes_sibling=position))  # type: ignore[arg-type]
    floor.bracket(entry="64010")
    floor.waits(400)
    target = floor.live("bot:target")
    assert target is not None
    floor.engine.cancel(floor.bot, target.order_id, floor.now_ms)
    assert (floor.live("bot:stop") is None) == (position == "yes")


@pytest.mark.parametrize("position", ["trigger", "fill"])
def test_a_stop_that_fired_without_a_fill_closes_its_sibling_only_by_the_switch(position: str) -> None:
    floor = Floor(Switches(oco_sibling_closes_at=position))  # type: ignore[arg-type]
    stop = Leg(
        direction="sell",
        amount=floor.unit,
        type="stop_limit",
        price=Decimal(63600),
        label="stop",
        reduce_only=True,
        trigger="mark_price",
        trigger_price=Decimal(63500),
    )
    target = Leg(direction="sell", amount=floor.unit, price=Decimal(64500), label="target", reduce_only=True)
    floor.places(
        "buy", price="64010", linked_order_type="one_triggers_one_cancels_other", legs=(stop, target), label="entry"
    )
    floor.waits(2000)
    floor.moves_to("63400")
    waiting = floor.live("stop")
    assert waiting is not None
    assert waiting.order_state == "open", "the limit is above the market: fired, not filled"
    assert (floor.live("target") is None) == (position == "trigger")


def test_an_oco_pair_lives_together_and_one_fill_ends_the_other(floor: Floor) -> None:
    above = Leg(direction="sell", amount=floor.unit, price=Decimal(64500), label="above")
    floor.places("buy", price="63500", label="below", linked_order_type="one_cancels_other", legs=(above,))
    assert floor.covered("below") == floor.covered("above") == 1
    floor.drifts_to("64600")
    assert floor.live("below") is None
    assert floor.position == -1


def test_settings_bound_the_number_of_waiting_orders(floor: Floor) -> None:
    floor.engine.triggers_max = 1
    floor.engine.slots_max = 3
    floor.places("buy", type="stop_market", trigger="last_price", trigger_price="65000")
    assert floor.refusal("buy", type="stop_market", trigger="last_price", trigger_price="65000") == 11035
    floor.bracket()
    with pytest.raises(Refusal) as refused:
        floor.bracket(entry="63900")
    assert refused.value.code == 13901


@pytest.mark.parametrize("condition", ["first_hit", "complete_fill", "incremental"])
@pytest.mark.parametrize("first", ["target", "stop"])
def test_a_child_that_trades_the_moment_it_comes_alive_spares_its_sibling(
    floor: Floor, condition: str, first: str
) -> None:
    """Found by the fuzz: the second child was placed all the same and stayed, an orphan."""
    target = Leg(direction="sell", amount=floor.unit, price=Decimal(63900), label="target", reduce_only=True)
    stop = Leg(
        direction="sell",
        amount=floor.unit,
        type="stop_market",
        label="stop",
        reduce_only=True,
        trigger="last_price",
        trigger_price=Decimal(64500) if first == "stop" else Decimal(63000),
    )
    floor.places(
        "buy",
        price="64010",
        linked_order_type="one_triggers_one_cancels_other",
        trigger_fill_condition=condition,
        legs=(target, stop) if first == "target" else (stop, target),
    )
    floor.waits(500)
    assert floor.position == 0
    assert not floor.bot.live
    floor.check_books()


def test_two_equal_legs_under_one_primary_become_two_orders(floor: Floor) -> None:
    """Found by the fuzz: the second was added to the first."""
    leg = Leg(direction="sell", amount=floor.unit, price=Decimal(64500))
    floor.places("buy", price="64010", linked_order_type="one_triggers_other", legs=(leg, leg))
    floor.waits(500)
    assert [order.amount for order in floor.bot.live.values()] == [floor.unit, floor.unit]
