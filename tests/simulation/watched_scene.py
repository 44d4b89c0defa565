"""A scene with the eye of the histories on it, and services that do the wrong thing, played by the test."""

from decimal import Decimal
from typing import Any

from exchange.records import Ticket
from simulation.disk import Death
from simulation.eye import Eye
from tests.simulation.service_scene import Scene
from trading.messages import desk
from trading.promises import Violation
from trading.values import StrategyName

WAY_MS = 200
NAME = StrategyName("fasttest")
NEVER_DECIDED = "tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa"
"""The bracket of a trade that no strategy has asked for."""


class Watched(Scene):
    """Looked at after each step of it."""

    def __init__(self, **made: Any) -> None:
        self.death = Death()
        super().__init__(passed=self.death, **made)
        self.eye = Eye(self, self.store, self.death, auto_reconnect=False, way_ms=WAY_MS)
        self.found: list[Violation] = []
        self.watch = self.looks

    def looks(self) -> None:
        """What is broken now is kept."""
        self.found += self.eye.look()

    def broken(self, promise: str) -> list[str]:
        """What is broken of one promise, since this was last asked."""
        self.looks()
        found, self.found = [one.sentence for one in self.found if one.promise == promise], []
        return found

    def presses(self, command: str, **fields: Any) -> desk.Answer:
        """A person presses a button, and the eye knows what they were told."""
        since = self.pipe.now
        self.eye.strikes()  # as in a history, where a press counts as trouble
        self.eye.asked(command, fields)
        answer = self.says(getattr(desk, command), **fields)
        self.eye.answered(command, fields, answer, since=since)
        return answer

    def enters(self) -> None:
        """An entry of ours arrives, though nobody sent it."""
        self.places(f"{NEVER_DECIDED}:e0", instrument=self.instrument, price=Decimal(50_000))

    def places(self, label: str, *, instrument: str, price: Decimal | None = None) -> None:
        """An order under our label, at market without a price."""
        kind = "market" if price is None else "limit"
        amount = self.exchange.engine.markets[instrument].spec.contract_size
        ticket = Ticket(instrument_name=instrument, direction="buy", amount=amount, type=kind, price=price, label=label)
        self.exchange.engine.place(self.account, ticket, self.pipe.now)
        self.pipe.pump()
