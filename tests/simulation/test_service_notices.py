"""What a person should hear of is on disk with the step it is about, so that no crash loses it and none doubles it."""

from collections import Counter

import pytest

from actors.names import NOTIFIER
from exchange.faults import Rule
from persistence.errors import StoreUnavailable
from persistence.outbox import Letter
from persistence.store import Store
from supervisor.house import BUDGETS
from tests.simulation.service_scene import Scene
from trading.bracket import Mode
from trading.bracket.effects import Severity
from trading.messages import notices
from trading.messages.supervision import Phase
from trading.values import WorkerId


class Dies(BaseException):
    """The power is gone at this moment."""


class Plug:
    """Told of every commit; pulls the plug at one of them."""

    def __init__(self) -> None:
        self.at = ""
        self.died = 0

    def __call__(self, name: str) -> None:
        if self.at and self.at in name and name.endswith(":after"):
            self.at, self.died = "", self.died + 1
            raise Dies(name)


def _letters(scene: Scene, kind: str) -> list[Letter]:
    return [letter for letter in scene.store.outbox.newest(limit=500) if letter.notice.type == kind]


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_trade_is_told_when_it_opens_and_when_it_closes_with_what_a_person_asks_first(mode: Mode) -> None:
    scene = Scene(seed=301, mode=mode)
    bracket = scene.opens()
    scene.ends("by its target", 1)
    scene.runs(3_000)

    opened = _letters(scene, "trade_opened")[-1]
    for words in ("fasttest", str(bracket.plan.amount), "BTC-PERPETUAL", " at 64", "stop 6", "% away", "why: "):
        assert words in opened.notice.text, opened.notice.text
    closed = _letters(scene, "trade_closed")[-1]
    assert "closed by its target after" in closed.notice.text
    assert "net +" in closed.notice.text
    assert notices.Outbox() in scene.notices


@pytest.mark.parametrize("kind", ["trade_opened", "trade_closed"])
def test_power_gone_right_after_the_step_loses_no_notice(kind: str) -> None:
    """Nobody was told anything in that moment: what is in the outbox is all there is."""
    plug = Plug()
    scene = Scene(seed=302, passed=plug)
    if kind == "trade_closed":
        scene.opens()
        plug.at = ">closed"
        scene.ends("by its stop", 1 if scene.position > 0 else -1)
    else:
        plug.at = ">opened"
    scene.runs_until(lambda: plug.died or scene.ended, 60_000)
    assert plug.died == 1
    assert len(_letters(scene, kind)) == 1

    scene.crashes()
    scene.runs(30_000)
    texts = Counter(letter.notice.text for letter in _letters(scene, kind))
    assert max(texts.values()) == 1, texts


def test_a_step_that_is_not_recorded_tells_nothing() -> None:
    store = Store.in_memory(worker=WorkerId("w1"), account="main")
    scene = Scene(seed=303, store=store)
    scene.runs(100)

    class Full:
        def __call__(self, *_args: object, **_fields: object) -> None:
            raise StoreUnavailable("no room")

    store.record_step = Full()  # type: ignore[assignment,method-assign] # the disk is full for trades, not for looking
    scene.runs(30_000)

    assert not _letters(scene, "trade_opened")
    assert scene.alerts("store_failing")


def test_a_position_that_cannot_be_covered_is_one_alert_with_a_count() -> None:
    """The order manager and the guardian tell of it again and again; a person hears of it as of one thing."""
    scene = Scene(seed=304)
    scene.opens()
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs(200_000)

    told = [notice for notice in scene.notices if isinstance(notice, notices.Notice)]
    naked = [notice for notice in told if notice.kind == "naked_position"]
    assert len(naked) >= 5
    assert {notice.key for notice in naked} == {"naked:BTC-PERPETUAL"}
    critical = [letter for letter in scene.store.outbox.insisting() if letter.notice.severity is Severity.CRITICAL]
    assert len({letter.notice.alert for letter in critical}) == len(critical)
    refused = _letters(scene, "request_refused")
    assert len(refused) <= 2, [letter.notice.text for letter in refused]


def test_a_notifier_that_dies_again_and_again_stays_down_alone_and_trading_goes_on() -> None:
    scene = Scene(seed=305, moving="wild")
    scene.opens()
    generations = set()
    for _ in range(40):
        child = scene.supervisor.state().child(NOTIFIER)
        generations.add(child.generation)
        if child.phase is Phase.RUNNING:
            scene.runtime.kill(NOTIFIER)
        scene.runs(1_000)

    state = scene.supervisor.state()
    assert state.child(NOTIFIER).phase is Phase.ERROR
    assert len(generations) == 1 + BUDGETS["notifier"].intensity
    assert state.phase is Phase.RUNNING
    assert not scene.ended
    assert state.restarts["ground"] == 0, "it draws on nobody else's budget"
    before = len(scene.trades())
    scene.runs(120_000)
    assert len(scene.trades()) > before
    assert _letters(scene, "trade_closed"), "what it should have told waits in the outbox"
    scene.check()
