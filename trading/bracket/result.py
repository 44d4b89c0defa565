"""What a bracket made, by the exchange's own fills; an estimate where somebody closed it out of our sight."""

from decimal import Decimal

from trading.bracket.state import UNSEEN, Bracket
from trading.pnl import TradePnl, from_fills
from trading.values import ZERO


def result(bracket: Bracket, funding: Decimal = ZERO) -> TradePnl:
    """The result in the settlement currency."""
    booked = from_fills(bracket.counted, currency=bracket.plan.currency, funding=funding)
    unseen = any(fill.order_id == UNSEEN for fill in bracket.fills)
    if not unseen:
        return booked
    return TradePnl(
        currency=booked.currency, gross=booked.gross, fees=booked.fees, funding=booked.funding, estimated=True
    )
