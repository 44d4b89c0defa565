"""The eye of the histories excuses nothing by what was said before, and nothing for ever."""

from decimal import Decimal

from exchange.faults import Rule
from exchange.records import Ticket
from persistence.outbox import Notice
from simulation.disk import Death
from simulation.eye import ABSOLUTE_MS, ORPHAN_MARGIN_MS, Eye
from simulation.letters import Letters
from simulation.shown import Shown
from simulation.world import ACCOUNT
from tests.simulation.service_scene import Scene
from trading.bracket.effects import Severity
from trading.messages import notices
from trading.promises import Violation
from trading.values import Milliseconds, Side

BTC, ETH = "BTC-PERPETUAL", "ETH-PERPETUAL"
ORPHAN = "tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa:s1"


def _notice(text: str, severity: Severity = Severity.CRITICAL) -> Notice:
    return Notice(severity=severity, type="naked_position", text=text, alert=f"naked:{text}")


def test_only_critical_letters_about_it_that_were_written_since_then_count() -> None:
    scene = Scene()
    put, at = scene.store.outbox.put, Milliseconds(1)
    put(_notice(f"{BTC}: 10 held without a stop"), at=at)
    letters = Letters(scene, scene.store)
    letters.begin(BTC)
    assert not letters.has_told(BTC), "that was said before"
    put(_notice(f"{ETH}: 10 held without a stop"), at=at)
    put(_notice(f"{BTC}: nothing much", Severity.WARNING), at=at)
    assert not letters.has_told(BTC)
    put(_notice(f"{BTC}: 20 held without a stop"), at=at)
    assert letters.has_told(BTC)


def test_an_alert_that_waits_and_is_told_once_more_counts() -> None:
    scene = Scene()
    scene.store.outbox.put(_notice(BTC), at=Milliseconds(1))
    letters = Letters(scene, scene.store)
    letters.begin(BTC)
    scene.store.outbox.again(f"naked:{BTC}", text=BTC, times=1, at=Milliseconds(2))
    assert letters.has_told(BTC)


def test_what_the_notifier_was_told_or_wrote_into_the_log_counts_from_then_on() -> None:
    scene = Scene()
    said = notices.Notice(severity=Severity.CRITICAL, kind="naked_position", text=BTC, key=BTC, at=Milliseconds(1))
    scene.notices.append(said)
    scene.said.append((Severity.CRITICAL, BTC))
    letters = Letters(scene, scene.store)
    letters.begin(BTC)
    assert not letters.has_told(BTC)
    scene.said.append((Severity.CRITICAL, BTC))
    assert letters.has_told(BTC)
    letters.begin(BTC)
    assert not letters.has_told(BTC)
    scene.notices.append(said)
    assert letters.has_told(BTC)


def test_a_storm_without_end_excuses_no_orphan_for_ever() -> None:
    scene = Scene()
    eye = Eye(scene, scene.store, Death(), auto_reconnect=False, way_ms=200)
    scene.runs(2_000)
    scene.suffers(Rule(fault="refused", method="private/cancel*", code=10047))
    ticket = Ticket(
        instrument_name=BTC, direction="buy", amount=Decimal(10), type="limit", price=Decimal(63_500), label=ORPHAN
    )
    eye.by_hand(ORPHAN)
    scene.exchange.engine.place(scene.account, ticket, scene.pipe.now)
    scene.pipe.pump()
    limit = scene.options.reconcile_ms + ORPHAN_MARGIN_MS + ABSOLUTE_MS
    began = scene.pipe.now
    found: list[Violation] = []
    while not found and scene.pipe.now < began + 2 * limit:
        scene.runtime.run_for(500)
        eye.strikes()
        found = [one for one in eye.look() if one.promise == "P2"]
    assert [one.about for one in found] == [order.order_id for order in scene.ours if order.label == ORPHAN]
    assert limit < scene.pipe.now - began <= limit + 1_000


def test_prices_and_equity_are_a_range_of_what_stood_in_a_stretch_of_time() -> None:
    scene = Scene()
    shown = Shown(scene.exchange, ACCOUNT, scene.pipe.now)
    scene.exchange.recorder = lambda changes: shown.note(changes, scene.pipe.now)
    before = shown.entries(BTC, Side.BUY, scene.pipe.now)
    scene.runs(1_000)
    scene.moves_to("64100")
    moved = scene.pipe.now
    ask = scene.market.best_ask[0]
    scene.runs(1_000)
    assert shown.entries(BTC, Side.BUY, moved - 500) == (before[0], ask)
    assert shown.entries(BTC, Side.BUY, scene.pipe.now - 500) == (ask, ask)
    worth = shown.equities("BTC", moved)
    scene.hand("buy", Decimal(100_000))
    scene.moves_to("63000")
    assert shown.equities("BTC", moved)[0] < worth[0] <= worth[1] <= shown.equities("BTC", moved)[1]
