"""Order ids as Deribit makes them: rising, not consecutive, of another kind while a trigger waits."""

from typing import Final

from exchange.checks import trigger_name
from exchange.market import Market
from exchange.records import TRIGGER_TYPES, Counters

_COUNTED: Final = ("order", "trade", "trigger", "slot", "oco", "ledger", "change", "priority")


class Numbering:
    """Ids out of counters that never go back."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def order_id(self, market: Market, order_type: str, direction: str, trigger: str | None = None) -> str:
        """The id of a new order of this kind."""
        prefix, counters = market.spec.id_prefix, self._counters
        if order_type in TRIGGER_TYPES:
            counters.trigger += 1
            return f"{prefix}{trigger_name(order_type, trigger or '', direction)}-{counters.trigger}"
        counters.order += 1 + counters.order % 7
        return f"{prefix}{counters.order}"

    def slot_id(self, market: Market) -> str:
        """The id of a child that waits for its primary."""
        self._counters.slot += 1
        return f"{market.spec.id_prefix}OTO-{self._counters.slot}"

    def oco_ref(self, market: Market) -> str:
        """What the two halves of a pair share."""
        self._counters.oco += 1
        return f"{market.spec.id_prefix}{self._counters.oco}"

    def priority(self) -> int:
        """A place in the queue behind everybody."""
        self._counters.priority += 1
        return self._counters.priority

    def adopt(self, counters: Counters) -> None:
        """Go on where the numbers of another run stood."""
        for name in _COUNTED:
            setattr(self._counters, name, max(getattr(self._counters, name), getattr(counters, name)))
