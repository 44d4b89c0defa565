"""The life of a strategy, row by row, and the picture that must show it."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from trading.errors import Refused
from trading.lifecycle import (
    PERSON_EVENTS,
    RUNNING,
    TABLE,
    Event,
    PauseCause,
    State,
    drawing,
    move,
    reconnect_may_resume,
    stronger_cause,
)

ROOT = Path(__file__).parents[3]
IN_TRADE = (State.ENTERING_POSITION, State.POSITION_OPEN, State.CLOSING)


def walk(state: State, *events: Event) -> State:
    for event in events:
        after = move(state, event)
        assert isinstance(after, State), f"{event} was refused in {state}"
        state = after
    return state


def test_error_is_left_only_by_a_persons_resume() -> None:
    ways_out = {row.event for row in TABLE if row.state is State.ERROR and row.to is not State.ERROR}
    assert ways_out == {Event.RESUME, Event.RESUME_IN_TRADE}
    assert ways_out <= PERSON_EVENTS


def test_paused_is_left_only_by_a_person_by_the_reconnect_or_by_failing() -> None:
    ways_out = {row.event for row in TABLE if row.state is State.PAUSED and row.to is not State.PAUSED}
    policy = {Event.RECONNECTED, Event.RECONNECTED_IN_TRADE}
    assert ways_out - PERSON_EVENTS == policy | {Event.FAILED}
    assert {row.state for row in TABLE if row.event in policy} == {State.PAUSED}


def test_a_failure_ends_in_error_from_every_state() -> None:
    assert {move(state, Event.FAILED) for state in State} == {State.ERROR}


def test_whatever_runs_can_be_paused_and_stopped() -> None:
    for state in RUNNING:
        for event in (Event.PAUSE, Event.DISCONNECTED, Event.BREAKER_TRIPPED):
            assert move(state, event) is State.PAUSED
        assert move(state, Event.STOP) is State.IDLE


def test_nothing_but_a_signal_leads_to_an_entry() -> None:
    """No double entry: an entry is sent from one state, and that state is reached from one other."""
    assert {row.state for row in TABLE if row.to is State.ENTERING_POSITION and row.state is not row.to} == {
        State.SIGNAL_DETECTED
    }
    assert {row.state for row in TABLE if row.to is State.SIGNAL_DETECTED and row.state is not row.to} == {
        State.ANALYZING
    }
    assert {row.state for row in TABLE if row.event is Event.SIGNAL_FOUND} == {State.ANALYZING}


def test_an_open_trade_is_never_forgotten_while_the_strategy_runs() -> None:
    """Back to looking for signals only by way of the news that the trade is over, or by a person who knows."""
    for row in TABLE:
        if row.state in IN_TRADE and row.to not in IN_TRADE:
            over = {Event.TRADE_CLOSED, Event.ENTRY_ENDED, Event.ENTRY_REFUSED}
            assert row.to is not State.ANALYZING
            assert row.event in over or row.to in {State.PAUSED, State.IDLE, State.ERROR}


def test_news_of_a_trade_fits_every_state() -> None:
    """The exchange does not ask what state we are in before it fills or closes."""
    for state, event in product(State, (Event.TRADE_OPENED, Event.TRADE_CLOSED)):
        assert isinstance(move(state, event), State), f"{event} in {state}"


def test_a_whole_trade() -> None:
    assert (
        walk(
            State.IDLE,
            Event.START,
            Event.SIGNAL_FOUND,
            Event.ENTRY_SENT,
            Event.TRADE_OPENED,
            Event.CLOSE,
            Event.TRADE_CLOSED,
            Event.COOLDOWN_OVER,
        )
        is State.ANALYZING
    )


REAL_THOUGH_IT_LOOKS_IMPOSSIBLE = {
    "cancelled, then filled": (State.ENTERING_POSITION, (Event.ENTRY_ENDED, Event.TRADE_OPENED), State.POSITION_OPEN),
    "closed before it was heard to open": (State.ENTERING_POSITION, (Event.TRADE_CLOSED,), State.COOLDOWN),
    "filled before it was heard to be sent": (
        State.SIGNAL_DETECTED,
        (Event.TRADE_OPENED, Event.ENTRY_SENT),
        State.POSITION_OPEN,
    ),
    "filled while paused": (State.ENTERING_POSITION, (Event.PAUSE, Event.TRADE_OPENED), State.PAUSED),
    "closed while failed": (State.POSITION_OPEN, (Event.FAILED, Event.TRADE_CLOSED), State.ERROR),
    "the close refused, the stop still there": (State.CLOSING, (Event.CLOSE_REFUSED, Event.CLOSE), State.CLOSING),
    "an orphan adopted while looking": (State.ANALYZING, (Event.TRADE_OPENED,), State.POSITION_OPEN),
    "closed by hand while paused, resumed flat": (
        State.POSITION_OPEN,
        (Event.PAUSE, Event.TRADE_CLOSED, Event.RESUME),
        State.ANALYZING,
    ),
    "stopped in a trade and started again": (
        State.POSITION_OPEN,
        (Event.STOP, Event.START_IN_TRADE, Event.TRADE_CLOSED),
        State.COOLDOWN,
    ),
}


@pytest.mark.parametrize(
    ("state", "events", "after"), REAL_THOUGH_IT_LOOKS_IMPOSSIBLE.values(), ids=REAL_THOUGH_IT_LOOKS_IMPOSSIBLE
)
def test_it_happens(state: State, events: tuple[Event, ...], after: State) -> None:
    assert walk(state, *events) is after


REFUSED = {
    "starting what failed": (State.ERROR, Event.START),
    "starting what failed, in a trade": (State.ERROR, Event.START_IN_TRADE),
    "stopping what failed": (State.ERROR, Event.STOP),
    "reconnect lifting a failure": (State.ERROR, Event.RECONNECTED),
    "pausing what failed": (State.ERROR, Event.PAUSE),
    "starting what is paused": (State.PAUSED, Event.START),
    "a signal while paused": (State.PAUSED, Event.SIGNAL_FOUND),
    "a timer of before the pause": (State.PAUSED, Event.COOLDOWN_OVER),
    "a signal in a trade": (State.POSITION_OPEN, Event.SIGNAL_FOUND),
    "a signal while cooling down": (State.COOLDOWN, Event.SIGNAL_FOUND),
    "starting twice": (State.ANALYZING, Event.START),
    "resuming what runs": (State.ANALYZING, Event.RESUME),
    "resuming what never started": (State.IDLE, Event.RESUME),
}


@pytest.mark.parametrize(("state", "event"), REFUSED.values(), ids=REFUSED)
def test_refused_without_raising(state: State, event: Event) -> None:
    answer = move(state, event)
    assert isinstance(answer, Refused)
    assert answer.code == "no_such_move"
    assert state in answer.sentence
    assert event in answer.sentence


def test_every_pair_is_answered_and_every_event_has_a_use() -> None:
    for state, event in product(State, Event):
        assert isinstance(move(state, event), State | Refused)
    assert {row.event for row in TABLE} == set(Event)
    assert {row.to for row in TABLE} == set(State)


def test_a_row_that_changes_nothing_says_why_it_is_there() -> None:
    assert [row for row in TABLE if row.to is row.state and not row.remark] == []


def test_a_reconnect_lifts_only_what_a_disconnect_paused_and_only_if_allowed() -> None:
    allowed = {
        (cause, auto)
        for cause in PauseCause
        for auto in (True, False)
        if reconnect_may_resume(cause, auto_reconnect=auto)
    }
    assert allowed == {(PauseCause.DISCONNECT, True)}


def test_the_stronger_cause_of_a_pause_is_kept() -> None:
    assert stronger_cause(None, PauseCause.DISCONNECT) is PauseCause.DISCONNECT
    assert stronger_cause(PauseCause.DISCONNECT, PauseCause.PERSON) is PauseCause.PERSON
    assert stronger_cause(PauseCause.PERSON, PauseCause.DISCONNECT) is PauseCause.PERSON
    assert stronger_cause(PauseCause.BREAKER, PauseCause.DISCONNECT) is PauseCause.BREAKER


def test_the_document_shows_the_table_as_it_is() -> None:
    """To renew it: put what ``python -m trading.lifecycle`` prints between the two markers."""
    text = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    shown = text.split("<!-- table: begin -->\n")[1].split("<!-- table: end -->")[0]
    assert shown == drawing()


def test_the_module_prints_the_drawing() -> None:
    command = [sys.executable, "-m", "trading.lifecycle"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert printed.stdout == drawing()


def test_every_move_between_two_states_is_an_arrow() -> None:
    lines = drawing().splitlines()
    for row in TABLE:
        if row.to is not row.state:
            found = [line for line in lines if line.strip().startswith(f"{row.state} --> {row.to}: ")]
            assert len(found) == 1
            assert row.event in found[0].split(": ")[1].split(", ")
