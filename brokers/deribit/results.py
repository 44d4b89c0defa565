"""Answers in our words: which result belongs to which request."""

from typing import assert_never

from brokers import requests as ask
from brokers.deribit import account, market, orders
from brokers.deribit.read import flag, mapping, text_or_empty
from brokers.facts import StrangeOrder
from brokers.outcomes import Acknowledged, Armed, Fills, Holdings, Orders, Result
from trading.facts import Order
from trading.values import Milliseconds


def result(request: ask.Writing | ask.Reading, raw: object, server_now: Milliseconds | None) -> Result:
    """Read the answer to a request; raises BadInput when it is not what such an answer looks like."""
    match request:
        case ask.PlaceOrder() | ask.PlaceBracket() | ask.EditOrder() | ask.ClosePosition():
            return orders.placed(raw)
        case ask.CancelOrder() | ask.CancelByLabel():
            return orders.cancelled(raw)
        case ask.DisarmCancelOnDisconnect():
            return Acknowledged()
        case ask.GetOpenOrders() | ask.GetOpenOrdersByLabel() | ask.GetOrdersByLabel() | ask.GetOrderHistory():
            return orders.orders(raw)
        case ask.GetOrder():
            return _alone(orders.order(raw))
        case ask.GetTriggerHistory():
            return orders.triggerings(raw)
        case ask.GetFills():
            return orders.fill_page(raw)
        case ask.GetFillsOfOrder():
            page = orders.fill_page(raw)
            return Fills(fills=page.fills, has_more=page.has_more)
        case ask.GetPositions():
            return Holdings(holdings=tuple(orders.holdings(raw)))
        case ask.GetAccountSummary():
            return account.summary(raw, request.currency)
        case ask.GetInstruments() | ask.GetInstrument():
            return market.instruments(raw)
        case ask.GetTicker():
            return market.ticker_detail(raw)
        case ask.GetCandles():
            return market.candles(raw, request.instrument, request.minutes, server_now)
        case ask.GetLedger():
            return account.ledger(raw)
        case ask.GetCancelOnDisconnect():
            return armed(raw)
        case _:
            assert_never(request)


def armed(raw: object) -> Armed:
    """Read whether cancel-on-disconnect is armed."""
    found = mapping(raw, "cancel on disconnect")
    return Armed(scope=text_or_empty(found, "scope"), is_armed=flag(found, "enabled"))


def _alone(order: Order | StrangeOrder) -> Orders:
    if isinstance(order, Order):
        return Orders(orders=(order,))
    return Orders(orders=(), strange=(order,))
