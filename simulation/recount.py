"""What the service and the exchange did right before a history ended, line by line: where a person begins to look.

Of the database's events and requests, and of the exchange's own books. The service's clock and the exchange's are both
told in seconds of the history; where a clock jumped in between, what came before is not found.
"""

from collections.abc import Iterator
from typing import Final

from simulation.bounded import live_in_time
from simulation.history import History, Lived
from simulation.plan import Plan

BEFORE_MS: Final = 120_000
LINES_MAX: Final = 60
"""The last ones. More is what nobody reads; the plan can be lived again, and stopped where it matters."""
WORDS_MAX: Final = 170

_EVENTS: Final = "SELECT at, kind, subject, text FROM events WHERE at BETWEEN ? AND ? ORDER BY id"
_INTENTS: Final = (
    "SELECT sent_at, purpose, ifnull(label, order_id), ifnull(outcome, 'no answer'), detail FROM intents"
    " WHERE sent_at BETWEEN ? AND ? ORDER BY sent_at, id"
)
Line = tuple[int, str]


def live_and_recount(plan: Plan) -> tuple[Lived, list[str]]:
    """Live a history; if it breaks a promise, tell what went before."""
    told: list[str] = []
    lived = live_in_time(plan, ended=lambda history: told.extend(recounted(history)))
    return lived, told if lived.violations else []


def recounted(history: History) -> list[str]:
    """The last two minutes, the oldest line first."""
    world, end_ms = history.world, history.clock_ms
    lines = [
        *((end_ms - world.now + at, text) for at, text in _by_the_service(history, world.now)),
        *((end_ms - world.pipe.now + at, text) for at, text in _by_the_exchange(history, world.pipe.now)),
    ]
    lines.sort(key=lambda line: line[0])
    left_out = len(lines) - LINES_MAX
    told = [f"{at / 1000:10.3f} s  {' '.join(text.split())[:WORDS_MAX]}" for at, text in lines[-LINES_MAX:]]
    return [f"(of the last {BEFORE_MS // 1000} s, {left_out} lines before these)", *told] if left_out > 0 else told


def _by_the_service(history: History, now: int) -> Iterator[Line]:
    window = now - BEFORE_MS, now
    for at, purpose, what, outcome, detail in history.database.sql(_INTENTS, window).fetchall():
        yield at, f"request {purpose} {what}: {outcome} {detail}"
    for at, kind, subject, text in history.database.sql(_EVENTS, window).fetchall():
        yield at, f"service {kind} {subject}: {text}"
    history.database.close_thread()


def _by_the_exchange(history: History, now: int) -> Iterator[Line]:
    account = history.world.exchange.engine.accounts["main"]
    for order in (*account.archive.orders.values(), *account.live.values()):
        if order.updated_ms >= now - BEFORE_MS and not order.is_dormant:
            at_price = order.trigger_price if order.trigger_price is not None else order.price
            filled = f"{order.filled_amount} of {order.amount} filled"
            what = f"{order.order_type} {order.direction} {order.instrument_name} at {at_price}"
            text = f"{order.order_id} {order.label} {what} is {order.order_state}, {filled}"
            yield order.updated_ms, f"exchange order {text}"
    for trade in account.archive.trades:
        if trade.timestamp >= now - BEFORE_MS:
            what = f"{trade.direction} {trade.amount} {trade.instrument_name} at {trade.price}"
            yield trade.timestamp, f"exchange fill {trade.trade_id} {trade.label} {what}"
