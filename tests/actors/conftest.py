"""Both worlds, for tests whose claim must hold in each."""

from collections.abc import Iterator

import pytest

from tests.actors.supervised import WORLDS, World


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world not launched yet; what runs in it is stopped after the test."""
    world = World(request.param)
    yield world
    world.close()
