"""Frames nobody would send on purpose, more than a hundred thousand of them, at an exchange in the same process.

A seed that broke something is printed with the command that shows it again. `make fuzz` runs more of them.
"""

import os
from decimal import Decimal
from typing import Final

import pytest

from exchange.changes import Changes
from tests.fuzz.world import World

FRAMES: Final = int(os.environ.get("FUZZ_FRAMES", "13000"))  # for each seed
SEEDS: Final = range(1, 9)


@pytest.mark.parametrize("seed", SEEDS, ids="seed_{}".format)
def test_no_frame_breaks_the_exchange_or_its_books(seed: int) -> None:
    world = World(seed)

    world.run(FRAMES)

    assert world.books.fills > FRAMES / 1000, "the frames must reach the matching engine to prove anything"
    assert world.outcomes["result"] > FRAMES / 20
    assert len([name for name in world.outcomes if name.startswith("error")]) >= 10, world.outcomes


def test_the_second_set_of_books_sees_what_does_not_belong_there() -> None:
    """Red once, for good: each kind of error the check exists for is made by hand and must be seen."""
    world = World(1)
    world.run(1_000)
    account = world.exchange.engine.accounts["main"]
    name, position = next((name, held) for name, held in account.positions.items() if held.amount)
    currency = world.exchange.engine.markets[name].spec.settlement_currency

    account.wallets[currency].balance += Decimal("0.001")
    assert ["equity" in line for line in world.books.check()] == [True]
    account.wallets[currency].balance -= Decimal("0.001")
    position.amount *= 2
    assert any("its fills say" in line for line in world.books.check())
    position.amount /= 2
    assert world.books.check() == []
    trade = account.archive.trades[-1]
    changes = Changes()
    changes.trades.append(trade)
    world.books.record(changes)
    assert any("twice" in line for line in world.books.check())
