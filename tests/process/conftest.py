"""Exchanges in processes of their own, for the tests of this folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.process.exchange_client import Exchange, Start


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts exchanges with the given arguments, and sees to their end."""
    started: list[Exchange] = []

    def go(*arguments: str, **options: Any) -> Exchange:
        running = Exchange(*arguments, **options)
        started.append(running)
        return running

    yield go
    for running in started:
        running.close()


@pytest.fixture(scope="session")
def no_credits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A settings file under which nobody is ever too fast."""
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_text("[limits]\ncredits = false\n")
    return str(path)


@pytest.fixture(scope="module")
def exchange(no_credits: str) -> Iterator[Exchange]:
    """One with the operator's surface, shared by the tests of a module."""
    running = Exchange("--admin", "--quiet", "--settings", no_credits)
    yield running
    errors = running.state()["server"]["internal_errors"] if running.process.poll() is None else 0
    running.close()
    assert errors == 0, "the exchange had internal errors:\n" + running.output()
