"""Reading what has happened: the account's trades, its triggers, its transaction log."""

from collections.abc import Callable
from typing import Any, Final

from exchange import shapes
from exchange.channels import KINDS
from exchange.credits import TRANSACTION_LOG
from exchange.errors import bad_param
from exchange.instruments import CURRENCIES
from exchange.methods.market import COUNT, END, FROM, START, TO, number_of, page
from exchange.methods.registry import INSTRUMENT, READ, SORTING, Call, method, window
from exchange.params import Param
from exchange.records import Trade

_COUNT_LENGTH: Final = 9  # digits
_CURRENCY: Final = Param("currency", required=True, choices=CURRENCIES)
_KIND: Final = Param("kind", choices=KINDS, default="any")
_HISTORICAL: Final = Param("historical", "flag", default=False)
_SEQS: Final = (Param("start_seq", "integer"), Param("end_seq", "integer"))
_IDS: Final = (Param("start_id"), Param("end_id"))


def _show(call: Call, trades: list[Trade]) -> list[dict[str, Any]]:
    engine = call.floor.engine
    return [shapes.trade(entry, engine.markets[entry.instrument_name].spec, engine.switches) for entry in trades]


def _find(call: Call, want: Callable[[Trade], bool], from_ms: int = 0) -> list[Trade]:
    historical = call.params.get("historical", False)
    return call.floor.engine.trades(call.account, want=want, now_ms=call.now_ms, historical=historical, from_ms=from_ms)


def _trades(call: Call, belongs: Callable[[Trade], bool]) -> Any:
    params = call.params
    start_ms, end_ms = window(params)
    low, high = params.get("start_seq", 0), params.get("end_seq", 1 << 62)
    first = number_of(params["start_id"]) if "start_id" in params else 0
    last = number_of(params["end_id"]) if "end_id" in params else 1 << 62
    found = _find(
        call,
        lambda entry: (
            start_ms <= entry.timestamp <= end_ms
            and low <= entry.trade_seq <= high
            and first <= number_of(entry.trade_id) <= last
            and belongs(entry)
        ),
        start_ms,
    )
    rows, more = page(found, params)
    return {"trades": _show(call, rows), "has_more": more}


def _by_instrument(call: Call) -> Any:
    name = call.market.spec.instrument_name
    return _trades(call, lambda entry: entry.instrument_name == name)


def _by_currency(call: Call) -> Any:
    markets, currency = call.floor.engine.markets, call.params["currency"]
    wanted = call.params.get("kind", "any") in {"any", "future"}
    return _trades(call, lambda entry: wanted and markets[entry.instrument_name].spec.settlement_currency == currency)


@method("private/get_user_trades_by_order", Param("order_id", required=True), SORTING, _HISTORICAL, scope=READ)
def get_user_trades_by_order(call: Call) -> Any:
    """A plain list, unlike the others."""
    order_id = call.params["order_id"]
    found = _find(call, lambda entry: entry.order_id == order_id)
    return _show(call, found if call.params["sorting"] != "desc" else list(reversed(found)))


@method(
    "private/get_user_trades_by_instrument", INSTRUMENT, *_SEQS, START, END, COUNT, SORTING, _HISTORICAL, scope=READ
)
def get_user_trades_by_instrument(call: Call) -> Any:
    """The account's trades on one instrument."""
    return _by_instrument(call)


@method(
    "private/get_user_trades_by_instrument_and_time", INSTRUMENT, FROM, END, COUNT, SORTING, _HISTORICAL, scope=READ
)
def get_user_trades_by_instrument_and_time(call: Call) -> Any:
    """The same in a window of time; the end may be left open."""
    return _by_instrument(call)


@method(
    "private/get_user_trades_by_currency", _CURRENCY, _KIND, *_IDS, START, END, COUNT, SORTING, _HISTORICAL, scope=READ
)
def get_user_trades_by_currency(call: Call) -> Any:
    """The account's trades that settle in one currency."""
    return _by_currency(call)


@method(
    "private/get_user_trades_by_currency_and_time", _CURRENCY, _KIND, FROM, END, COUNT, SORTING, _HISTORICAL, scope=READ
)
def get_user_trades_by_currency_and_time(call: Call) -> Any:
    """The same in a window of time; the end may be left open."""
    return _by_currency(call)


@method(
    "private/get_trigger_order_history",
    _CURRENCY,
    Param("instrument_name"),
    Param("count", "integer", least=1, most=1000, default=20),
    Param("continuation"),
    scope=READ,
)
def get_trigger_order_history(call: Call) -> Any:
    """What became of triggers, newest first; a refused one says `rejected:<reason>`."""
    params, markets = call.params, call.floor.engine.markets
    rows = [
        row
        for row in call.floor.engine.trigger_history(call.account)
        if markets[row.instrument_name].spec.settlement_currency == params["currency"]
        and params.get("instrument_name", row.instrument_name) == row.instrument_name
    ]
    start = _continued(params["continuation"], len(rows)) if "continuation" in params else 0
    end = start + params["count"]
    return {
        "entries": [shapes.trigger_row(row) for row in rows[start:end]],
        "continuation": str(len(rows) - end) if end < len(rows) else None,
    }


def _continued(older: str, there_are: int) -> int:
    """Where the page begins; a continuation counts the rows older than it, since new ones come in front."""
    if not (older.isascii() and older.isdigit() and len(older) <= _COUNT_LENGTH and int(older) <= there_are):
        raise bad_param("continuation", "unknown continuation")
    return there_are - int(older)


@method(
    "private/get_transaction_log",
    _CURRENCY,
    FROM,
    TO,
    Param("query"),
    Param("count", "integer", least=1, most=250, default=100),
    Param("continuation", "integer"),
    scope="account:read",
    bucket=TRANSACTION_LOG,
)
def get_transaction_log(call: Call) -> Any:
    """The ledger, newest first."""
    params, engine = call.params, call.floor.engine
    start_ms, end_ms = window(params)
    query, older_than = params.get("query"), params.get("continuation", 1 << 62)
    rows = [
        row
        for row in reversed(engine.ledger(call.account, params["currency"], start_ms, end_ms))
        if row.id < older_than and (query is None or query in {row.type, row.instrument_name})
    ]
    shown = rows[: params["count"]]
    logs = []
    for row in shown:
        market = engine.markets.get(row.instrument_name or "")
        spec = None if market is None else market.spec
        logs.append(shapes.ledger_row(row, call.account.user_id, call.account.name, spec))
    return {"logs": logs, "continuation": shown[-1].id if len(rows) > len(shown) else None}
