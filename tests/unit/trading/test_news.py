"""What a person hears of a step: which way, how much, at what price, how far the stop is, what it made, and why."""

from decimal import Decimal

import pytest

from tests.unit.trading.bracket_facts import T0, Life, fill, label, order
from trading.bracket import FillSeen, Message, OrderSeen, Refused
from trading.bracket.effects import Closed, Severity
from trading.news import News, lasted, of_step
from trading.values import IntentId, Leg, Milliseconds, OrderState


def _hears(life: Life, *messages: Message) -> list[News]:
    """Tell the bracket these, and give all that is worth telling."""
    told: list[News] = []
    for message in messages:
        effects = life.hears(message, 1_000)
        told += of_step(life.bracket, message, effects, at=life.now)
    return told


def test_an_opened_trade() -> None:
    life = Life(reason="crossed")
    (news,) = _hears(life, FillSeen(fill=fill(Leg.ENTRY, 40, "1")))

    assert (news.severity, news.kind, news.key) == (Severity.INFO, "trade_opened", "aaaaaaaaaaaaaaaa:trade_opened")
    assert news.text.split("\n") == [
        "s bought 40 BTC-PERPETUAL at 64000",
        "stop 63500 (0.78 % away), target 64500 (0.78 % away)",
        "100 are ordered; the rest may still fill",
        "why: crossed",
    ]


def test_an_entry_that_shows_itself_filled_before_its_fills_are_told_has_its_price() -> None:
    life = Life()
    shown = {"filled_amount": Decimal(100), "average_price": Decimal(64010)}
    (news,) = _hears(life, OrderSeen(order=order(Leg.ENTRY, "e", OrderState.FILLED, **shown)))

    assert news.text.startswith("s bought 100 BTC-PERPETUAL at 64010\n")


def test_a_closed_trade_with_its_result() -> None:
    life = Life(reason="crossed")
    stopped = {"price": Decimal(63500), "at": Milliseconds(T0 + 3_723_000), "fee": Decimal("0.000001")}
    _hears(
        life,
        FillSeen(fill=fill(Leg.ENTRY, 100, "1", order_id="e")),
        FillSeen(fill=fill(Leg.STOP, 100, "2", order_id="s", profit_loss=Decimal("-0.0000123"), **stopped)),
    )
    (news,) = of_step(life.bracket, "over", (Closed(traded=True, reason="stop"),), at=life.now)

    assert news.kind == "trade_closed"
    assert news.text.split("\n") == [
        "s: BTC-PERPETUAL long 100 closed by its stop after 1 h 2 min",
        "64000 to 63500, net -0.0000133 BTC",
        "gross -0.0000123, fees 0.000001, before funding",
        "why it was entered: crossed",
    ]


def test_what_ended_without_a_trade_is_no_news() -> None:
    assert of_step(Life().bracket, "over", (Closed(traded=False, reason="entry_not_filled"),), at=T0) == ()


def test_a_refused_stop_is_told_with_what_is_covered_and_a_refused_entry_is_not() -> None:
    life = Life()
    _hears(life, FillSeen(fill=fill(Leg.ENTRY, 100, "1")))
    no = Refused(intent_id=IntentId(label(Leg.STOP)), code=10019, sentence="trading is halted")
    refused = [news for news in of_step(life.bracket, no, (), at=life.now) if news.kind == "request_refused"]

    assert refused[0].severity is Severity.ERROR
    assert "refused the stop order on BTC-PERPETUAL: trading is halted (10019)" in refused[0].text
    assert "100 held, 0 of it covered by stops" in refused[0].text
    entry = Refused(intent_id=IntentId(label(Leg.ENTRY)), code=1, sentence="no")
    other = Refused(intent_id=IntentId("aaaaaaaaaaaaaaaa:7"), code=1, sentence="no")
    assert of_step(life.bracket, entry, (), at=life.now) == of_step(life.bracket, other, (), at=life.now) == ()


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (61_000, "1 min 1 s"),
        (3_600_000, "1 h"),
        (90_061_000, "1 d 1 h"),
    ],
)
def test_a_duration_reads_as_people_say_it(ms: int, words: str) -> None:
    assert lasted(ms) == words
