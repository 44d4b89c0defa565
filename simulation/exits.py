"""What ends a trade, against what it has entered: no close is larger, and no order of it rests when it is over.

A close that asks for more takes what somebody else holds of the same instrument.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from exchange.records import Order, Trade
from trading.bracket import Bracket, Phase
from trading.labels import Label, parse
from trading.promises import Violation
from trading.values import BracketId, Leg


class Exits:
    """What was entered for each trade of ours, as the exchange filled it."""

    def __init__(self, who: tuple[str, str]) -> None:
        """``who``: owner and worker, as they stand in our labels."""
        self._who = who
        self._entered: defaultdict[BracketId, Decimal] = defaultdict(Decimal)
        self._open: frozenset[BracketId] = frozenset()
        self._found: list[Violation] = []

    def placed(self, order: Order, label: Label) -> None:
        """An order of ours has arrived."""
        entered = self._entered[label.bracket]
        if label.leg is Leg.CLOSE and order.amount > entered:
            text = f"order {order.order_id} closes {order.amount}, and {entered} was entered for {label.bracket}"
            self._found.append(Violation(promise="others", about=label.bracket, sentence=text))

    def filled(self, trade: Trade, label: Label) -> None:
        """An order of ours was filled."""
        if label.leg is Leg.ENTRY:
            self._entered[label.bracket] += trade.amount

    def look(self, brackets: Iterable[Bracket], resting: Iterable[Order]) -> list[Violation]:
        """Too large closes, and what rests of trades that the database has just closed."""
        found, self._found = self._found, []
        known = {one.plan.bracket_id: one.phase for one in brackets}
        over = self._open - known.keys()
        # What waits for a person may be left to them with all that rests of it.
        self._open = frozenset(one for one, phase in known.items() if phase is not Phase.QUARANTINED)
        for order in resting if over else ():
            label = parse(order.label)
            if label is not None and label.bracket in over and (label.owner, label.worker) == self._who:
                text = f"the database has closed {label.bracket}, and its order {order.order_id} rests"
                found.append(Violation(promise="P2", about=order.order_id, sentence=text))
        return found
