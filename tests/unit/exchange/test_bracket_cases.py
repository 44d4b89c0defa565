"""The eight lives of a native bracket, under every fill condition and every position of every switch.

Each case says what the exchange does, holes included: first_hit takes the stop away when the target is only
partly filled, complete_fill leaves a half-filled and cancelled entry naked. The promises of the service have to
hold over all of it.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from exchange.errors import Refusal
from exchange.switches import POSITIONS, Switches
from tests.unit.exchange.floor import INVERSE, LINEAR, Floor

CONDITIONS = ("first_hit", "complete_fill", "incremental")
SETTINGS = [
    {},
    *({name: position} for name, positions in POSITIONS.items() for position in positions[1:]),
]
"""The defaults, then each switch turned to each of its other positions."""


def _name(setting: dict[str, str | int]) -> str:
    return "-".join(f"{name}_{position}" for name, position in setting.items()) or "default"


@pytest.fixture(params=SETTINGS, ids=_name)
def switches(request: pytest.FixtureRequest) -> Switches:
    return Switches(**request.param)


@pytest.fixture(params=CONDITIONS)
def condition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[INVERSE, LINEAR], ids=["inverse", "linear"])
def floor(request: pytest.FixtureRequest, switches: Switches) -> Iterator[Floor]:
    floor = Floor(switches, request.param)
    yield floor
    floor.check_books()


def test_an_entry_filled_at_once_is_covered_within_the_hydration_time(floor: Floor, condition: str) -> None:
    entry = floor.bracket(condition, entry="64010")
    assert entry.order_state == "filled"
    assert floor.position == 1
    assert floor.live("bot:stop") is None, "children come alive later, never in the reply"

    floor.waits(400)

    assert floor.covered("bot:stop") == floor.covered("bot:target") == 1
    assert not floor.waiting


def test_an_entry_filled_in_parts_is_covered_as_the_condition_says(floor: Floor, condition: str) -> None:
    entry = floor.bracket(condition)
    assert entry.order_state == "open"
    floor.somebody("sell", "0.3", "64000")
    floor.waits(400)

    assert floor.position == Decimal("0.3")
    after_a_part = {"first_hit": Decimal(1), "complete_fill": Decimal(0), "incremental": Decimal("0.3")}[condition]
    assert floor.covered("bot:stop") == floor.covered("bot:target") == after_a_part

    floor.somebody("sell", "0.7", "64000")
    floor.waits(400)

    assert floor.position == 1
    assert floor.covered("bot:stop") == floor.covered("bot:target") == 1
    assert not floor.waiting


def test_an_entry_cancelled_half_way_keeps_the_cover_its_condition_gave(
    floor: Floor, switches: Switches, condition: str
) -> None:
    entry = floor.bracket(condition)
    floor.somebody("sell", "0.3", "64000")
    floor.waits(400)
    floor.engine.cancel(floor.bot, entry.order_id, floor.now_ms)
    floor.waits(400)

    assert floor.position == Decimal("0.3")
    rest = Decimal(1) if switches.dormant_remainder == "place" else Decimal("0.3")
    left = {"first_hit": Decimal(1), "complete_fill": Decimal(0), "incremental": rest}[condition]
    assert floor.covered("bot:stop") == floor.covered("bot:target") == left
    assert not floor.waiting, "nothing waits for an entry that is gone"
    if condition == "complete_fill":
        assert {order.cancel_reason for order in floor.ended("bot:stop")} == {"oto_primary_closed"}


def test_an_entry_cancelled_unfilled_takes_its_children_along(floor: Floor, condition: str) -> None:
    entry = floor.bracket(condition)
    floor.engine.cancel(floor.bot, entry.order_id, floor.now_ms)
    floor.waits(400)

    assert not floor.bot.live
    for label in ("bot:stop", "bot:target"):
        assert [order.cancel_reason for order in floor.ended(label)] == ["oto_primary_closed"]


def test_children_come_alive_under_new_ids_and_are_matched_by_label(
    floor: Floor, switches: Switches, condition: str
) -> None:
    entry = floor.bracket(condition)
    slot_ids = entry.oto_order_ids
    assert [slot.order_id for slot in floor.waiting] == list(slot_ids)
    assert _answers(floor, slot_ids[0]) == (switches.slot_ids_answer == "yes")

    floor.somebody("sell", "1", "64000")
    floor.waits(400)

    stop, target = floor.live("bot:stop"), floor.live("bot:target")
    assert stop is not None
    assert target is not None
    assert not {stop.order_id, target.order_id} & set(slot_ids)
    assert stop.order_id.split("-")[-2].startswith("SL")
    assert target.order_id.removeprefix("USDC-").isdigit()
    assert stop.primary_order_id == target.primary_order_id == entry.order_id
    assert stop.oco_ref == target.oco_ref is not None
    assert stop.is_secondary_oto


def _answers(floor: Floor, order_id: str) -> bool:
    try:
        floor.engine.order_state(floor.bot, order_id, floor.now_ms)
    except Refusal:
        return False
    return True


def _open_bracket(floor: Floor, condition: str) -> None:
    floor.bracket(condition, entry="64010")
    floor.waits(400)


def test_a_stop_that_triggers_closes_the_position_and_its_sibling(
    floor: Floor, switches: Switches, condition: str
) -> None:
    _open_bracket(floor, condition)
    old = floor.live("bot:stop")
    assert old is not None

    floor.waits(1000)
    floor.moves_to("63490")
    floor.waits(1000)

    assert floor.position == 0
    assert not floor.bot.live
    assert [order.cancel_reason for order in floor.ended("bot:target")] == ["oco_other_closed"]
    first, sent = floor.ended("bot:stop")[-2:]
    assert (first.order_state, sent.order_state) == ("triggered", "filled")
    assert sent.order_id != old.order_id == sent.trigger_order_id
    assert _answers(floor, old.order_id) == (switches.triggered_id_answers == "yes")
    by_label = floor.engine.orders_by_label(floor.bot, "bot:stop", floor.market.spec.settlement_currency, floor.now_ms)
    assert sent in by_label


def test_a_target_filled_in_part_keeps_the_stop_only_if_the_condition_does(floor: Floor, condition: str) -> None:
    _open_bracket(floor, condition)
    floor.moves_to("64500")
    floor.somebody("buy", "0.4", "64500")

    assert floor.position == Decimal("0.6")
    assert floor.covered("bot:target") == Decimal("0.6")
    expected = {"first_hit": Decimal(0), "complete_fill": Decimal(1), "incremental": Decimal("0.6")}[condition]
    assert floor.covered("bot:stop") == expected

    floor.somebody("buy", "0.6", "64500")
    assert floor.position == 0
    assert not floor.bot.live


def test_a_stop_refused_at_its_trigger_leaves_the_target_alone_on_the_book(floor: Floor, condition: str) -> None:
    _open_bracket(floor, condition)
    floor.places("sell", label="by hand")
    assert floor.position == 0

    floor.waits(1000)
    floor.moves_to("63490")
    floor.waits(1000)

    assert floor.position == 0
    assert floor.ended("bot:stop")[-1].order_state == "rejected"
    assert floor.engine.trigger_history(floor.bot)[0].order_state == "rejected:reduce_direction"
    assert floor.covered("bot:target") == 1, "an orphan: only its owner can cancel it"


def test_a_gap_through_the_stop_fills_it_beyond_its_price(floor: Floor, condition: str) -> None:
    _open_bracket(floor, condition)
    floor.waits(1000)
    floor.moves_to("60000")
    floor.waits(1000)

    assert floor.position == 0
    assert not floor.bot.live
    exit_price = floor.bot.archive.trades[-1].price
    assert exit_price < Decimal(60001)
    assert floor.bot.archive.trades[-1].profit_loss < 0


@pytest.mark.parametrize("source", ["last_price", "mark_price", "index_price"])
def test_a_stop_follows_the_price_it_was_told_to_watch(floor: Floor, source: str, condition: str) -> None:
    floor.bracket(condition, entry="64010", source=source)
    floor.waits(400)
    floor.drifts_to("63600")
    assert floor.position == 1
    floor.waits(1000)
    floor.moves_to("63400")
    floor.waits(1000)
    floor.engine.react(floor.market, floor.now_ms)
    assert floor.position == 0
