"""Whom the order manager tells, and what strategies and people hear of a trade."""

from collections.abc import Callable
from dataclasses import dataclass

from actors.address import Address
from trading import bracket as brackets
from trading.bracket import Bracket
from trading.bracket.effects import Severity
from trading.facts import Order
from trading.messages import broker, desk, guardian, journal, notices, strategy
from trading.pnl import TradePnl
from trading.reconcile import Quarantine
from trading.values import IntentId, Milliseconds, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom the order manager tells."""

    broker: Address[broker.Message]
    guardian: Address[guardian.Message]
    desk: Address[desk.Message]
    journal: Address[journal.Message]
    notifier: Address[notices.Message]
    strategy: Callable[[StrategyName], Address[strategy.Message] | None]


class News:
    """Tells the news of trades."""

    def __init__(self, to: Addresses, now: Callable[[], Milliseconds]) -> None:
        """``now`` stamps what is told."""
        self._to, self._now = to, now

    def opened(self, bracket: Bracket) -> None:
        plan = bracket.plan
        text = f"{plan.strategy}: {plan.side} {plan.amount} {plan.instrument}, stop {plan.stop}, target {plan.target}"
        self.notice(Severity.INFO, "trade_opened", text, key=f"{plan.bracket_id}:opened")
        self.strategy(plan.strategy, strategy.TradeOpened(bracket_id=plan.bracket_id))

    def closed(self, bracket: Bracket, reason: str, *, traded: bool) -> None:
        plan = bracket.plan
        if not traded:
            self.strategy(plan.strategy, strategy.EntryEnded(bracket_id=plan.bracket_id))
            return
        result: TradePnl = brackets.result(bracket)
        text = f"{plan.strategy}: {plan.instrument} closed ({reason}), net {result.net} {result.currency}"
        self.notice(Severity.INFO, "trade_closed", text, key=f"{plan.bracket_id}:closed")
        self.strategy(plan.strategy, strategy.TradeClosed(bracket_id=plan.bracket_id, pnl=result, reason=reason))

    def refused(self, message: brackets.Refused) -> None:
        text = f"the exchange refused {message.intent_id}: {message.sentence} ({message.code})"
        self.notice(Severity.ERROR, "request_refused", text, key=message.intent_id)

    def orphan(self, order: Order, intent_id: IntentId) -> None:
        text = f"order {order.order_id} on {order.instrument} carried our label without a trade: cancelled"
        self.notice(Severity.WARNING, "orphan_order", text, key=intent_id)

    def quarantined(self, action: Quarantine) -> None:
        text = f"{action.instrument} needs a person: {action.why}. Orders: {', '.join(action.order_ids) or 'none'}"
        self.notice(Severity.CRITICAL, "quarantine", text, key=f"quarantine:{action.instrument}")

    def store_failing(self, why: str) -> None:
        text = f"the database does not take writes: {why}; nothing new is opened"
        self.notice(Severity.CRITICAL, "store_failing", text, key="store_failing")

    def strategy(self, name: StrategyName, message: strategy.Message) -> None:
        address = self._to.strategy(name)
        if address is not None:
            address.tell(message)

    def notice(self, severity: Severity, kind: str, text: str, *, key: str) -> None:
        self._to.notifier.tell(notices.Notice(severity=severity, kind=kind, text=text, key=key, at=self._now()))
