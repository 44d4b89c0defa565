"""A house with a store: one that forgets, and one on a file for what reads from several threads or reopens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.database import Sync
from persistence.store import Store
from tests.unit.webui.house import NOW, House
from trading.values import Milliseconds, WorkerId


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.in_memory(worker=WorkerId("w1"), account="paper")
    yield store
    store.close_thread()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path, worker=WorkerId("w1"), account="paper", at=Milliseconds(NOW), sync=Sync.OFF)
    yield store
    store.close_thread()


@pytest.fixture
def house(store: Store) -> House:
    return House(store)
