"""What a comparison asks of the store every time, and so past peewee: it must say the same as the long way."""

from persistence.issues import Finding
from persistence.store import Store
from tests.unit.persistence.made import BTC, NOW, Life
from trading.bracket import Phase


def test_the_newest_brackets_are_known_by_their_ids(store: Store) -> None:
    ids = []
    for number in range(4):
        life = Life(store, str(number))
        life.begins()
        life.becomes("over", (), phase=Phase.ENDED)
        ids.append(life.bracket.plan.bracket_id)
    assert store.brackets.newest_ids(500) == set(ids) == {trade.bracket_id for trade in store.trades().items}
    assert store.brackets.newest_ids(2) == set(ids[2:])


def test_issues_resolved_one_way_are_found_and_no_others(store: Store) -> None:
    assert store.issues.resolved_as("ignore") == ()
    for number, choice in enumerate(("ignore", "close", "ignore", None)):
        issue, _ = store.issues.open(Finding(key=f"k{number}", kind="orphan", text="?", instrument=BTC), at=NOW)
        if choice is not None:
            store.issues.resolve(issue.id, resolution=choice, by="me", at=NOW)
    assert [issue.finding.key for issue in store.issues.resolved_as("ignore")] == ["k2", "k0"]
    assert store.issues.resolved_as("adopt") == ()


def test_a_report_is_read_back_as_it_was_given(store: Store) -> None:
    store.reports.add(at=NOW, trigger="timer", took_ms=7, findings=[{"kind": "matched"}], detail={"clean": True})
    (report,) = store.reports.newest()
    assert (report.at, report.trigger, report.took_ms, report.findings) == (NOW, "timer", 7, 1)
    assert report.detail == {"findings": [{"kind": "matched"}], "detail": {"clean": True}}
