"""Between the words of trading and the words of brokers: a bracket's wishes as requests."""

from dataclasses import replace
from typing import assert_never

from brokers import requests
from trading import bracket as brackets
from trading.bracket.effects import Request
from trading.values import FillCondition, InstrumentName, Milliseconds


def request_of(
    wish: Request, instrument: InstrumentName, condition: FillCondition, until: Milliseconds | None = None
) -> requests.Request:
    """The request that fulfils a wish. ``until`` is the exchange's last moment to begin with it."""
    match wish:
        case brackets.Place():
            return replace(_order(wish, instrument), valid_until=until)
        case brackets.PlaceBracket(entry=entry, stop=stop, target=target):
            return requests.PlaceBracket(
                entry=_order(entry, instrument),
                stop=_order(stop, instrument),
                target=_order(target, instrument),
                fill_condition=condition,
                valid_until=until,
            )
        case brackets.Edit():
            # Flags are stated each time: left out they may fall back to false. Only exits are ever edited.
            return requests.EditOrder(
                order_id=wish.order_id,
                amount=wish.amount,
                reduce_only=True,
                price=wish.price,
                trigger_price=wish.trigger_price,
                valid_until=until,
            )
        case brackets.Cancel(order_id=order_id):
            return requests.CancelOrder(order_id=order_id)
        case _:
            assert_never(wish)


def _order(wish: brackets.Place, instrument: InstrumentName) -> requests.PlaceOrder:
    return requests.PlaceOrder(
        instrument=instrument,
        side=wish.side,
        amount=wish.amount,
        type=wish.type,
        label=wish.label,
        price=wish.price,
        trigger=wish.trigger,
        trigger_price=wish.trigger_price,
        reduce_only=wish.reduce_only,
    )
