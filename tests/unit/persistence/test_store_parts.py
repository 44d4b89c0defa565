"""What the parts of the store remember: strategies, notices, events, issues, switches, tokens, receipts, figures."""

import contextlib
from decimal import Decimal

import pytest

from persistence.access import Scope
from persistence.errors import LostRace
from persistence.housekeeping import DAY_MS
from persistence.issues import Finding
from persistence.outbox import Notice
from persistence.scoreboard import HOUR_MS, Score
from persistence.secret import Secret
from persistence.store import Store
from persistence.strategies import Strategy, Wanted
from persistence.switches import Wish
from tests.unit.persistence.conftest import Open
from tests.unit.persistence.made import BTC, NOW, Life
from trading.bracket import Phase
from trading.bracket.effects import Severity
from trading.errors import BadInput, Refused
from trading.lifecycle import Event, PauseCause, State
from trading.values import Milliseconds


def _later(ms: int) -> Milliseconds:
    return Milliseconds(NOW + ms)


def _defined(store: Store, name: str = "ema") -> Strategy:
    return store.strategies.define(
        name, kind="cross", instrument=BTC, parameters={"fast": "9"}, wanted=Wanted.RUNNING, at=NOW
    )


def _moved(store: Store, *events: Event, generation: int = 0, **more: object) -> Strategy:
    answer: object = None
    for event in events:
        answer = store.strategies.move("ema", event, generation=generation, at=_later(1), **more)  # type: ignore[arg-type]
    assert isinstance(answer, Strategy), answer
    return answer


# --- strategies


def test_error_stays_across_restarts_and_redefinition_until_a_person_resumes(opens: Open) -> None:
    store = opens()
    _defined(store)
    _moved(store, Event.START)
    _moved(store, Event.FAILED, error="division by zero", traceback="line 1")

    later = opens()
    later.strategies.begin_process(at=_later(2))
    _defined(later)
    refused = later.strategies.move("ema", Event.RECONNECTED, generation=0, at=_later(3))

    assert isinstance(refused, Refused)
    (failed,) = later.strategies.all()
    assert (failed.state, failed.error, failed.traceback) == (State.ERROR, "division by zero", "line 1")
    resumed = _moved(later, Event.RESUME)
    assert (resumed.state, resumed.error, resumed.traceback) == (State.ANALYZING, "", "")


def test_a_refused_move_is_a_row_and_changes_nothing(store: Store) -> None:
    _defined(store)

    refused = store.strategies.move("ema", Event.RESUME, generation=0, at=NOW)

    assert isinstance(refused, Refused)
    (row,) = store.events.moves("strategy", "ema")
    assert (row.state, row.event, row.target, row.why) == ("IDLE", "resume", None, refused)
    assert _defined(store).state is State.IDLE


def test_an_older_incarnation_moves_nothing(store: Store) -> None:
    _defined(store)
    _moved(store, Event.START)
    generation = store.strategies.next_generation("ema")

    stale = store.strategies.move("ema", Event.FAILED, generation=generation - 1, at=NOW)
    store.strategies.set_checkpoints("ema", {"old": True}, generation=generation - 1, at=NOW)

    assert isinstance(stale, Refused)
    assert stale.code == "stale_generation"
    (known,) = store.strategies.all()
    assert (known.state, known.checkpoints, known.generation) == (State.ANALYZING, None, generation)


def test_a_new_life_of_the_process_finds_what_ran_idle_and_what_was_paused_paused(opens: Open) -> None:
    store = opens()
    _defined(store)
    _defined(store, "other")
    _moved(store, Event.START)
    _moved(store, Event.PAUSE, cause=PauseCause.PERSON)
    store.strategies.move("other", Event.START, generation=0, at=NOW)

    paused, ran = opens().strategies.begin_process(at=_later(5))

    assert (paused.state, paused.cause) == (State.PAUSED, PauseCause.PERSON)
    assert (ran.state, ran.generation, ran.since) == (State.IDLE, 1, _later(5))


def test_the_stronger_cause_of_a_pause_is_kept(store: Store) -> None:
    _defined(store)
    _moved(store, Event.START)
    _moved(store, Event.PAUSE, cause=PauseCause.PERSON)

    assert _moved(store, Event.DISCONNECTED, cause=PauseCause.DISCONNECT).cause is PauseCause.PERSON


def test_checkpoints_and_wishes_are_kept_and_a_definition_keeps_the_wish(store: Store) -> None:
    _defined(store)
    store.strategies.want("ema", Wanted.STOPPED)
    store.strategies.set_checkpoints("ema", [{"name": "trend", "is_met": False}], generation=0, at=NOW)

    known = _defined(store)

    assert (known.wanted, known.parameters) == (Wanted.STOPPED, {"fast": "9"})
    assert known.checkpoints == [{"name": "trend", "is_met": False}]


def test_a_strategy_that_left_the_configuration_can_be_forgotten(store: Store) -> None:
    _defined(store)

    assert [store.strategies.forget("ema"), store.strategies.forget("ema")] == [True, False]
    assert store.strategies.all() == ()


# --- outbox


def _notice(text: str, **fields: object) -> Notice:
    return Notice(severity=Severity.ERROR, type="test", text=text, **fields)  # type: ignore[arg-type]


def test_a_notice_waits_until_it_is_delivered_even_over_a_restart(opens: Open) -> None:
    opens().outbox.put(_notice("a"), at=NOW)
    store = opens()
    (letter,) = store.outbox.due(NOW)

    store.outbox.failed([letter.id], error="no network", next_at=_later(5))
    assert store.outbox.due(_later(4)) == ()
    assert store.outbox.next_due() == _later(5)
    store.outbox.delivered([letter.id], at=_later(5))

    (done,) = store.outbox.newest()
    assert (done.attempts, done.delivered_at, done.error, store.outbox.waiting()) == (2, _later(5), "", 0)
    assert store.outbox.due(_later(99)) == ()


def test_the_same_key_is_the_same_notice(store: Store) -> None:
    assert store.outbox.put(_notice("a", dedupe_key="k"), at=NOW)
    assert not store.outbox.put(_notice("b", dedupe_key="k"), at=NOW)
    assert store.outbox.put(_notice("a"), at=NOW)
    assert store.outbox.put(_notice("a"), at=NOW)

    assert [letter.notice.text for letter in store.outbox.due(NOW)] == ["a", "a", "a"]


def test_a_notice_that_insists_repeats_until_somebody_answers(store: Store) -> None:
    store.outbox.put(_notice("naked", repeat_ms=60_000), at=NOW)
    (letter,) = store.outbox.due(NOW)
    store.outbox.delivered([letter.id], at=NOW)
    assert store.outbox.due(_later(59_999)) == ()
    assert len(store.outbox.due(_later(60_000))) == 1

    assert store.outbox.acknowledge(by="me", at=_later(60_001)) == 1

    assert store.outbox.due(_later(999_999)) == ()
    assert store.outbox.newest()[0].acknowledged_by == "me"


def test_giving_up_is_remembered(store: Store) -> None:
    store.outbox.put(_notice("a"), at=NOW)
    store.outbox.failed([1], error="chat not found", next_at=None)

    (letter,) = store.outbox.newest()
    assert (letter.next_at, letter.error, letter.delivered_at) == (None, "chat not found", None)


# --- events


def test_a_stream_goes_on_after_the_last_event_it_saw(store: Store) -> None:
    ids = [store.events.add("k", "s", str(number), at=NOW).id for number in range(4)]

    assert [event.text for event in store.events.after(ids[1])] == ["2", "3"]
    assert [event.text for event in store.events.after(0, limit=2)] == ["0", "1"]
    assert [event.text for event in store.events.newest(limit=2, before=ids[3])] == ["2", "1"]
    assert store.events.newest(kind="other") == store.events.newest(subject="other") == ()
    assert store.events.last_id() == ids[-1]


def test_several_calls_are_one_transaction(store: Store) -> None:
    def half_done() -> None:
        with store.together():
            store.settings.put("a", 1, by="me", at=NOW)
            store.events.add("k", "s", "t", at=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()

    assert store.settings.all() == {}
    assert store.events.last_id() == 0


def test_a_part_that_failed_leaves_nothing_when_the_rest_goes_on(store: Store) -> None:
    def half_done() -> None:
        with store.together():
            store.settings.put("b", 2, by="me", at=NOW)
            raise ZeroDivisionError

    with store.together():
        store.settings.put("a", 1, by="me", at=NOW)
        with contextlib.suppress(ZeroDivisionError):
            half_done()

    assert store.settings.all() == {"a": 1}


# --- issues and reports


def test_an_issue_seen_again_is_the_same_until_it_is_resolved(store: Store) -> None:
    finding = Finding(key="k", kind="orphan", text="t", instrument=BTC, evidence={"amount": Decimal("1.10")})
    first, is_new = store.issues.open(finding, at=NOW)
    again, is_new_again = store.issues.open(finding, at=_later(5))

    assert (is_new, is_new_again, first.id) == (True, False, again.id)
    assert (again.opened_at, again.seen_at, again.finding.evidence) == (NOW, _later(5), {"amount": "1.10"})
    assert store.issues.blocked_instruments() == {BTC}

    resolved = store.issues.resolve(first.id, resolution="adopt", by="me", at=_later(6))
    assert (resolved.resolution, resolved.resolved_by) == ("adopt", "me")
    with pytest.raises(LostRace):
        store.issues.resolve(first.id, resolution="ignore", by="you", at=_later(7))
    assert store.issues.open(finding, at=_later(8))[1]
    assert [issue.resolution for issue in store.issues.newest()] == [None, "adopt"]


def test_reports_are_kept(store: Store) -> None:
    for number in range(3):
        store.reports.add(at=_later(number), trigger="timer", took_ms=number, findings=["x"] * number, detail=None)

    assert [report.findings for report in store.reports.newest(limit=2)] == [2, 1]


# --- switches


def test_halt_holds_over_restarts_until_it_is_lifted(opens: Open) -> None:
    opens().halts.halt("enough", by="me", at=NOW)
    store = opens()

    again = store.halts.halt("more", by="you", at=_later(1))
    assert (again.reason, again.halted_by, again.since) == ("enough", "me", NOW)
    assert store.halts.lift(by="me", at=_later(2))

    assert not store.halts.lift(by="me", at=_later(3))
    assert store.halts.held() is None
    (past,) = store.halts.history()
    assert (past.lifted_at, past.lifted_by) == (_later(2), "me")


def test_the_connection_stays_as_it_was_wanted(opens: Open) -> None:
    wishes = opens().connection
    assert wishes.now("deribit") is None
    wishes.wish("deribit", Wish.CONNECTED, by="start", reason="", at=NOW)
    wishes.wish("deribit", Wish.DISCONNECTED, by="me", reason="holiday", at=_later(1))
    wishes.wish("deribit", Wish.DISCONNECTED, by="machine", reason="lost", at=_later(2))

    now = opens().connection.now("deribit")
    assert now is not None
    assert (now.wish, now.wished_by, now.since) == (Wish.DISCONNECTED, "me", _later(1))
    assert opens().connection.now("embedded") is None


def test_settings_keep_any_value_and_money_exactly(store: Store) -> None:
    store.settings.put("risk", {"value": Decimal("0.10"), "mode": "percent"}, by="me", at=NOW)
    store.settings.put("none", None, by="me", at=NOW)
    store.settings.put("none", None, by="me", at=NOW)

    assert store.settings.get("risk") == {"value": "0.10", "mode": "percent"}
    assert store.settings.all() == {"none": None, "risk": {"value": "0.10", "mode": "percent"}}
    store.settings.drop("risk")
    assert store.settings.get("risk", "default") == "default"


# --- access


def test_a_token_is_good_until_it_is_revoked_and_is_not_in_the_file(store: Store) -> None:
    secret = store.tokens.make(Scope.OPERATE, "first start", at=NOW)
    token = store.tokens.check(secret.reveal(), at=_later(1))

    assert token is not None
    assert token.scope is Scope.OPERATE
    assert store.tokens.check(secret.reveal() + "x", at=NOW) is None
    assert store.tokens.check("***", at=NOW) is None
    for file in store.data_dir.folder.iterdir():
        assert file.is_dir() or secret.reveal().encode() not in file.read_bytes()
    assert store.tokens.revoke(token.id, at=NOW)
    assert store.tokens.check(secret.reveal(), at=NOW) is None
    assert not store.tokens.revoke(token.id, at=NOW)


def test_a_token_from_the_configuration_is_taken_once(store: Store) -> None:
    for _ in range(2):
        store.tokens.accept(Secret("a long enough token"), Scope.OBSERVE, "configuration", at=NOW)

    assert [token.name for token in store.tokens.all()] == ["configuration"]


def test_a_command_under_the_same_key_gets_its_first_answer(store: Store) -> None:
    body = {"a": 1, "b": 2}
    assert store.receipts.find("k", "halt", body) is None
    store.receipts.keep("k", "halt", body, status=200, answer={"state": "halted"}, at=NOW)
    again = store.receipts.keep("k", "halt", {"b": 2, "a": 1}, status=500, answer=None, at=_later(1))

    assert (again.status, again.answer, again.at) == (200, {"state": "halted"}, NOW)
    with pytest.raises(BadInput):
        store.receipts.find("k", "panic", body)


# --- figures and lives


def test_the_scoreboard_has_a_history_by_the_hour(store: Store) -> None:
    hour = Milliseconds(NOW - NOW % HOUR_MS)
    store.scoreboard.note({Score.NAKED_MS: 100, Score.ORPHANS: 0}, at=hour)
    store.scoreboard.note({Score.NAKED_MS: 40}, at=Milliseconds(hour + HOUR_MS - 1))
    store.scoreboard.note({Score.NAKED_MS: 0}, at=Milliseconds(hour + HOUR_MS))

    naked = [row for row in store.scoreboard.history(since=hour) if row.score is Score.NAKED_MS]
    assert [(row.total, row.worst, row.newest, row.times) for row in naked] == [(140, 100, 40, 2), (0, 0, 0, 1)]
    assert store.scoreboard.newest() == dict.fromkeys(Score, 0)
    assert store.scoreboard.totals(since=hour)[Score.NAKED_MS] == 140
    assert store.scoreboard.totals(since=Milliseconds(hour + HOUR_MS))[Score.NAKED_MS] == 0


def test_lives_that_ended_without_a_goodbye_are_counted(store: Store) -> None:
    *_, start = (store.starts.begin(pid=number, version="1", at=_later(number)) for number in range(3))
    store.starts.end(start.id, "stopped in order", at=_later(9))
    store.starts.end(start.id, "again", at=_later(10))

    assert store.starts.unfinished(since=NOW) == 2
    assert store.starts.unfinished(since=_later(1)) == 1
    assert store.starts.newest()[0].ending == "stopped in order"


# --- housekeeping


def test_old_rows_go_and_trades_stay(store: Store) -> None:
    old = Life(store)
    old.begins()
    old.becomes("over", phase=Phase.CLOSED, intents=())
    store.outbox.put(_notice("waits"), at=NOW)
    store.outbox.put(_notice("done"), at=NOW)
    store.outbox.delivered([2], at=NOW)
    store.halts.halt("h", by="me", at=NOW)
    store.connection.wish("deribit", Wish.DISCONNECTED, by="me", reason="", at=NOW)
    store.events.add("noise", "s", "t", at=NOW)
    store.receipts.keep("k", "c", None, status=200, answer=None, at=NOW)

    gone = store.prune(now=Milliseconds(NOW + 900 * DAY_MS))

    assert gone > 0
    assert store.prune(now=Milliseconds(NOW + 900 * DAY_MS)) == 0
    assert store.events.newest() == ()
    assert [letter.notice.text for letter in store.outbox.newest()] == ["waits"]
    assert store.receipts.find("k", "c", None) is None
    assert len(store.trades().items) == 1
    assert store.halts.held() is not None
    assert store.connection.now("deribit") is not None
    assert store.check() == ()
