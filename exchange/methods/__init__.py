"""The methods of the exchange, one module per subject. Importing this package fills `METHODS`."""

from exchange.methods import (
    account,
    cancelling,
    connection,
    history,
    instruments,
    market,
    orders,
    subscriptions,
    trading,
)
from exchange.methods.registry import METHODS, Call, Method

__all__ = [
    "METHODS",
    "Call",
    "Method",
    "account",
    "cancelling",
    "connection",
    "history",
    "instruments",
    "market",
    "orders",
    "subscriptions",
    "trading",
]
