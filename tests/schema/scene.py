"""A desk whose account has lived: positions both ways, resting orders, stops, cancelled and filled ones."""

from decimal import Decimal
from typing import Any, Final

from tests.schema.desk import BTC, START_MS, USDC, Desk, settings

__all__ = ["BTC", "USDC", "Scene"]


class Scene(Desk):
    """Every question about an order gets a fresh one, so that no case leans on another."""

    cents: Final = Decimal("0.1")  # off every tick of BTC-PERPETUAL

    def __init__(self, *, numbers: str = "mixed", start_ms: int = START_MS) -> None:
        super().__init__(settings(numbers=numbers), start_ms)
        self._labels = 0
        self.sessions: dict[str | None, int] = {None: self.session, "stranger": self.connect()}
        for key in ("paper", "observer"):
            self.sessions[key] = self.connect()
            self.login(key, session=self.sessions[key])
        self.mine = self.sessions["paper"]
        self._live()

    def low(self, instrument: str) -> Decimal:
        """A price well below the market and inside the band."""
        return self.price(instrument, "-1")

    def high(self, instrument: str) -> Decimal:
        return self.price(instrument, "1")

    def place(self, side: str, **params: Any) -> dict[str, Any]:
        given = {"instrument_name": BTC, "amount": 10, **params}
        found: dict[str, Any] = self.result(f"private/{side}", given, session=self.mine)
        return found

    def resting(self) -> str:
        """The id of an order in the book."""
        return str(self.place("buy", price=self.low(BTC))["order"]["order_id"])

    def stop(self) -> str:
        placed = self.place("sell", type="stop_market", trigger="mark_price", trigger_price=self.low(BTC))
        return str(placed["order"]["order_id"])

    def labelled(self) -> str:
        """The label that exactly one open order has."""
        self._labels += 1
        label = f"label-{self._labels}"
        self.place("buy", price=self.low(BTC), label=label)
        return label

    def twice(self) -> str:
        """The label that two open orders have."""
        label = self.labelled()
        self.place("buy", price=self.low(BTC), label=label)
        return label

    def filled(self) -> str:
        return str(self.place("buy", type="market")["order"]["order_id"])

    def gone(self) -> str:
        """The id of a cancelled order."""
        order_id = self.resting()
        self.result("private/cancel", {"order_id": order_id}, session=self.mine)
        return order_id

    def held(self) -> str:
        """An instrument with a position."""
        self.place("buy", type="market", amount=50)
        return BTC

    def _live(self) -> None:
        self.place("buy", type="market", amount=1000)
        self.place("sell", instrument_name=USDC, amount=0.01, type="market")
        self.place("sell", type="market", amount=400, label="part")
        self.gone()
        self.stop()
        self.wait(3_000)
