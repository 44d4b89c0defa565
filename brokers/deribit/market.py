"""Tickers, candles and instruments out of Deribit's objects."""

from decimal import Decimal
from typing import Any

from brokers.deribit.read import (
    flag,
    mapping,
    number,
    number_or_none,
    number_or_zero,
    objects,
    text,
    text_or_empty,
    to_number,
    to_whole,
    whole,
)
from brokers.outcomes import Candles, Instruments, TickerDetail
from trading.errors import BadInput
from trading.facts import Candle, Ticker
from trading.instruments import Instrument, TickStep
from trading.values import Currency, InstrumentName, InstrumentState, Kind, Milliseconds

# A Decimal between these needs no further look: the check costs two comparisons instead of a call per price.
_LOW = Decimal("1e-30")
_HIGH = Decimal("1e30")

DAY_MINUTES = 1440
RESOLUTIONS = {minutes: str(minutes) for minutes in (1, 3, 5, 10, 15, 30, 60, 120, 180, 360, 720)} | {DAY_MINUTES: "1D"}
MINUTES = {word: minutes for minutes, word in RESOLUTIONS.items()}


def ticker(raw: dict[str, Any]) -> Ticker:
    """Read a ticker. This is the hottest path there is: a plain Decimal passes with one look."""
    try:
        name = raw["instrument_name"]
        mark = raw["mark_price"]
        index = raw["index_price"]
        at = raw["timestamp"]
        bid = raw["best_bid_price"]
        ask = raw["best_ask_price"]
        last = raw["last_price"]
    except KeyError as missing:
        raise BadInput(f"a ticker without {missing.args[0]}", raw) from None
    if type(name) is not str:
        raise BadInput("a ticker without a name", raw)
    if type(mark) is not Decimal or not _LOW < mark < _HIGH:
        mark = to_number(mark, raw)
    if type(index) is not Decimal or not _LOW < index < _HIGH:
        index = to_number(index, raw)
    if type(bid) is not Decimal or not _LOW < bid < _HIGH:
        bid = _price_or_none(bid, raw)
    if type(ask) is not Decimal or not _LOW < ask < _HIGH:
        ask = _price_or_none(ask, raw)
    if type(last) is not Decimal or not _LOW < last < _HIGH:
        last = _price_or_none(last, raw)
    if type(at) is not int:
        at = to_whole(at, raw)
    return Ticker(
        instrument=InstrumentName(name), bid=bid, ask=ask, last=last, mark=mark, index=index, at=Milliseconds(at)
    )


def _price_or_none(value: object, raw: dict[str, Any]) -> Decimal | None:
    """Read a price; an empty side of the book is null, or 0 with the amount 0."""
    if value is None:
        return None
    price = to_number(value, raw)
    return price or None


def ticker_detail(raw: object) -> TickerDetail:
    """Read the answer of a ticker request with its price band and funding."""
    found = mapping(raw, "a ticker")
    return TickerDetail(
        ticker=ticker(found),
        state=text_or_empty(found, "state"),
        bid_amount=number_or_none(found, "best_bid_amount"),
        ask_amount=number_or_none(found, "best_ask_amount"),
        min_price=number_or_none(found, "min_price"),
        max_price=number_or_none(found, "max_price"),
        funding_8h=number_or_none(found, "funding_8h"),
        current_funding=number_or_none(found, "current_funding"),
        settlement_price=number_or_none(found, "settlement_price"),
    )


def bar(raw: object, instrument: InstrumentName, minutes: int) -> Candle:
    """Read one frame of a candle channel: the bar as it stands, finished or not."""
    found = mapping(raw, "a candle")
    return Candle(
        instrument=instrument,
        minutes=minutes,
        opened_at=Milliseconds(whole(found, "tick")),
        open=number(found, "open"),
        high=number(found, "high"),
        low=number(found, "low"),
        close=number(found, "close"),
        volume=number_or_zero(found, "volume"),
    )


def candles(raw: object, instrument: InstrumentName, minutes: int, server_now: Milliseconds | None) -> Candles:
    """Read parallel arrays of candles; a bar whose time is not over yet is the running one."""
    found = mapping(raw, "candles")
    columns = []
    for key in ("ticks", "open", "high", "low", "close", "volume"):
        column = found.get(key, [])
        if not isinstance(column, list):
            raise BadInput(f"{key} is not a list", found)
        columns.append(column)
    if len({len(column) for column in columns}) > 1:
        raise BadInput("candle columns of different lengths", found)
    keys = ("tick", "open", "high", "low", "close", "volume")
    bars = [bar(dict(zip(keys, row, strict=True)), instrument, minutes) for row in zip(*columns, strict=True)]
    running = None
    if bars and server_now is not None and bars[-1].opened_at + minutes * 60_000 > server_now:
        running = bars.pop()
    return Candles(closed=tuple(bars), running=running)


def instrument(raw: dict[str, Any]) -> Instrument:
    """Read a perpetual; raises BadInput for anything else."""
    name = text(raw, "instrument_name")
    if raw.get("settlement_period") != "perpetual" or raw.get("kind", "future") != "future":
        raise BadInput(f"{name} is not a perpetual", raw)
    base = text(raw, "base_currency")
    quote = text(raw, "quote_currency")
    # Old objects have no instrument_type; the settlement currency says the same for a perpetual.
    is_inverse = raw.get("instrument_type", "") == "reversed" or (
        "instrument_type" not in raw and raw.get("settlement_currency", base) == base
    )
    tick_size = number(raw, "tick_size")
    contract_size = number(raw, "contract_size")
    return Instrument(
        name=InstrumentName(name),
        kind=Kind.INVERSE if is_inverse else Kind.LINEAR,
        base=Currency(base),
        quote=Currency(quote),
        settlement=Currency(text_or_empty(raw, "settlement_currency") or (base if is_inverse else quote)),
        price_index=text_or_empty(raw, "price_index"),
        tick_size=tick_size,
        tick_steps=tuple(
            TickStep(above_price=number(step, "above_price"), tick_size=number(step, "tick_size"))
            for step in objects(raw.get("tick_size_steps"), "tick_size_steps")
        ),
        contract_size=contract_size,
        min_trade_amount=number_or_none(raw, "min_trade_amount") or contract_size,
        maker_commission=number(raw, "maker_commission"),
        taker_commission=number(raw, "taker_commission"),
        max_leverage=number_or_none(raw, "max_leverage") or Decimal(1),
        state=InstrumentState(text_or_empty(raw, "state") or ("open" if flag(raw, "is_active") else "inactive")),
        is_active=flag(raw, "is_active"),
    )


def instruments(raw: object) -> Instruments:
    """Read a list of instruments, or one alone; what is no perpetual, or makes no sense, is skipped by name."""
    found: list[Instrument] = []
    skipped: list[str] = []
    for item in objects(raw if isinstance(raw, list) else [raw], "instruments"):
        try:
            found.append(instrument(item))
        except BadInput:
            skipped.append(text_or_empty(item, "instrument_name"))
    return Instruments(instruments=tuple(found), skipped=tuple(skipped))
