"""The desk's strategies: a word is on disk first, ERROR is left by a person alone, parameters in a new life."""

import pytest

from actors.desk_memory import Wanted
from actors.desk_runners import NO_BRACKET
from tests.actors.manned_desk import A, B, Manned, full_disk, manned
from trading import restart
from trading.lifecycle import Event, PauseCause, State
from trading.messages import desk, journal, orders, reconciler, strategy, supervision
from trading.values import StrategyName

START_A = supervision.StartChild(child="strategy:a")
START_B = supervision.StartChild(child="strategy:b")
STOP_A = supervision.StopChild(child="strategy:a")


@pytest.fixture
def office() -> Manned:
    """Connected, compared, a lives and b does not."""
    office = manned()
    office.comes_up()
    office.lives(A)
    office.forgets()
    return office


def new(**parameters: object) -> desk.SetParameters:
    return desk.SetParameters(name=A, parameters=parameters, shown=parameters, by="me")


COMMANDS = [desk.StartStrategy, desk.PauseStrategy, desk.ResumeStrategy, desk.StopStrategy, desk.CloseStrategy]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_strategy_that_there_is_not_is_unknown(
    office: Manned, command: type[desk.StartStrategy | desk.PauseStrategy]
) -> None:
    answer = office.asked(command(name=StrategyName("z"), by="me"))

    assert (answer.ok, answer.code) == (False, "unknown")


def test_parameters_of_a_strategy_that_there_is_not_are_unknown(office: Manned) -> None:
    command = desk.SetParameters(name=StrategyName("z"), parameters={}, shown={}, by="me")

    assert office.asked(command).code == "unknown"


def test_start_waits_until_the_world_is_ready() -> None:
    office = manned(running=False)
    office.asked(desk.StartStrategy(name=A, by="me"))
    assert office.takes("supervisor") == []

    office.comes_up()

    assert office.takes("supervisor") == [START_A]


def test_a_start_that_has_to_wait_says_for_what() -> None:
    office = manned(running=False)

    answer = office.asked(desk.StartStrategy(name=A, by="me"))

    assert (answer.state, answer.sentence) == ("IDLE", "a starts when the connection stands and was compared")


def test_a_start_does_not_undo_a_pause_and_does_not_say_so(office: Manned) -> None:
    office.asked(desk.PauseStrategy(name=A, by="me"))
    for _ in range(2):  # before the strategy has heard of it, and after
        answer = office.asked(desk.StartStrategy(name=A, by="me"))
        assert (answer.ok, answer.code, answer.state) == (False, "conflict", "PAUSED")
        assert answer.sentence == "a is paused, so a start does nothing: resume it"
        office.moves(A, State.PAUSED, Event.PAUSE, PauseCause.PERSON)
    office.forgets()

    office.begins()
    office.comes_up()
    assert not office.asked(desk.StartStrategy(name=A, by="me")).ok, "a pause outlives the process"
    office.lives(A)

    assert office.hears(A)[-1] == strategy.Pause(cause=PauseCause.PERSON)


def test_what_a_lost_connection_paused_is_resumed_and_not_started(office: Manned) -> None:
    office.goes_down()
    office.moves(A, State.PAUSED, Event.DISCONNECTED, PauseCause.DISCONNECT)

    assert office.asked(desk.StartStrategy(name=A, by="me")).state == "PAUSED"


def test_a_start_right_after_a_stop_begins_the_next_life(office: Manned) -> None:
    office.asked(desk.StopStrategy(name=A, by="me"))
    office.forgets()

    assert office.asked(desk.StartStrategy(name=A, by="me")).ok
    assert office.takes("supervisor") == [], "the old life is still being ended"
    office.ends(A)

    assert office.takes("supervisor") == [START_A]


def test_started_while_disconnected_it_begins_paused(office: Manned) -> None:
    office.goes_down()
    office.forgets()

    office.lives(B)

    assert office.hears(B) == [strategy.Start(in_trade=False), strategy.Pause(cause=PauseCause.DISCONNECT)]


def test_a_pause_outlives_the_life_of_the_strategy(office: Manned) -> None:
    assert office.asked(desk.PauseStrategy(name=A, by="me")).state == "PAUSED"
    office.forgets()
    office.begins()
    office.comes_up()
    office.lives(A)

    assert office.hears(A)[-1] == strategy.Pause(cause=PauseCause.PERSON)


def test_stop_ends_it_and_it_is_not_started_again(office: Manned) -> None:
    assert office.asked(desk.StopStrategy(name=A, by="me")).state == "IDLE"
    assert office.hears(A) == [strategy.Stop()]
    assert office.takes("supervisor") == [STOP_A]
    office.ends(A)

    office.goes_down()
    office.comes_up()

    assert START_A not in office.takes("supervisor")


def test_stopped_already_it_changes_nothing(office: Manned) -> None:
    office.asked(desk.StopStrategy(name=B, by="me"))

    assert office.takes("supervisor") == []


def test_close_is_on_disk_before_it_is_answered_and_tells_who_holds_the_trade(office: Manned) -> None:
    office.may_close = {A}
    assert office.asked(desk.CloseStrategy(name=A, by="me")).state == "CLOSING"
    assert office.memory.exits() == {A: "manual_close"}
    assert office.hears(A) == [strategy.TradeClosing(reason="closed by me")]
    assert office.takes("orders") == [orders.ExitWanted()]


def test_close_where_nothing_is_open_says_so_and_changes_nothing(office: Manned) -> None:
    answer = office.asked(desk.CloseStrategy(name=A, by="me"))
    assert (answer.code, answer.sentence) == ("conflict", "a has no open trade")
    assert (office.memory.exits(), office.takes("orders")) == ({}, [])


def test_a_stopped_one_is_neither_paused_nor_resumed_and_stays_stopped(office: Manned) -> None:
    office.asked(desk.StopStrategy(name=B, by="me"))
    for command in (desk.PauseStrategy, desk.ResumeStrategy):
        answer = office.asked(command(name=B, by="me"))
        assert (answer.code, answer.state) == ("conflict", "IDLE")
    office.begins()
    office.comes_up()
    assert START_B not in office.takes("supervisor")


def test_a_resume_that_is_refused_undoes_no_pause(office: Manned) -> None:
    office.asked(desk.PauseStrategy(name=A, by="me"))
    office.moves(A, State.PAUSED, Event.PAUSE, PauseCause.PERSON)
    office.goes_down()
    assert office.asked(desk.ResumeStrategy(name=A, by="me")).code == "conflict"
    assert office.memory.wanted(A) is Wanted.PAUSED


def test_what_a_person_starts_finds_database_and_exchange_compared(office: Manned) -> None:
    office.asked(desk.StartStrategy(name=B, by="me"))
    assert office.takes("reconciler") == [reconciler.Run(why="b starts")]


def test_error_is_left_by_a_persons_resume_alone(office: Manned) -> None:
    office.fails(A)
    assert [kind for kind, _ in office.notices()] == ["strategy_error"]
    assert any(isinstance(one, journal.StrategyFailed) for one in office.takes("journal"))
    for command in (desk.StartStrategy, desk.PauseStrategy):
        answer = office.asked(command(name=A, by="me"))
        assert (answer.code, answer.state) == ("conflict", "ERROR")
    office.goes_down()
    office.comes_up()
    assert START_A not in office.takes("supervisor")

    office.asked(desk.ResumeStrategy(name=A, by="me"))

    assert office.takes("supervisor") == [supervision.ResumeChild(child="strategy:a")]


def test_error_outlives_the_process(office: Manned) -> None:
    office.store.strategies.next_generation(A)
    office.store.strategies.move(A, Event.FAILED, generation=1, at=office.desk._now(), error="bad", traceback="")
    office.begins()
    office.comes_up()

    assert START_A not in office.takes("supervisor")
    assert office.asked(desk.StartStrategy(name=A, by="me")).state == "ERROR"


def test_somebody_elses_failure_is_the_supervisors_affair(office: Manned) -> None:
    office.fails(StrategyName("x"))
    office.forgets()
    failed = supervision.ChildFailed(
        supervisor="s",
        context=supervision.Context.CHILD_TERMINATED,
        reason="x",
        offender="broker",
        generation=1,
        exit=restart.Exit.RAISED,
        verdict=restart.Verdict.RESTART,
        traceback="",
        at_ms=1,
    )
    office.told(failed, desk.StrategyFailed(name=A, generation=1, reason="", traceback=""))

    assert office.notices() == []


def test_resume_goes_on_when_the_world_is_ready_and_says_so_when_not(office: Manned) -> None:
    office.asked(desk.ResumeStrategy(name=A, by="me"))
    assert office.hears(A) == [strategy.Resume(in_trade=False)]
    office.goes_down()

    answer = office.asked(desk.ResumeStrategy(name=A, by="me"))

    assert (answer.code, "compared" in answer.sentence) == ("conflict", True)
    office.comes_up()
    office.forgets()
    office.asked(desk.ResumeStrategy(name=B, by="me"))
    assert office.takes("supervisor") == [supervision.StartChild(child="strategy:b")]


def test_one_that_waits_for_a_trade_that_is_over_is_put_right(office: Manned) -> None:
    office.moves(A, State.POSITION_OPEN, Event.TRADE_OPENED)
    office.in_trade = {A}
    office.told(desk.Reconciled(is_clean=True))
    assert office.hears(A) == []
    office.in_trade = set()

    office.told(desk.Reconciled(is_clean=True))

    assert office.hears(A) == [strategy.EntryEnded(bracket_id=NO_BRACKET)]


def test_a_move_that_cannot_be_written_is_true_all_the_same(office: Manned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.store.strategies, "move", full_disk)
    office.moves(A, State.POSITION_OPEN, Event.TRADE_OPENED)

    assert office.asked(new(cooldown_s=9)).state == "POSITION_OPEN"


def test_one_that_lives_says_so_to_a_new_desk(office: Manned) -> None:
    office.told(desk.StrategyIs(name=B, state=State.ANALYZING))
    office.asked(desk.StartStrategy(name=B, by="me"))

    assert office.takes("supervisor") == []


def test_what_does_not_concern_the_desk_changes_nothing(office: Manned) -> None:
    office.told(
        supervision.ChildCrowded(child="x", depth=1, inbox_max=1, at_ms=1),
        supervision.MessagesLost(child="x", kinds={}, at_ms=1),
        supervision.OldIncarnationSpoke(child="x", generation=1, dropped=1, at_ms=1),
        supervision.EverythingStopped(reason="", exit_code=0, abandoned=(), at_ms=1),
    )

    assert all(ear.takes() == [] for ear in office.ears.values())


# --- parameters


def test_parameters_of_one_that_does_not_live_count_from_its_next_start(office: Manned) -> None:
    command = desk.SetParameters(name=B, parameters={"cooldown_s": 9}, shown={"cooldown_s": 9}, by="me")

    answer = office.asked(command)

    assert (answer.ok, answer.state) == (True, "IDLE")
    assert office.takes("supervisor") == []
    assert office.memory.parameters(B, "fasttest") == {"cooldown_s": 9}
    assert office.memory.parameters(B, "another kind") == {}
    shown = [one for one in office.takes("journal") if isinstance(one, journal.ParametersChanged)]
    assert [one.parameters for one in shown] == [{"cooldown_s": 9}]


def test_an_idle_one_begins_a_new_life_with_them(office: Manned) -> None:
    assert office.asked(new(cooldown_s=9)).ok
    assert office.hears(A) == [strategy.Stop()]
    assert office.takes("supervisor") == [STOP_A]

    office.ends(A)
    assert office.takes("supervisor") == [START_A]
    office.lives(A)

    assert office.hears(A) == [strategy.Start(in_trade=False)]
    office.ends(A)
    assert office.takes("supervisor") == [], "once"


@pytest.mark.parametrize("cause", [PauseCause.PERSON, PauseCause.DISCONNECT, PauseCause.BREAKER])
def test_a_paused_one_is_paused_in_its_new_life_for_the_same_reason(office: Manned, cause: PauseCause) -> None:
    if cause is PauseCause.PERSON:
        office.asked(desk.PauseStrategy(name=A, by="me"))
    office.moves(A, State.PAUSED, Event.PAUSE, cause)
    office.forgets()
    office.asked(new(cooldown_s=9))
    office.ends(A)
    office.hears(A)

    office.lives(A)

    assert office.hears(A) == [strategy.Start(in_trade=False), strategy.Pause(cause=cause)]


@pytest.mark.parametrize(
    "state", [State.SIGNAL_DETECTED, State.ENTERING_POSITION, State.POSITION_OPEN, State.CLOSING], ids=str
)
def test_one_in_a_trade_keeps_its_parameters(office: Manned, state: State) -> None:
    office.moves(A, state, Event.TRADE_OPENED)

    answer = office.asked(new(cooldown_s=9))

    assert (answer.ok, answer.code, answer.state) == (False, "conflict", state)
    assert office.memory.parameters(A, "fasttest") == {}
    assert office.takes("supervisor") == []


def test_a_paused_one_whose_trade_is_open_keeps_them_too(office: Manned) -> None:
    office.moves(A, State.PAUSED, Event.PAUSE, PauseCause.PERSON)
    office.in_trade = {A}

    assert office.asked(new(cooldown_s=9)).code == "conflict"


def test_stopped_or_failed_in_between_it_does_not_come_back(office: Manned) -> None:
    office.asked(new(cooldown_s=9))
    office.asked(desk.StopStrategy(name=A, by="me"))
    office.forgets()
    office.ends(A)
    assert office.takes("supervisor") == []

    office.asked(desk.StartStrategy(name=A, by="me"))
    office.lives(A)
    office.asked(new(cooldown_s=8))
    office.fails(A)
    office.forgets()
    office.ends(A)
    assert office.takes("supervisor") == []


def test_a_new_life_waits_for_the_connection(office: Manned) -> None:
    office.asked(new(cooldown_s=9))
    office.goes_down()
    office.ends(A)
    assert START_A not in office.takes("supervisor")

    office.comes_up()

    assert START_A in office.takes("supervisor")


def test_parameters_that_cannot_be_recorded_change_nothing(office: Manned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.store.settings, "put", full_disk)

    assert office.asked(new(cooldown_s=9)).code == "unavailable"
    assert office.takes("supervisor") == []
