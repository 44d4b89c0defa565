"""What every test shares: the guard that no file of ours is loaded under two names, and settings of hypothesis."""

import gc
import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

from tools import repository

# In CI the examples are the same in every run, so a red build is red again on the desk of whoever looks.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session", autouse=True)
def _one_name_per_file() -> Iterator[None]:
    """Two names for one file mean two copies of its classes, and `match` on one misses the other."""
    yield
    assert repository.loaded_twice(sys.modules, repository.top_level_packages()) == []


@pytest.fixture(autouse=True)
def _a_leak_shows_where_it_was_made(request: pytest.FixtureRequest) -> Iterator[None]:
    """A socket or process left open warns when it is collected: now, and not in the middle of an innocent test."""
    yield
    if "process" in request.path.parts or request.node.get_closest_marker("process"):
        gc.collect()
