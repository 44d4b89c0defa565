"""Everybody's address, by name. Whoever holds a name can be told only what its module of messages lists."""

from typing import Final

from actors.address import Name
from trading.messages import broker, desk, guardian, journal, notices, orders, reconciler, strategy
from trading.values import StrategyName

BROKER: Final = Name[broker.Message]("broker")
ORDERS: Final = Name[orders.Message]("orders")
RECONCILER: Final = Name[reconciler.Message]("reconciler")
GUARDIAN: Final = Name[guardian.Message]("guardian")
NOTIFIER: Final = Name[notices.Message]("notifier")
JOURNAL: Final = Name[journal.Message]("journal")
DESK: Final = Name[desk.Message]("desk")


def strategy_name(name: StrategyName) -> Name[strategy.Message]:
    """The address of a strategy."""
    return Name[strategy.Message](f"strategy:{name}")
