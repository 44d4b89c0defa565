"""What the store holds, as rows for people: money as text, times as integer milliseconds."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from actors.journal import event_row
from actors.journal_board import Picture
from actors.journal_rows import fill_row, money, order_row
from persistence.brackets import StoredIntent, Story, Trade
from persistence.codec import encode_request
from persistence.issues import Issue, Report
from trading.facts import Candle
from trading.values import Leg

Row = dict[str, Any]


def candle_row(candle: Candle) -> Row:
    """One closed candle."""
    return {
        "instrument": candle.instrument,
        "minutes": candle.minutes,
        "at": candle.opened_at,
        **{name: money(getattr(candle, name)) for name in ("open", "high", "low", "close", "volume")},
    }


def trade_row(trade: Trade) -> Row:
    """One trade in a list."""
    pnl = trade.pnl
    return {
        "id": trade.bracket_id,
        "strategy": trade.strategy,
        "worker": trade.worker,
        "instrument": trade.instrument,
        "side": trade.side.value,
        "status": trade.phase.value,
        "amount": money(trade.amount),
        "held": money(trade.held),
        "entry": money(trade.entry),
        "stop": money(trade.stop),
        "target": money(trade.target),
        "average_entry": money(trade.average_entry),
        "exit_price": money(trade.exit_price),
        "pnl": None
        if pnl is None
        else {
            "currency": pnl.currency,
            "gross": money(pnl.gross),
            "fees": money(pnl.fees),
            "funding": money(pnl.funding),
            "net": money(pnl.net),
            "estimated": pnl.estimated,
        },
        "result": None if trade.known is None else trade.known.value,
        "why": trade.why,
        "reason": trade.reason,
        "began_at": trade.began_at,
        "opened_at": trade.opened_at,
        "closed_at": trade.closed_at,
    }


def story_row(story: Story) -> Row:
    """One trade with all that led to it and became of it."""
    return {
        **trade_row(story.trade),
        "orders": [order_row(order) for order in story.bracket.orders],
        "fills": [fill_row(fill) for fill in story.bracket.fills],
        "requests": [_intent_row(intent) for intent in story.intents],
        "phases": [{"at": move.at, "from": move.state, "to": move.target, "event": move.event} for move in story.moves],
        "timeline": [event_row(event) for event in story.timeline],
    }


def issue_row(issue: Issue) -> Row:
    """One finding that needs, or needed, a person."""
    finding = issue.finding
    return {
        "id": str(issue.id),
        "kind": finding.kind,
        "instrument": finding.instrument,
        "text": finding.text,
        "blocks": finding.blocks,
        "evidence": finding.evidence,
        "choices": list(finding.actions),
        "status": "open" if issue.resolution is None else "resolved",
        "opened_at": issue.opened_at,
        "seen_at": issue.seen_at,
        "chosen": issue.chosen,
        "resolution": issue.resolution,
        "resolved_by": issue.resolved_by or None,
        "resolved_at": issue.resolved_at,
    }


def report_row(report: Report) -> Row:
    """One comparison of database and exchange."""
    return {
        "id": str(report.id),
        "at": report.at,
        "why": report.trigger,
        "took_ms": report.took_ms,
        "findings": report.findings,
        "detail": report.detail,
    }


def position_rows(picture: Picture) -> list[Row]:
    """Positions with the stop and target that rest on the exchange, as it confirmed them."""
    return [_position(row, picture) for _, row in sorted(picture.positions.items())]


def _position(row: Mapping[str, Any], picture: Picture) -> Row:
    instrument = row["instrument"]
    ticker = picture.tickers.get(instrument)
    resting = [
        order for order in picture.orders.values() if order["instrument"] == instrument and not order["is_dormant"]
    ]
    bracket = next((each for each in picture.brackets.values() if each["instrument"] == instrument), None)
    return {
        **row,
        "mark_price": row["mark_price"] if ticker is None else ticker["mark"],
        "stops": _legs(resting, Leg.STOP),
        "targets": _legs(resting, Leg.TARGET),
        "bracket_id": None if bracket is None else bracket["bracket_id"],
        "strategy": None if bracket is None else bracket["strategy"],
    }


def _legs(orders: Iterable[Mapping[str, Any]], leg: Leg) -> list[Row]:
    shown = ("order_id", "amount", "filled_amount", "price", "trigger_price", "state")
    return [{key: order[key] for key in shown} for order in orders if order["leg"] == leg.value]


def _intent_row(intent: StoredIntent) -> Row:
    return {
        "id": intent.intent_id,
        "purpose": intent.purpose.value,
        "label": intent.label,
        "order_id": intent.order_id,
        "request": msgspec.json.decode(encode_request(intent.request)),
        "fate": intent.fate.value,
        "outcome": intent.outcome,
        "detail": intent.detail,
        "sent_at": intent.sent_at,
        "settled_at": intent.settled_at,
    }
