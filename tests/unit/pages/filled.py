"""A house in which everything is there to be seen, each text from outside as nasty as somebody could make it."""

from decimal import Decimal
from typing import Any

from actors.journal_board import Connection
from actors.journal_rows import strategy_row
from persistence.issues import Finding
from persistence.scoreboard import HOUR_MS, Score
from persistence.steps import Figures
from persistence.store import Store
from tests.unit.persistence.made import Life, fill_of
from tests.unit.webui.house import NOW, House
from trading.bracket import FillSeen, Phase
from trading.pnl import TradePnl
from trading.values import Currency, FillId, InstrumentName, Milliseconds, StrategyName

AT = Milliseconds(NOW)
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{1/0}}&"
PLAIN = "plain"


def order(leg: str | None, text: str, **fields: Any) -> dict[str, Any]:
    """An order as the journal shows it."""
    row = {
        "order_id": f"{leg}-{text}",
        "instrument": "BTC-PERPETUAL",
        "side": "sell",
        "type": "stop_market",
        "state": text,
        "amount": "100",
        "filled_amount": "0",
        "average_price": None,
        "price": "70000",
        "trigger": "last_price",
        "trigger_price": "60000",
        "reduce_only": True,
        "is_dormant": False,
        "label": text,
        "is_ours": leg is not None,
        "bracket_id": None if leg is None else text,
        "leg": leg,
        "updated_at": NOW,
    }
    return {**row, **fields}


def strategy(name: str, state: str, text: str) -> dict[str, Any]:
    """A strategy as the journal shows it."""
    return {
        **strategy_row(name, NOW),
        "strategy": "fasttest",
        "instrument": "BTC-PERPETUAL",
        "parameters": {"stop_bps": text},
        "state": state,
        "reason": text,
        "cause": "person",
        "traceback": text,
        "decision": text,
        "decided_at": NOW,
        "checkpoints": [{"name": text, "is_met": True, "text": text}, {"name": "b", "is_met": False, "text": text}],
    }


def fill_house(house: House, text: str = PLAIN) -> dict[str, str]:
    """Put something everywhere; give the names under which it is found."""
    house.is_well()
    store = house.store
    life = _trades(store, text)
    bracket = {
        "bracket_id": life.plan.bracket_id, "strategy": text, "instrument": "BTC-PERPETUAL", "side": "buy",
        "phase": "open", "amount": "100", "held": "100", "entry": None, "stop": "60000", "target": "70000",
        "cover": "100", "targets_working": 1, "unresolved": 0, "naked_since": None, "why": text, "reason": text,
        "began_at": NOW,
    }  # fmt: skip
    position = {
        "instrument": "BTC-PERPETUAL", "side": "buy", "amount": "100", "average_price": "64000", "mark_price": "64100",
        "realized_funding": "0",
    }  # fmt: skip
    refusal = {
        "strategy": text, "instrument": text, "side": "buy", "bracket_id": text, "code": text, "sentence": text,
        "at": NOW,
    }  # fmt: skip
    states = ("IDLE", "ANALYZING", "COOLDOWN", "PAUSED", "ERROR", "POSITION_OPEN", "CLOSING", "SIGNAL_DETECTED")
    names = {state: f"{state.lower()}-{text}" for state in states} | {"ENTERING_POSITION": text}
    house.shows(
        strategies={name: strategy(name, state, text) for state, name in names.items()},
        brackets={life.plan.bracket_id: bracket},
        positions={"BTC-PERPETUAL": position},
        orders={f"{leg}": order(leg, text) for leg in ("stop", "target", None)},
        tickers={"BTC-PERPETUAL": {"instrument": "BTC-PERPETUAL", "mark": "64100.5", "at": NOW}},
        funds={"BTC": {"currency": "BTC", "equity": "10.5", "available": "9", "at": NOW},
               "ETH": {"currency": "ETH", "equity": "100", "available": "9", "at": NOW}},
        halt={"reason": text, "by": text, "since": NOW},
        issues={"BTC-PERPETUAL": {"instrument": "BTC-PERPETUAL", "text": text, "opened_at": NOW}},
        scores={"orphans": 2},
        alerts=({"severity": "critical", "kind": text, "text": text, "at": NOW},),
        refusals=(refusal,),
        last_report={"at": NOW, "why": text, "took_ms": 1, "is_clean": False, "findings": {text: 1}, "actions": 0},
        connection=Connection(is_up=False, reason=text, since_ms=NOW),
    )  # fmt: skip
    return {"strategy": names["ERROR"], "trade": life.plan.bracket_id}


def _trades(store: Store, text: str) -> Life:
    """One trade open, one closed, and what else the store remembers."""
    closed = Life(store, "closed", strategy=StrategyName(text), reason=text)
    closed.begins()
    closed.is_told(FillSeen(fill=fill_of(closed.plan, 9)))
    closed.becomes(text, phase=Phase.CLOSED, reason=text)
    pnl = TradePnl(
        currency=Currency("BTC"), gross=Decimal("-0.01"), fees=Decimal("0.0001"), funding=Decimal(0), estimated=True
    )
    store.steps.settle(closed.plan.bracket_id, Figures(pnl=pnl))
    life = Life(store, "open", strategy=StrategyName(text), reason=text)
    life.begins()
    life.is_told(FillSeen(fill=fill_of(life.plan, 1, fill_id=FillId("f1"))))
    for kind in ("alert", "child_failed", text):
        store.events.add(kind, text, text, {"traceback": text, "a": text}, at=AT)
    for number, actions in enumerate((("adopt", "cancel", "close", "ignore"), (text,), ())):
        finding = Finding(
            key=f"k{number}",
            kind=text,
            text=text,
            instrument=InstrumentName(text),
            evidence={text: [text]},
            actions=actions,
        )
        store.issues.open(finding, at=AT)
    store.issues.open(Finding(key="past", kind=text, text=text), at=AT)
    store.issues.resolve(4, resolution=text, by=text, at=AT)
    found = [{"kind": text, "instrument": text, "sentence": text}]
    store.reports.add(at=AT, trigger=text, took_ms=1, findings=found, detail={})
    store.scoreboard.note({Score.ORPHANS: 2}, at=Milliseconds(NOW - HOUR_MS))
    return life


def views(names: dict[str, str]) -> list[str]:
    """The address of every view, with and without something asked."""
    strategy, trade = names["strategy"], names["trade"]
    return [
        "/", "/strategies", "/strategies?kind=razor", f"/strategies/{strategy}", "/trades", "/trades?status=closed",
        f"/trades/{trade}", "/orders", "/events", "/events?q=script&kind=alert", "/reconcile", "/issues", "/settings",
    ]  # fmt: skip
