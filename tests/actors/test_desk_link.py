"""The desk's connection policy: lost stays lost, unless a person allowed otherwise, and that counts at once."""

import pytest

from actors.desk_memory import Wanted
from tests.actors.manned_desk import A, B, Manned, full_disk, manned
from trading.lifecycle import Event, PauseCause, State
from trading.messages import broker, desk, guardian, journal, orders, reconciler, strategy, supervision

LOSS = [strategy.Pause(cause=PauseCause.DISCONNECT)]
GOES_ON = [strategy.Resume(in_trade=False)]


def trading(**given: bool) -> Manned:
    """Connected, compared, both strategies look for a signal."""
    desk_ = manned(**given)
    desk_.comes_up()
    desk_.lives(A, B)
    desk_.forgets()
    return desk_


def connects(office: Manned) -> int:
    return len([one for one in office.takes("broker") if isinstance(one, broker.Connect)])


def test_it_connects_at_the_start_and_asks_for_prices_and_candles() -> None:
    office = manned(candles=30)
    assert [type(one) for one in office.takes("broker")] == [broker.Watch, broker.Connect]

    office.comes_up()

    assert [one.count for one in office.takes("broker") if isinstance(one, broker.FetchCandles)] == [30]
    office.told(desk.Reconciled(is_clean=True))
    assert office.takes("broker") == [], "once for each connection"


def test_a_person_who_disconnected_stays_so_over_a_restart() -> None:
    office = manned()
    office.asked(desk.Disconnect(by="me"))
    office.forgets()
    office.begins()

    assert connects(office) == 0
    assert office.asked(desk.Connect(by="me")).state == "connecting"
    assert connects(office) == 1


def test_a_lost_connection_stays_lost_and_a_person_is_told() -> None:
    office = trading()

    office.goes_down("no route")

    assert (office.hears(A), office.hears(B)) == (LOSS, LOSS)
    ((kind, text),) = office.notices()
    assert kind == "disconnected"
    assert "no route" in text
    assert "nothing trades until you reconnect" in text
    assert (connects(office), office.timers) == (0, {})


@pytest.mark.parametrize(("auto", "troubles"), [(True, 1), (False, 2)])
def test_a_line_that_comes_and_goes_by_itself_is_one_trouble_and_one_put_right_by_hand_is_lost_anew(
    *, auto: bool, troubles: int
) -> None:
    office = trading(auto=auto)

    for reason in ("no route", "closed (1006)"):
        office.goes_down(reason)
        office.elapsed += 1_000
        office.comes_up()

    told = [one for one in office.takes("notifier") if one.kind == "disconnected"]
    assert len(told) == 2
    assert len({one.key for one in told}) == troubles


def test_with_auto_reconnect_it_comes_back_and_what_it_paused_goes_on() -> None:
    office = trading(auto=True)
    office.goes_down()
    assert "reconnecting" in office.notices()[0][1]

    office.is_time()
    assert connects(office) == 1
    office.forgets()
    office.comes_up()

    assert (office.hears(A), office.hears(B)) == (GOES_ON, GOES_ON)


def test_attempts_wait_longer_each_time_and_never_too_long() -> None:
    office = trading(auto=True)
    waits = []
    for _ in range(12):
        office.goes_down()
        waits.append(office.timers["connect"][0])
        office.is_time()

    assert 500 <= waits[0] <= 1_001
    assert 30_000 <= waits[-1] <= 60_001
    assert len(office.notices()) == 1, "one loss, one notice"


def test_switched_on_while_it_is_lost_it_begins_to_reconnect_at_once() -> None:
    office = trading()
    office.goes_down()
    office.forgets()

    answer = office.asked(desk.ChangeSettings(auto_reconnect=True, by="me"))

    assert answer.ok
    assert connects(office) == 1
    office.forgets()
    office.comes_up()
    assert office.hears(A) == GOES_ON


def test_switched_on_after_a_person_disconnected_it_stays_disconnected() -> None:
    office = trading()
    office.asked(desk.Disconnect(by="me"))
    office.goes_down("by me")
    office.forgets()

    office.asked(desk.ChangeSettings(auto_reconnect=True, by="me"))

    assert connects(office) == 0
    assert office.notices() == [], "nobody needs to be told what they did themselves"


def test_switched_off_while_an_attempt_waits_it_is_not_made() -> None:
    office = trading(auto=True)
    office.goes_down()
    office.asked(desk.ChangeSettings(auto_reconnect=False, by="me"))
    office.forgets()

    office.is_time()

    assert connects(office) == 0
    office.goes_down()
    assert office.timers == {}


def test_what_was_chosen_counts_more_than_the_file_after_a_restart() -> None:
    office = trading(auto=True)
    office.asked(desk.ChangeSettings(auto_reconnect=False, by="me"))
    office.begins()
    office.comes_up()
    office.forgets()

    office.goes_down()

    assert "nothing trades until you reconnect" in office.notices()[0][1]


def test_at_a_start_it_tries_so_often_and_then_leaves_it_to_a_person() -> None:
    office = manned()
    for _ in range(2):
        office.goes_down("refused")
        office.is_time()
    office.goes_down("refused")

    assert office.timers == {}
    assert "connect by hand" in office.notices()[-1][1]
    office.goes_down("refused")
    assert office.notices() == []


def test_reconnect_with_resume_goes_on_and_without_it_stays_paused() -> None:
    for resume, heard in ((True, GOES_ON), (False, [])):
        office = trading()
        office.goes_down()
        for name in (A, B):
            office.moves(name, State.PAUSED, Event.DISCONNECTED, PauseCause.DISCONNECT)
        office.forgets()
        office.asked(desk.Reconnect(by="me", resume=resume))
        office.comes_up()

        assert office.hears(A) == heard


def test_a_strategy_a_person_paused_is_not_resumed_by_a_reconnect() -> None:
    office = trading(auto=True)
    office.asked(desk.PauseStrategy(name=A, by="me"))
    office.moves(A, State.PAUSED, Event.PAUSE, PauseCause.PERSON)
    office.goes_down()
    office.is_time()
    office.forgets()

    office.comes_up()

    assert (office.hears(A), office.hears(B)) == ([], GOES_ON)


def test_connected_already_it_changes_nothing() -> None:
    office = trading()

    assert office.asked(desk.Connect(by="me")).state == "connected"
    assert connects(office) == 0


def test_without_a_connection_there_is_nothing_to_compare() -> None:
    office = manned()

    assert office.asked(desk.Reconcile(by="me")).code == "conflict"
    office.comes_up()
    assert office.asked(desk.Reconcile(by="me")).ok
    assert office.takes("reconciler") == [reconciler.Run(why="asked for")]


def test_a_timer_that_comes_when_it_is_up_again_does_nothing() -> None:
    office = trading(auto=True)
    office.goes_down()
    timer = office.timers["connect"]
    office.comes_up()
    office.forgets()

    office.told(timer[1])

    assert connects(office) == 0


def test_a_restarted_broker_means_a_lost_connection_for_everybody() -> None:
    office = trading()

    office.newcomer("broker")

    lost = "the broker had to be restarted"
    assert office.takes("orders") == [orders.ConnectionChanged(is_up=False, reason=lost)]
    assert office.takes("guardian") == [guardian.ConnectionChanged(is_up=False)]
    assert office.takes("reconciler") == [reconciler.ConnectionChanged(is_up=False)]
    assert office.takes("journal") == [journal.ConnectionChanged(is_up=False, reason=lost)]
    assert office.hears(A) == LOSS


@pytest.mark.parametrize("name", ["orders", "guardian", "reconciler"])
def test_a_newcomer_is_told_where_things_stand(name: str) -> None:
    office = trading()
    office.newcomer(name)

    assert office.takes("broker") == [broker.TellStanding()]


def test_a_newcomer_who_needs_nothing_is_told_nothing() -> None:
    office = trading()
    office.newcomer("journal")

    assert office.takes("broker") == []


def test_a_desk_in_a_new_life_asks_who_lives() -> None:
    office = manned()
    office.forgets()
    office.generation = 2
    office.begins()

    assert office.hears(A) == [strategy.SayState()]
    assert broker.TellStanding() in office.takes("broker")


def test_what_cannot_be_recorded_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    office = trading()
    monkeypatch.setattr(office.store.connection, "wish", full_disk)

    answer = office.asked(desk.Disconnect(by="me"))

    assert (answer.ok, answer.code) == (False, "unavailable")
    assert office.takes("broker") == []


def test_with_the_brake_on_nothing_goes_on_by_itself() -> None:
    office = manned(braked=True)
    assert office.notices()[0][0] == "crash_loop"

    office.comes_up()

    assert office.takes("supervisor") == []
    office.asked(desk.StartStrategy(name=A, by="me"))
    assert office.takes("supervisor") == [supervision.StartChild(child="strategy:a")]
    assert office.memory.wanted(A) is Wanted.ACTIVE
