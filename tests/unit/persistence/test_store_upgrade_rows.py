"""A database that version 1 of the schema filled, rows of every table, is whole after the upgrade."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from persistence.brackets import Which
from persistence.data_dir import DataDir
from persistence.store import Store
from trading.bracket import Phase
from trading.facts import LedgerEntry
from trading.pnl import Known, TradePnl
from trading.values import Currency, Milliseconds, WorkerId

HERE = Path(__file__).parent
NOW = Milliseconds(1_790_001_000_000)


@pytest.fixture
def old(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Make the old database; give its rows, table by table."""
    with closing(sqlite3.connect(DataDir(folder).prepare().database)) as made:
        made.executescript((HERE / "schemas" / "v1.sql").read_text())
        made.executescript((HERE / "data" / "schema_1_rows.sql").read_text())
        names = made.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        rows = {name: made.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names.fetchall()}  # noqa: S608 - names of our own
    assert all(rows.values()), "every table has rows"
    return rows


@pytest.fixture
def upgraded(folder: Path, old: dict[str, list[tuple[object, ...]]]) -> Store:
    assert old
    return Store.open(folder, worker=WorkerId("w1"), account="main", at=NOW)


def test_every_row_of_every_table_is_still_there(upgraded: Store, old: dict[str, list[tuple[object, ...]]]) -> None:
    for table, rows in old.items():
        now = upgraded._database.sql(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of our own
        assert [tuple(row)[: len(before)] for row, before in zip(now, rows, strict=True)] == rows, table
    assert upgraded.check() == ()
    upgraded.close_thread()


def test_closed_trades_wait_for_the_exchanges_book_and_the_others_for_nothing(upgraded: Store) -> None:
    (closed,) = upgraded.trades(which=Which.CLOSED).items
    (given_up,) = upgraded.trades(which=Which.QUARANTINED).items
    assert (closed.known, given_up.known) == (Known.PENDING, None)
    (pending,) = upgraded.results.pending()
    assert pending.plan.bracket_id == closed.bracket_id
    assert pending.phase is Phase.CLOSED
    assert [one.plan.bracket_id for one in upgraded.brackets.quarantined_brackets()] == [given_up.bracket_id]
    (issue,) = upgraded.issues.still_open()
    assert issue.chosen is None
    upgraded.close_thread()


def test_a_result_of_an_old_trade_can_be_settled_with_its_lines_and_that_once(upgraded: Store) -> None:
    (pending,) = upgraded.results.pending()
    bracket_id = pending.plan.bracket_id
    pnl = TradePnl(
        currency=Currency("BTC"), gross=Decimal("0.1"), fees=Decimal("0.01"), funding=Decimal("-0.001"), estimated=False
    )
    line = LedgerEntry(
        entry_id="7",
        type="settlement",
        currency=Currency("BTC"),
        instrument=pending.plan.instrument,
        change=Decimal("0.5"),
        balance=None,
        order_id=None,
        fill_id=None,
        at=NOW,
        funding=Decimal("-0.001"),
    )
    for _ in range(2):
        upgraded.results.settle(bracket_id, pnl, Known.FINAL, lines=(line,), why="by the book", at=NOW)
    (trade,) = upgraded.trades(which=Which.CLOSED).items
    assert trade.pnl == pnl
    assert trade.pnl.net == Decimal("0.089")
    assert trade.known is Known.FINAL
    assert upgraded.results.pending() == []
    assert [row["funding"] for row in upgraded.results.lines(bracket_id)] == [Decimal("-0.001")]
    upgraded.close_thread()
