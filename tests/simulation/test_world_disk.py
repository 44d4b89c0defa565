"""A disk that stumbles in simulated worlds, and a file that each life of the process opens anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.errors import DiskTrouble
from persistence.store import Store
from simulation.disk import UNMADE, UNREAD, UNSAID, DataFile, Death
from simulation.plan_rest import IO
from tests.simulation.lived_world import happens, history, runs
from trading.values import Milliseconds

AT = Milliseconds(1)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[DataFile]:
    made = DataFile(tmp_path, Death(), worker="w1", account="main")
    yield made
    made.close()


def _puts(store: Store, value: int) -> None:
    store.settings.put("key", value, by="me", at=AT)


@pytest.mark.parametrize(("stumbles", "kept"), [(UNMADE, 1), (UNSAID, 2)])
def test_a_commit_fails_once_and_was_made_or_not(stumbles: str, kept: int, file: DataFile) -> None:
    store = file.opens()
    database, seen = file.onlooker()
    times: list[int] = []
    file.disk.has_stumbled = lambda: times.append(1)
    _puts(store, 1)
    file.disk.stumbles = stumbles
    with pytest.raises(DiskTrouble):
        _puts(store, 2)
    assert store.settings.get("key") == seen.settings.get("key") == kept
    assert len(times) == 1
    _puts(store, 3)
    assert store.settings.get("key") == seen.settings.get("key") == 3
    database.close_thread()


def test_nothing_can_be_read_but_by_who_looks_from_outside(file: DataFile) -> None:
    store = file.opens()
    database, seen = file.onlooker()
    _puts(store, 1)
    file.disk.stumbles = UNREAD
    with pytest.raises(DiskTrouble):
        store.settings.get("key")
    with pytest.raises(DiskTrouble):
        store.open_brackets()
    with pytest.raises(DiskTrouble):
        store.events.newest()
    assert seen.settings.get("key") == 1
    file.disk.may_stumble = lambda: False
    assert store.settings.get("key") == 1
    file.disk.mended()
    assert store.open_brackets() == []
    database.close_thread()


def test_what_the_onlooker_has_read_is_read_again_when_the_service_has_written() -> None:
    with history() as made:
        assert made.store.open_brackets() == []
        while not made.world.store.open_brackets():
            runs(made, 500)
        assert made.store.open_brackets() == made.world.store.open_brackets()


def test_a_new_life_opens_the_file_anew_and_finds_what_was_written() -> None:
    with history() as made:
        while not made.store.open_brackets():
            runs(made, 500)
        first, brackets = made.world.store, made.store.open_brackets()
        made.crash()
        assert made.world.store is not first
        assert made.world.store.open_brackets() == brackets
        happens(made, "down", ms=5_000)
        second = made.world.store
        runs(made, 10_000)
        assert made.world.store is not second


def test_trouble_of_the_disk_outlives_the_process_and_a_stumble_does_not() -> None:
    with history() as made:
        runs(made, 30_000)
        happens(made, "io", trouble="disk_trouble", ms=60_000)
        made.crash()
        assert made.database.trouble == "disk_trouble"
        made.file.disk.stumbles = UNMADE
        made.crash()
        assert not made.file.disk.stumbles
        runs(made, 61_000)
        assert not made.database.trouble


def test_a_commit_that_was_made_and_denied_is_a_fault_when_it_is_made() -> None:
    with history() as made:
        runs(made, 60_000)
        happens(made, "io", trouble=UNSAID, ms=60_000)
        armed_at = made.world.pipe.now
        while made.file.disk.stumbles:
            runs(made, 10)
        assert armed_at < made.eye.struck_at == pytest.approx(made.world.pipe.now, abs=10)


@pytest.mark.parametrize("trouble", sorted({*IO} - {UNSAID}))
def test_a_history_whose_disk_stumbles_breaks_no_promise(trouble: str) -> None:
    with history(quiet_ms=30_000) as made:
        runs(made, 60_000)
        at = made.world.pipe.now
        happens(made, "io", trouble=trouble, ms=60_000 if trouble != UNREAD else 2_000)
        struck: list[int] = []
        tells = made.file.disk.has_stumbled

        def stumbled() -> None:
            struck.append(1)
            tells()

        made.file.disk.has_stumbled = stumbled
        assert made.eye.struck_at == at
        runs(made, 59_000)
        assert struck or trouble != UNMADE
        runs(made, 240_000)
        assert not made.file.disk.trouble
        assert not made.file.disk.stumbles
        assert not made.gave_up
