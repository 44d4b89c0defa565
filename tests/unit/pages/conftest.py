"""A house with a store, for the page."""

from collections.abc import Iterator

import pytest

from persistence.store import Store
from tests.unit.webui.house import House
from trading.values import WorkerId


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.in_memory(worker=WorkerId("w1"), account="paper")
    yield store
    store.close_thread()


@pytest.fixture
def house(store: Store) -> House:
    return House(store)
