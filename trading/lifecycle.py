"""The life of a strategy: one table of (state, event) -> state, and the picture drawn from it.

What fits no row is refused and changes nothing. Two rules stand above the rest: ERROR is left only by a
person's resume, and PAUSED only by a person or, if they allowed it, by the reconnect that ended its cause.
``python -m trading.lifecycle`` prints the picture and the table; docs/lifecycle.md holds a copy.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType

from trading.errors import Refused


@unique
class State(StrEnum):
    """Where a strategy is in its life."""

    IDLE = "IDLE"
    ANALYZING = "ANALYZING"
    SIGNAL_DETECTED = "SIGNAL_DETECTED"
    ENTERING_POSITION = "ENTERING_POSITION"
    POSITION_OPEN = "POSITION_OPEN"
    CLOSING = "CLOSING"
    COOLDOWN = "COOLDOWN"
    PAUSED = "PAUSED"
    ERROR = "ERROR"


@unique
class Event(StrEnum):
    """What can happen to a strategy. ``..._in_trade``: the order manager holds a bracket of it at that moment."""

    START = "start"
    START_IN_TRADE = "start_in_trade"
    PAUSE = "pause"
    RESUME = "resume"
    RESUME_IN_TRADE = "resume_in_trade"
    STOP = "stop"
    CLOSE = "close"
    DISCONNECTED = "disconnected"
    BREAKER_TRIPPED = "breaker_tripped"
    RECONNECTED = "reconnected"
    RECONNECTED_IN_TRADE = "reconnected_in_trade"
    SIGNAL_FOUND = "signal_found"
    SIGNAL_DROPPED = "signal_dropped"
    ENTRY_SENT = "entry_sent"
    ENTRY_REFUSED = "entry_refused"
    ENTRY_ENDED = "entry_ended"
    TRADE_OPENED = "trade_opened"
    CLOSE_REFUSED = "close_refused"
    TRADE_CLOSED = "trade_closed"
    COOLDOWN_OVER = "cooldown_over"
    FAILED = "failed"


@unique
class PauseCause(StrEnum):
    """What paused a strategy, the weakest first. Only DISCONNECT may be lifted without a person."""

    DISCONNECT = "disconnect"
    BREAKER = "breaker"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One move. A remark says why a row is there that looks impossible."""

    state: State
    event: Event
    to: State
    remark: str = ""


PERSON_EVENTS = frozenset(
    {
        Event.START,
        Event.START_IN_TRADE,
        Event.PAUSE,
        Event.RESUME,
        Event.RESUME_IN_TRADE,
        Event.STOP,
        Event.CLOSE,
    }
)
RUNNING = (
    State.ANALYZING,
    State.SIGNAL_DETECTED,
    State.ENTERING_POSITION,
    State.POSITION_OPEN,
    State.CLOSING,
    State.COOLDOWN,
)

_OLD_NEWS = "told again, or late: nothing is left to do"
_STAYS_PROTECTED = "the trade stays under the exchange's stop and in the order manager's care"

_SPECIFIC: tuple[tuple[State, Event, State, str], ...] = (
    (State.IDLE, Event.START, State.ANALYZING, ""),
    (State.IDLE, Event.START_IN_TRADE, State.POSITION_OPEN, "a restart finds the trade it left; facts refine it"),
    (State.IDLE, Event.STOP, State.IDLE, "pressed twice"),
    (State.IDLE, Event.CLOSE, State.IDLE, "stopped, and now its trade is flattened, too"),
    (State.IDLE, Event.TRADE_OPENED, State.IDLE, f"stopped while the entry was on its way; {_STAYS_PROTECTED}"),
    (State.IDLE, Event.TRADE_CLOSED, State.IDLE, "the trade it left behind has ended"),
    (State.IDLE, Event.ENTRY_ENDED, State.IDLE, "the entry it left behind has ended unfilled"),
    (State.IDLE, Event.ENTRY_REFUSED, State.IDLE, "stopped while the entry was on its way"),
    (State.IDLE, Event.CLOSE_REFUSED, State.IDLE, _STAYS_PROTECTED),
    (State.IDLE, Event.DISCONNECTED, State.IDLE, "there is nothing to pause"),
    (State.IDLE, Event.BREAKER_TRIPPED, State.IDLE, "there is nothing to pause"),
    (State.ANALYZING, Event.SIGNAL_FOUND, State.SIGNAL_DETECTED, ""),
    (State.ANALYZING, Event.TRADE_OPENED, State.POSITION_OPEN, "an orphan with our label was adopted"),
    (State.ANALYZING, Event.TRADE_CLOSED, State.ANALYZING, _OLD_NEWS),
    (State.ANALYZING, Event.ENTRY_ENDED, State.ANALYZING, _OLD_NEWS),
    (State.SIGNAL_DETECTED, Event.SIGNAL_DROPPED, State.ANALYZING, "a filter or its age dropped it"),
    (State.SIGNAL_DETECTED, Event.ENTRY_SENT, State.ENTERING_POSITION, ""),
    (State.SIGNAL_DETECTED, Event.ENTRY_REFUSED, State.COOLDOWN, "cools down, or each tick would be refused again"),
    (State.SIGNAL_DETECTED, Event.TRADE_OPENED, State.POSITION_OPEN, "the fill overtook the news that it was sent"),
    (State.SIGNAL_DETECTED, Event.TRADE_CLOSED, State.SIGNAL_DETECTED, _OLD_NEWS),
    (State.ENTERING_POSITION, Event.TRADE_OPENED, State.POSITION_OPEN, ""),
    (State.ENTERING_POSITION, Event.ENTRY_REFUSED, State.COOLDOWN, "refused and, where needed, rolled back"),
    (State.ENTERING_POSITION, Event.ENTRY_ENDED, State.COOLDOWN, "cancelled or expired without a fill"),
    (State.ENTERING_POSITION, Event.ENTRY_SENT, State.ENTERING_POSITION, _OLD_NEWS),
    (State.ENTERING_POSITION, Event.TRADE_CLOSED, State.COOLDOWN, "filled and stopped out before we heard of it"),
    (State.ENTERING_POSITION, Event.CLOSE, State.CLOSING, "cancels the entry and closes what has filled"),
    (State.POSITION_OPEN, Event.CLOSE, State.CLOSING, ""),
    (State.POSITION_OPEN, Event.TRADE_CLOSED, State.COOLDOWN, "stop, target, or a person on the exchange"),
    (State.POSITION_OPEN, Event.TRADE_OPENED, State.POSITION_OPEN, "a further part of the entry has filled"),
    (State.POSITION_OPEN, Event.ENTRY_SENT, State.POSITION_OPEN, "the fill overtook the news that it was sent"),
    (State.POSITION_OPEN, Event.ENTRY_ENDED, State.COOLDOWN, "it was started in a trade whose entry never filled"),
    (State.CLOSING, Event.TRADE_CLOSED, State.COOLDOWN, ""),
    (State.CLOSING, Event.ENTRY_ENDED, State.COOLDOWN, "closed while entering, and nothing had filled"),
    (State.CLOSING, Event.CLOSE_REFUSED, State.POSITION_OPEN, "still open, its stop still rests; may be asked again"),
    (State.CLOSING, Event.TRADE_OPENED, State.CLOSING, "the entry filled after the close was asked for"),
    (State.CLOSING, Event.ENTRY_REFUSED, State.COOLDOWN, "closed while entering, and the entry was refused"),
    (State.CLOSING, Event.CLOSE, State.CLOSING, "pressed twice"),
    (State.COOLDOWN, Event.COOLDOWN_OVER, State.ANALYZING, ""),
    (State.COOLDOWN, Event.TRADE_OPENED, State.POSITION_OPEN, "cancelled, then filled: it happens"),
    (State.COOLDOWN, Event.TRADE_CLOSED, State.COOLDOWN, _OLD_NEWS),
    (State.COOLDOWN, Event.ENTRY_ENDED, State.COOLDOWN, _OLD_NEWS),
    (State.COOLDOWN, Event.CLOSE, State.COOLDOWN, "it closed by itself while the button was pressed"),
    (State.COOLDOWN, Event.CLOSE_REFUSED, State.COOLDOWN, "it closed by itself while the close was on its way"),
    (State.PAUSED, Event.RESUME, State.ANALYZING, ""),
    (State.PAUSED, Event.RESUME_IN_TRADE, State.POSITION_OPEN, "held until a fact says otherwise"),
    (State.PAUSED, Event.RECONNECTED, State.ANALYZING, "only if auto-reconnect is on and a disconnect paused it"),
    (State.PAUSED, Event.RECONNECTED_IN_TRADE, State.POSITION_OPEN, "the same, with a trade"),
    (State.PAUSED, Event.STOP, State.IDLE, ""),
    (State.PAUSED, Event.PAUSE, State.PAUSED, "a person's pause outranks the cause it had"),
    (State.PAUSED, Event.ENTRY_SENT, State.PAUSED, "it was on its way when the pause came"),
    (State.ERROR, Event.RESUME, State.ANALYZING, "a new incarnation; only a person may"),
    (State.ERROR, Event.RESUME_IN_TRADE, State.POSITION_OPEN, "the same, with a trade"),
    (State.ERROR, Event.ENTRY_SENT, State.ERROR, "it was on its way when the strategy failed"),
)


def _everywhere() -> Iterator[Row]:
    """Give the rows that read the same in many states, so that the table above shows the particular ones."""
    for state in RUNNING:
        yield Row(state=state, event=Event.PAUSE, to=State.PAUSED)
        yield Row(state=state, event=Event.DISCONNECTED, to=State.PAUSED)
        yield Row(state=state, event=Event.BREAKER_TRIPPED, to=State.PAUSED)
        yield Row(state=state, event=Event.STOP, to=State.IDLE, remark=f"if there is a trade: {_STAYS_PROTECTED}")
    for state in State:
        again = "a second failure changes nothing" if state is State.ERROR else ""
        yield Row(state=state, event=Event.FAILED, to=State.ERROR, remark=again)
    for state in (State.PAUSED, State.ERROR):
        for event in (
            Event.TRADE_OPENED,
            Event.TRADE_CLOSED,
            Event.ENTRY_ENDED,
            Event.ENTRY_REFUSED,
            Event.CLOSE,
            Event.CLOSE_REFUSED,
        ):
            yield Row(state=state, event=event, to=state, remark="its trade goes on in the order manager's care")
        for event in (Event.DISCONNECTED, Event.BREAKER_TRIPPED):
            yield Row(state=state, event=event, to=state, remark="it trades nothing as it is")


def _by_state_and_event(rows: tuple[Row, ...]) -> Mapping[tuple[State, Event], Row]:
    table = {(row.state, row.event): row for row in rows}
    assert len(table) == len(rows), "two rows for one state and event"
    return MappingProxyType(table)


TABLE: tuple[Row, ...] = tuple(
    sorted(
        (*(Row(state=at, event=event, to=to, remark=why) for at, event, to, why in _SPECIFIC), *_everywhere()),
        key=lambda row: (list(State).index(row.state), list(Event).index(row.event)),
    )
)
_ROWS = _by_state_and_event(TABLE)


def move(state: State, event: Event) -> State | Refused:
    """Give the state after an event, or the refusal that the caller records; the state is then unchanged."""
    row = _ROWS.get((state, event))
    if row is None:
        return Refused(code="no_such_move", sentence=f"a strategy in {state} does not take {event!s}")
    return row.to


def stronger_cause(held: PauseCause | None, new: PauseCause) -> PauseCause:
    """Give the cause a paused strategy keeps: the stronger one, so that a reconnect never lifts a person's pause."""
    order = list(PauseCause)
    return new if held is None else max(held, new, key=order.index)


def reconnect_may_resume(cause: PauseCause, *, auto_reconnect: bool) -> bool:
    """Whether RECONNECTED may be told to a paused strategy at all."""
    return auto_reconnect and cause is PauseCause.DISCONNECT


def drawing() -> str:
    """Draw the moves that change the state as a Mermaid diagram, then list every row."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for row in TABLE:
        if row.to is not row.state:
            arrows.setdefault((row.state, row.to), []).append(row.event)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.IDLE}"]
    lines += [f"    {at} --> {to}: {', '.join(events)}" for (at, to), events in arrows.items()]
    lines += ["```", "", "| in | event | goes to | remark |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.state} | `{row.event}` | {row.to} | {row.remark} |" for row in TABLE]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(drawing())
