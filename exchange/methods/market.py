"""The market as everybody may see it: tickers, books, trades, bars, funding."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from exchange import shapes, shapes_market, topics_book
from exchange.channels import KINDS, RESOLUTIONS
from exchange.errors import Refusal
from exchange.instruments import CURRENCIES
from exchange.market import HOUR_MS, Market
from exchange.methods.instruments import of_currency
from exchange.methods.registry import INSTRUMENT, SORTING, Call, method, window
from exchange.params import Param
from exchange.records import PublicTrade

DEPTHS: Final = (1, 5, 10, 20, 50, 100, 1000, 10000)
CURRENCY: Final = Param("currency", required=True, choices=CURRENCIES)
KIND: Final = Param("kind", choices=KINDS, default="any")
COUNT: Final = Param("count", "integer", least=1, most=1000, default=10)
START: Final = Param("start_timestamp", "integer")
END: Final = Param("end_timestamp", "integer")
FROM: Final = Param("start_timestamp", "integer", required=True)
TO: Final = Param("end_timestamp", "integer", required=True)
_FUNDING_ROWS: Final = 744
_ID_LENGTH: Final = 18
_LENGTHS: Final = {"8h": 8, "24h": 24, "1m": 30 * 24}


@method("public/ticker", INSTRUMENT)
def ticker(call: Call) -> Any:
    """The ticker of one instrument."""
    return shapes_market.ticker(call.market)


@method("public/get_order_book", INSTRUMENT, Param("depth", "integer", choices=DEPTHS, default=5))
def get_order_book(call: Call) -> Any:
    """The book gets a new change id whenever somebody looks at it."""
    market = call.market
    if not call.floor.hub.chains(market.spec.instrument_name):
        topics_book.stamp(call.floor, market)
    return shapes_market.order_book(market, call.params["depth"])


@method("public/get_book_summary_by_currency", CURRENCY, KIND)
def get_book_summary_by_currency(call: Call) -> Any:
    """A row for each instrument that settles in the currency."""
    return [shapes_market.book_summary(market) for market in _of_kind(call)]


@method("public/get_book_summary_by_instrument", INSTRUMENT)
def get_book_summary_by_instrument(call: Call) -> Any:
    """A list of one row."""
    return [shapes_market.book_summary(call.market)]


def _of_kind(call: Call) -> list[Market]:
    if call.params.get("kind", "any") not in {"future", "any"}:
        return []
    return of_currency(call, call.params["currency"])


def page(rows: list[Any], params: dict[str, Any]) -> tuple[list[Any], bool]:
    """The first `count` of rows (given oldest first) in the order asked for, and whether there are more.

    The newest come first, unless a start was named: then the oldest do.
    """
    sorting = params.get("sorting", "default")
    starts = any(name in params for name in ("start_timestamp", "start_seq", "start_id"))
    ascending = sorting == "asc" or (sorting == "default" and starts)
    count = params["count"]
    ordered = rows if ascending else list(reversed(rows))
    return ordered[:count], len(ordered) > count


def number_of(trade_id: str) -> int:
    """Trade ids rise within a currency; this is what rises."""
    digits = trade_id.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _ID_LENGTH else 0


def _last_trades(call: Call, markets: Iterable[Market]) -> Any:
    params = call.params
    start_ms, end_ms = window(params)
    low, high = params.get("start_seq", 0), params.get("end_seq", 1 << 62)
    first = number_of(params["start_id"]) if "start_id" in params else 0
    last = number_of(params["end_id"]) if "end_id" in params else 1 << 62
    found: list[tuple[PublicTrade, Market]] = [
        (entry, market)
        for market in markets
        for entry in market.tape
        if start_ms <= entry.timestamp <= end_ms
        and low <= entry.trade_seq <= high
        and first <= number_of(entry.trade_id) <= last
    ]
    found.sort(key=lambda pair: (pair[0].timestamp, number_of(pair[0].trade_id)))
    rows, more = page(found, params)
    shown = [shapes.public_trade(entry, market.spec, call.now_ms) for entry, market in rows]
    return {"trades": shown, "has_more": more}


@method(
    "public/get_last_trades_by_instrument",
    INSTRUMENT,
    Param("start_seq", "integer"),
    Param("end_seq", "integer"),
    START,
    END,
    COUNT,
    SORTING,
)
def get_last_trades_by_instrument(call: Call) -> Any:
    """The tape of one instrument."""
    return _last_trades(call, [call.market])


@method("public/get_last_trades_by_instrument_and_time", INSTRUMENT, FROM, END, COUNT, SORTING)
def get_last_trades_by_instrument_and_time(call: Call) -> Any:
    """The same in a window of time; the end may be left open."""
    return _last_trades(call, [call.market])


@method(
    "public/get_last_trades_by_currency", CURRENCY, KIND, Param("start_id"), Param("end_id"), START, END, COUNT, SORTING
)
def get_last_trades_by_currency(call: Call) -> Any:
    """The tapes of all instruments that settle in one currency, as one."""
    return _last_trades(call, _of_kind(call))


@method("public/get_last_trades_by_currency_and_time", CURRENCY, KIND, FROM, END, COUNT, SORTING)
def get_last_trades_by_currency_and_time(call: Call) -> Any:
    """The same in a window of time; the end may be left open."""
    return _last_trades(call, _of_kind(call))


@method(
    "public/get_tradingview_chart_data",
    INSTRUMENT,
    FROM,
    TO,
    Param("resolution", required=True, choices=tuple(RESOLUTIONS)),
)
def get_tradingview_chart_data(call: Call) -> Any:
    """Bars as parallel lists; the last one may still be running."""
    if not call.session.is_ws and call.floor.engine.switches.http_candles == "no":
        raise Refusal(-32601)
    start_ms, end_ms = window(call.params)
    minutes = RESOLUTIONS[call.params["resolution"]]
    return shapes_market.chart(call.market.bars_between(minutes, start_ms, end_ms))


@method("public/get_funding_rate_history", INSTRUMENT, FROM, TO)
def get_funding_rate_history(call: Call) -> Any:
    """Hourly rows; the start does not count itself."""
    start_ms, end_ms = window(call.params)
    rows = [row for row in call.market.funding_history if start_ms < row[0] <= end_ms]
    return [
        {
            "timestamp": at_ms,
            "index_price": _money(index),
            "prev_index_price": _money(previous),
            "interest_1h": _rate(rate / 8),
            "interest_8h": _rate(rate),
        }
        for at_ms, index, previous, rate in rows[-_FUNDING_ROWS:]
    ]


def _rate(rate: float) -> Decimal:
    return Decimal(f"{rate:.10f}")


def _money(price: float) -> Decimal:
    return Decimal(f"{price:.2f}")


@method("public/get_funding_rate_value", INSTRUMENT, FROM, TO)
def get_funding_rate_value(call: Call) -> Any:
    """What a position of one has paid in that time."""
    start_ms, end_ms = window(call.params)
    rows = [row for row in call.market.funding_history if start_ms < row[0] <= end_ms + HOUR_MS]
    return _rate(sum(rate / 8 for _, _, _, rate in rows))


@method("public/get_funding_chart_data", INSTRUMENT, Param("length", required=True, choices=tuple(_LENGTHS)))
def get_funding_chart_data(call: Call) -> Any:
    """The funding of the last hours."""
    market = call.market
    rows = list(market.funding_history)[-_LENGTHS[call.params["length"]] :]
    return {
        "current_interest": market.current_funding,
        "interest_8h": market.funding_8h,
        "data": [
            {"timestamp": at_ms, "index_price": _money(index), "interest_8h": _rate(rate)}
            for at_ms, index, _, rate in rows
        ],
    }
