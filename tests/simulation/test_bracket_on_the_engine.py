"""A bracket on the real matching engine, over a line that loses, delays, doubles and crashes.

Each seed draws its own switches, fill condition, mode, line and market. First anything may go wrong and nothing
wrong may happen; then the line is mended and everything must settle: flat, nothing resting, entered at most once.
"""

from decimal import Decimal
from random import Random

import msgspec
import pytest

from exchange.errors import Refusal
from exchange.switches import POSITIONS, Switches
from tests.simulation.bracket_desk import Desk, Line
from tests.unit.exchange.floor import INVERSE, LINEAR, Floor
from trading import bracket as brackets
from trading.bracket import Mode, Phase
from trading.values import FillCondition

SEEDS = 80
PRICES = (60000, 63400, 63600, 63800, 63940, 64000, 64200, 64450, 64510, 64600)


def _desk(seed: int, *, bad_line: bool) -> Desk:
    rng = Random(f"{seed}:world")
    drawn = {name: rng.choice(positions) for name, positions in POSITIONS.items()}
    switches = msgspec.convert(drawn, Switches)
    floor = Floor(switches, rng.choice([INVERSE, LINEAR]))
    line = Line()
    if bad_line:
        line = Line(
            lost_request=rng.choice([0, 0.1, 0.3]),
            lost_reply=rng.choice([0, 0.1, 0.3]),
            refused=rng.choice([0, 0, 0.1]),
            lost_push=rng.choice([0, 0.2, 0.5]),
            late_ms=rng.choice([30, 200, 900]),
            doubled=rng.choice([0, 0.5]),
            crash=rng.choice([0, 0.002, 0.01]),
        )
    return Desk(
        floor,
        seed=seed,
        line=line,
        mode=rng.choice(list(Mode)),
        condition=rng.choice(list(FillCondition)),
        entry=rng.choice(["64000", "64010", "63950"]),
    )


def _something_happens(desk: Desk, rng: Random) -> None:
    floor, what = desk.floor, rng.random()
    try:
        if what < 0.3:
            floor.somebody("sell", rng.choice(["0.1", "0.3", "0.7", "1"]), "64000")
        elif what < 0.5:
            floor.moves_to(str(rng.choice(PRICES)))
        elif what < 0.6:
            desk.tell(brackets.Close(reason="person"))
        elif what < 0.7:
            desk.picture()
        elif what < 0.75 and floor.bot.live:
            floor.engine.cancel(floor.bot, rng.choice(list(floor.bot.live)), floor.now_ms)
    except Refusal:
        pass  # a person may be refused, too


def _lives(seed: int, *, bad_line: bool) -> Desk:
    desk = _desk(seed, bad_line=bad_line)
    rng = Random(f"{seed}:life")
    for _ in range(rng.randrange(4, 14)):
        _something_happens(desk, rng)
        desk.runs(rng.choice([100, 500, 2000, 5000]))
    desk.line = Line()
    for _ in range(3):
        desk.picture()
        desk.runs(4000)
    desk.picture()
    desk.tell(brackets.Close(reason="end"))
    desk.runs(30_000, 100)
    desk.picture()
    desk.runs(10_000, 100)
    return desk


@pytest.mark.parametrize("seed", range(SEEDS), ids="seed_{}".format)
def test_whatever_the_line_does_it_ends_flat_with_nothing_resting_and_one_entry(seed: int) -> None:
    desk = _lives(seed, bad_line=True)
    floor = desk.floor
    floor.check_books()
    assert desk.entries <= 1
    assert desk.bracket.phase in {Phase.CLOSED, Phase.ENDED}, desk.bracket.reason
    assert floor.bot.amount(floor.instrument) == 0
    assert not floor.bot.live
    assert [closed.traded for closed in desk.closed][-1:] == [desk.bracket.has_held]
    told = {fill.fill_id for fill in desk.bracket.fills}
    ours = {trade.trade_id for trade in floor.bot.archive.trades if trade.label.startswith("tb1:")}
    assert ours == told, "every fill of ours is known, so the result is the exchange's own"


@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS), ids="seed_{}".format)
def test_on_a_good_line_a_position_is_never_naked_for_longer_than_promised(seed: int) -> None:
    desk = _lives(seed, bad_line=False)
    way_out_ms = 200  # the market order that closes a position without cover has to travel, too
    assert desk.naked_worst <= desk.limits.naked_ms_max + way_out_ms
    assert desk.entries == 1
    assert not desk.floor.bot.live
    assert desk.floor.bot.amount(desk.floor.instrument) == Decimal(0)
