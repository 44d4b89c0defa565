"""The schema: made by numbered files, the same as the models say, and upgraded from every earlier version."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from persistence import tables_service, tables_trade
from persistence.backup import backups
from persistence.data_dir import DataDir
from persistence.database import IN_MEMORY, Database
from persistence.errors import Damaged, DiskTrouble, FromTheFuture
from persistence.migrate import APPLICATION_ID, SCHEMA, migrate, steps
from persistence.store import Store
from tests.unit.persistence.conftest import Open
from tests.unit.persistence.made import WORKER, Life

KEPT = Path(__file__).parent / "schemas"
VERSIONS = [step.number for step in steps()]


def _ddl(database: Database) -> str:
    """The schema as SQLite keeps it."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    made = ";\n".join(row[0] for row in database.sql(query)) + ";\n"
    return f"{made}PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {len(VERSIONS)};\n"


def _old_database(folder: Path, version: int) -> None:
    data_dir = DataDir(folder).prepare()
    with closing(sqlite3.connect(data_dir.database)) as old:
        old.executescript((KEPT / f"v{version}.sql").read_text())


@pytest.fixture
def next_schema(tmp_path: Path) -> Path:
    """The schema of a version to come."""
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA, folder)
    number = len(VERSIONS) + 1
    added = "-- Two statements; one of them holds a semicolon in a text.\n"
    added += "ALTER TABLE brackets ADD COLUMN note TEXT NOT NULL DEFAULT 'a;b';\nCREATE TABLE more (id INTEGER);\n"
    (folder / f"{number:04}_more.sql").write_text(added)
    return folder


def test_each_released_schema_is_kept_as_it_was() -> None:
    """When this fails, a released file was changed: write a new number. For a new number, add its `vN.sql`."""
    database = Database(IN_MEMORY)
    migrate(database, lambda: None)

    assert sorted(path.name for path in KEPT.glob("v*.sql")) == [f"v{number}.sql" for number in VERSIONS]
    assert (KEPT / f"v{VERSIONS[-1]}.sql").read_text() == _ddl(database)


@pytest.mark.parametrize("model", [*tables_trade.TABLES, *tables_service.TABLES], ids=lambda model: model.__name__)
def test_models_and_tables_say_the_same(model: type[tables_trade.BracketRow]) -> None:
    database = Database(IN_MEMORY)
    migrate(database, lambda: None)
    columns = database.sql(f"PRAGMA table_info({model._meta.table_name})").fetchall()

    assert {name: bool(notnull) for _, name, _, notnull, _, key in columns if not key} == {
        field.column_name: not field.null
        for field in model._meta.sorted_fields
        if field.column_name not in {name for _, name, _, _, _, key in columns if key}
    }
    assert {name for _, name, *_ in columns} == {field.column_name for field in model._meta.sorted_fields}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_every_earlier_version_is_brought_up_to_date(
    opens: Open, folder: Path, next_schema: Path, version: int
) -> None:
    _old_database(folder, version)

    store = opens(schema=next_schema)

    assert Life(store).begins().version == 1
    assert store._database.sql("SELECT note FROM brackets").fetchall() == [("a;b",)]
    assert store.check() == ()


def test_a_backup_is_made_before_an_upgrade_and_not_before_the_first_schema(
    opens: Open, folder: Path, next_schema: Path
) -> None:
    Life(opens()).begins()
    assert backups(DataDir(folder)) == ()

    opens(schema=next_schema)

    (made,) = backups(DataDir(folder))
    assert made.why == "upgrade"
    with closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT count(*) FROM brackets").fetchone() == (1,)
        assert copy.execute("PRAGMA user_version").fetchone() == (len(VERSIONS),)


def test_an_upgrade_that_fails_leaves_the_version_before_whole(opens: Open, next_schema: Path) -> None:
    opens()
    (next_schema / f"{len(VERSIONS) + 1:04}_more.sql").write_text("CREATE TABLE more (id INTEGER);\nCREATE nonsense;\n")

    with pytest.raises(AssertionError, match="nonsense"):
        opens(schema=next_schema)

    assert opens()._database.sql("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)


def test_opening_twice_changes_nothing(opens: Open) -> None:
    Life(opens()).begins()

    assert len(opens().open_brackets()) == 1


def test_a_database_from_the_future_is_refused_in_one_sentence(opens: Open) -> None:
    opens()._database.sql("PRAGMA user_version = 99")

    with pytest.raises(FromTheFuture) as refused:
        opens()

    assert (
        str(refused.value)
        == f"a newer version wrote this database (schema 99); this one knows schemas up to {len(VERSIONS)}"
    )
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize("content", [b"not a database" * 100, None], ids=["noise", "somebody_elses"])
def test_a_file_that_is_not_ours_is_left_alone(opens: Open, folder: Path, content: bytes | None) -> None:
    path = DataDir(folder).prepare().database
    if content is None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE theirs (id)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    with pytest.raises(Damaged):
        opens()

    assert path.read_bytes()[:16] == before[:16]


def test_a_folder_in_the_databases_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble):
        Database(tmp_path).sql("SELECT 1")


def test_a_store_in_memory_has_the_same_schema() -> None:
    store = Store.in_memory(worker=WORKER, account="paper")

    assert Life(store).begins().version == 1
    store.close_thread()
