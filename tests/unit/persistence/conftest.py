"""A store on a real file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from persistence.store import Store
from tests.unit.persistence.made import NOW, WORKER

Open = Callable[..., Store]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opens(folder: Path) -> Iterator[Open]:
    """Opens stores on one folder, and closes them again."""
    opened: list[Store] = []

    def go(**options: object) -> Store:
        settings = {"worker": WORKER, "account": "paper", "at": NOW, **options}
        opened.append(Store.open(folder, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield go
    for store in opened:
        store.close_thread()


@pytest.fixture
def store(opens: Open) -> Store:
    return opens()
