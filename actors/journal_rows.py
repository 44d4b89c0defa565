"""Facts as plain rows for people: money as text, times as integer milliseconds, enums as their words."""

from typing import Any

from trading.bracket import Bracket
from trading.facts import Fill, Holding, Order, Ticker
from trading.labels import parse
from trading.lifecycle import State
from trading.messages import journal
from trading.reconcile import Report
from trading.values import Leg, Side, plain

Row = dict[str, Any]


def money(number: Any) -> str | None:
    """Write a number; None stays None."""
    return None if number is None else plain(number)


def order_row(order: Order) -> Row:
    """One order as the exchange reported it, and whose it is by its label."""
    label = parse(order.label)
    return {
        "order_id": order.order_id,
        "instrument": order.instrument,
        "side": order.side.value,
        "type": order.type.value,
        "state": order.state.value,
        "amount": money(order.amount),
        "filled_amount": money(order.filled_amount),
        "average_price": money(order.average_price) if order.filled_amount else None,
        "price": money(order.price),
        "trigger": None if order.trigger is None else order.trigger.value,
        "trigger_price": money(order.trigger_price),
        "reduce_only": order.reduce_only,
        "is_dormant": order.is_dormant,
        "label": order.label,
        "is_ours": label is not None,
        "bracket_id": None if label is None else label.bracket,
        "leg": None if label is None else label.leg.value,
        "updated_at": order.updated_at,
    }


def fill_row(fill: Fill) -> Row:
    """One execution."""
    label = parse(fill.label)
    return {
        "fill_id": fill.fill_id,
        "order_id": fill.order_id,
        "instrument": fill.instrument,
        "side": fill.side.value,
        "amount": money(fill.amount),
        "price": money(fill.price),
        "fee": money(fill.fee),
        "fee_currency": fill.fee_currency,
        "profit_loss": money(fill.profit_loss),
        "bracket_id": None if label is None else label.bracket,
        "leg": None if label is None else label.leg.value,
        "at": fill.at,
    }


def position_row(holding: Holding) -> Row:
    """One position as the exchange reported it."""
    return {
        "instrument": holding.instrument,
        "side": (Side.BUY if holding.amount > 0 else Side.SELL).value,
        "amount": money(abs(holding.amount)),
        "average_price": money(holding.average_price),
        "mark_price": money(holding.mark_price),
        "realized_funding": money(holding.realized_funding),
    }


def ticker_row(ticker: Ticker) -> Row:
    """The newest prices."""
    return {
        "instrument": ticker.instrument,
        "bid": money(ticker.bid),
        "ask": money(ticker.ask),
        "last": money(ticker.last),
        "mark": money(ticker.mark),
        "index": money(ticker.index),
        "at": ticker.at,
    }


def bracket_row(bracket: Bracket) -> Row:
    """One open bracket: its plan, and what of it rests now."""
    plan = bracket.plan
    return {
        "bracket_id": plan.bracket_id,
        "strategy": plan.strategy,
        "instrument": plan.instrument,
        "side": plan.side.value,
        "phase": bracket.phase.value,
        "amount": money(plan.amount),
        "held": money(bracket.held),
        "entry": money(plan.entry),
        "stop": money(plan.stop),
        "target": money(plan.target),
        "cover": money(bracket.cover),
        "targets_working": len(bracket.live(Leg.TARGET)),
        "unresolved": len(bracket.intents),
        "naked_since": bracket.naked_since,
        "why": plan.reason,
        "reason": bracket.reason,
        "began_at": bracket.began_at,
    }


def strategy_row(name: str, now: int) -> Row:
    """A strategy nothing is known of yet."""
    return {
        "name": name,
        "strategy": "",
        "instrument": "",
        "parameters": {},
        "state": State.IDLE.value,
        "reason": "",
        "cause": None,
        "generation": 0,
        "since": now,
        "traceback": "",
        "decision": "",
        "decided_at": None,
        "checkpoints": [],
    }


def report_row(message: journal.Reconciled) -> Row:
    """One comparison of database and exchange in short."""
    report: Report = message.report
    kinds: dict[str, int] = {}
    for finding in report.findings:
        kinds[finding.kind.value] = kinds.get(finding.kind.value, 0) + 1
    return {
        "at": report.at,
        "why": message.why,
        "took_ms": message.took_ms,
        "is_clean": report.is_clean,
        "findings": kinds,
        "actions": len(report.actions),
    }
