"""Whom the order manager tells, and what strategies and people hear of a trade."""

from collections.abc import Callable
from dataclasses import dataclass

from actors.address import Address
from trading import bracket as brackets
from trading.bracket import Bracket
from trading.bracket.effects import Severity
from trading.messages import broker, desk, guardian, journal, notices, reconciler, strategy
from trading.pnl import TradePnl
from trading.values import Milliseconds, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom the order manager tells."""

    broker: Address[broker.Message]
    guardian: Address[guardian.Message]
    reconciler: Address[reconciler.Message]
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
        self.recorded()
        self.strategy(plan.strategy, strategy.TradeOpened(bracket_id=plan.bracket_id))

    def closed(self, bracket: Bracket, reason: str, *, traded: bool) -> None:
        plan = bracket.plan
        if not traded:
            self.strategy(plan.strategy, strategy.EntryEnded(bracket_id=plan.bracket_id))
            return
        result: TradePnl = brackets.result(bracket)
        self.recorded()
        self.strategy(plan.strategy, strategy.TradeClosed(bracket_id=plan.bracket_id, pnl=result, reason=reason))

    def recorded(self) -> None:
        """What a person should hear of is in the outbox: it was written with the step itself, so no crash loses it."""
        self._to.notifier.tell(notices.Outbox())

    def store_failing(self, why: str) -> None:
        text = f"the database does not take writes: {why}; nothing new is opened"
        self.notice(Severity.CRITICAL, "store_failing", text, key="store_failing")

    def strategy(self, name: StrategyName, message: strategy.Message) -> None:
        address = self._to.strategy(name)
        if address is not None:
            address.tell(message)

    def notice(self, severity: Severity, kind: str, text: str, *, key: str) -> None:
        self._to.notifier.tell(notices.Notice(severity=severity, kind=kind, text=text, key=key, at=self._now()))
