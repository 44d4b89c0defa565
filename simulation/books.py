"""The books in the end: what the exchange filled under our labels, trade by trade, against what the database says."""

from decimal import Decimal
from typing import Any, Final

from exchange.records import Trade as Fill
from persistence.brackets import Which
from simulation.service import Service
from trading import promises
from trading.bracket.state import UNSEEN
from trading.pnl import Known
from trading.promises import Result, Violation
from trading.values import ZERO, BracketId

TRADES_MAX: Final = 500


def unbooked(service: Service) -> tuple[Violation, ...]:
    """P4: whatever was filled under our labels belongs to a trade that people can look up."""
    return tuple(
        Violation(promise="P4", about=name, sentence=f"it has {len(fills)} fills, and the database does not know it")
        for name, fills in service.eye.fills.items()
        if service.store.trade(BracketId(name)) is None
    )


def unread(service: Service) -> tuple[Violation, ...]:
    """P4: no result is still to come, though the exchange's book could be read for minutes."""
    return tuple(
        Violation(
            promise="P4",
            about=trade.bracket_id,
            sentence=f"the result of {trade.bracket_id}, closed at {trade.closed_at}, is still to come",
        )
        for trade in service.store.trades(which=Which.CLOSED, limit=TRADES_MAX).items
        if trade.known is Known.PENDING
    )


def stood_in(service: Service) -> tuple[Violation, ...]:
    """P4: nothing stands in for what others did in the open: a close by hand has the price that was paid.

    Only where what they did since the trade began explains it. Before that it was their own business. Of when a trade
    was over the database speaks by its own clock: where that has jumped, nothing can be said.
    """
    if any(one.kind == "clock" for one in service.plan.happenings):
        return ()
    archive = service.world.exchange.engine.accounts["main"].archive.trades
    ours = {fill.trade_id for fills in service.eye.fills.values() for fill in fills}
    found = []
    for trade in service.store.trades(which=Which.CLOSED, limit=TRADES_MAX).items:
        story = service.store.trade(trade.bracket_id)
        own = service.eye.fills.get(trade.bracket_id, ())
        if story is None or not own or story.bracket.plan.reason.startswith("adopted"):
            continue
        plan, began = story.bracket.plan, min(fill.timestamp for fill in own)
        guessed = _sum(fill.amount for fill in story.bracket.fills if fill.order_id == UNSEEN)
        known = {fill.fill_id for fill in story.bracket.fills} | ours
        untold = [
            fill.amount if fill.direction != plan.side else -fill.amount
            for fill in archive
            if fill.instrument_name == plan.instrument
            and began <= fill.timestamp <= (trade.closed_at or began)
            and fill.trade_id not in known
        ]
        if guessed and _sum(untold) >= guessed:
            text = f"the end of {guessed} of {trade.bracket_id} is an estimate, and the exchange has its fills"
            found.append(Violation(promise="P4", about=trade.bracket_id, sentence=text))
    return tuple(found)


def results(service: Service) -> tuple[Violation, ...]:
    """Each closed trade against the exchange's own fills, to the last digit.

    Where the exchange counts a fill's profit from the last settlement, its fills alone do not say what a trade made
    that was held over one: what the settlement paid belongs to it. (Where a person held a part, it is an estimate.)
    """
    said: dict[BracketId, Result] = {}
    recorded: dict[BracketId, Result] = {}
    account = service.world.exchange.engine.accounts["main"]
    archive = {fill.trade_id: fill for fill in account.archive.trades}
    settlements = [row for row in account.archive.ledger if row.type == "settlement" and row.session_upl is not None]
    counts = service.plan.switches["trade_result_counts_from"] == "settlement"
    for trade in service.store.trades(which=Which.CLOSED, limit=TRADES_MAX).items:
        story = service.store.trade(trade.bracket_id)
        if trade.pnl is None or story is None or trade.pnl.estimated:
            continue
        bracket = story.bracket
        own: dict[str, Fill] = {fill.trade_id: fill for fill in service.eye.fills.get(trade.bracket_id, ())}
        for fill in bracket.counted:
            if not bracket.is_own(fill) and fill.fill_id in archive:
                own[fill.fill_id] = archive[fill.fill_id]
        fees = _sum(fill.fee for fill in own.values())
        gross = _sum(fill.profit_loss for fill in own.values())
        times = [fill.timestamp for fill in own.values()]
        if counts and times:
            lines = (row for row in settlements if row.instrument_name == bracket.plan.instrument)
            gross += _sum(row.session_upl for row in lines if min(times) <= row.timestamp <= max(times))
        said[trade.bracket_id] = Result(gross=trade.pnl.gross, fees=trade.pnl.fees)
        recorded[trade.bracket_id] = Result(gross=gross, fees=fees)
    service.eye.results += len(said)
    return promises.untrue_results(said, recorded)


def _sum(amounts: Any) -> Decimal:
    total: Decimal = sum(amounts, ZERO)
    return total
