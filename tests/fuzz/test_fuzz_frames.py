"""Frames nobody would send on purpose, more than a hundred thousand of them, at an exchange in the same process.

A seed that broke something is printed with the command that shows it again. `make fuzz` runs more of them.
"""

import os
from typing import Final

import pytest

from tests.fuzz.world import World

FRAMES: Final = int(os.environ.get("FUZZ_FRAMES", "13000"))  # for each seed
SEEDS: Final = range(1, 9)


@pytest.mark.parametrize("seed", SEEDS, ids="seed_{}".format)
def test_no_frame_breaks_the_exchange_or_its_books(seed: int) -> None:
    world = World(seed)

    world.run(FRAMES)

    assert world.books.fills > FRAMES / 1000, "the frames must reach the matching engine to prove anything"
    assert world.outcomes["result"] > FRAMES / 10
    assert len([name for name in world.outcomes if name.startswith("error")]) >= 10, world.outcomes
