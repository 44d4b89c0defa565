"""Where strategies have come is written down; while an order is on its way to the exchange, a moment later."""

import pytest

from actors.desk_moves import LATER_MS, WriteMoves
from tests.actors.manned_desk import NOW, A, B, Manned, full_disk, manned
from trading.lifecycle import Event, State
from trading.messages import desk


@pytest.fixture
def office() -> Manned:
    """Connected, compared, both look for a signal."""
    office = manned()
    office.comes_up()
    office.lives(A, B)
    return office


def written(office: Manned) -> State:
    known = office.store.strategies.get(A)
    assert known is not None
    return known.state


def events(office: Manned) -> list[tuple[str, int]]:
    return [(move.event, move.at) for move in office.store.events.moves("strategy", A)]


def signals(office: Manned) -> None:
    office.moves(A, State.SIGNAL_DETECTED, Event.SIGNAL_FOUND)
    office.moves(A, State.ENTERING_POSITION, Event.ENTRY_SENT)


def test_while_an_order_leaves_its_strategy_writes_nothing(office: Manned) -> None:
    office.elapsed = 7
    signals(office)
    assert written(office) is State.ANALYZING

    delay_ms, message = office.timers.pop("moves")
    office.elapsed = 7 + delay_ms
    office.told(message)

    assert delay_ms == LATER_MS
    assert written(office) is State.ENTERING_POSITION
    assert events(office) == [("start", NOW), ("signal_found", NOW + 7), ("entry_sent", NOW + 7)]


def test_the_next_move_writes_what_waits_before_itself(office: Manned) -> None:
    signals(office)
    office.moves(A, State.POSITION_OPEN, Event.TRADE_OPENED)
    assert written(office) is State.POSITION_OPEN

    office.told(WriteMoves())

    assert [event for event, _ in events(office)] == ["start", "signal_found", "entry_sent", "trade_opened"]


def test_one_that_signals_again_and_again_is_written_all_the_same(office: Manned) -> None:
    signals(office)
    timer = office.timers["moves"]
    office.moves(B, State.SIGNAL_DETECTED, Event.SIGNAL_FOUND)
    assert office.timers["moves"] is timer, "the moment does not begin anew"

    office.told(office.timers.pop("moves")[1])
    office.told(desk.Reconciled(is_clean=True))
    office.moves(A, State.SIGNAL_DETECTED, Event.SIGNAL_FOUND)

    assert "moves" in office.timers, "the next signal has a moment of its own"


def test_what_the_disk_does_not_take_is_written_at_the_next_occasion(
    office: Manned, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.in_trade = {A}
    with monkeypatch.context() as disk:
        disk.setattr(office.store.strategies, "move", full_disk)
        signals(office)
        office.told(office.timers.pop("moves")[1])
    assert written(office) is State.ANALYZING

    office.told(desk.Reconciled(is_clean=True))

    assert written(office) is State.ENTERING_POSITION


def test_a_command_finds_everything_written(office: Manned) -> None:
    signals(office)
    office.asked(desk.PauseStrategy(name=A, by="me"))

    assert written(office) is State.ENTERING_POSITION
