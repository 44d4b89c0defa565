"""The names of channels: what `ticker.BTC-PERPETUAL.raw` asks for.

Names that nobody publishes are no error; subscribing to them is silently left out of the answer.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple, Protocol

from exchange.instruments import CURRENCIES, Spec

INTERVALS: Final = {"raw": 0, "100ms": 100, "agg2": 1000}  # agg2 takes about a second on the wire
KINDS: Final = ("future", "option", "spot", "future_combo", "option_combo", "combo", "any")
RESOLUTIONS: Final = {
    "1": 1,
    "3": 3,
    "5": 5,
    "10": 10,
    "15": 15,
    "30": 30,
    "60": 60,
    "120": 120,
    "180": 180,
    "360": 360,
    "720": 720,
    "1D": 1440,
}
BOOK_DEPTHS: Final = (1, 10, 20)
_SILENT: Final = ("user.access_log", "announcements", "user.lsp")


class Listed(Protocol):
    """Anything that stands for an instrument."""

    spec: Spec


class Channel(NamedTuple):
    """A channel that exists. `instruments` are those it speaks of."""

    name: str
    family: str
    instruments: tuple[str, ...] = ()
    interval_ms: int = 0
    is_raw: bool = False
    is_private: bool = False
    scope: str = ""
    detail: str = ""  # the resolution, the index, the currency
    group: Decimal | None = None
    depth: int = 0


def _matching(kind: str, currency: str, markets: Mapping[str, Listed]) -> tuple[str, ...] | None:
    """The instruments of a kind and a currency (the settlement currency decides); None: no such pair."""
    if kind not in KINDS or (currency not in CURRENCIES and currency != "any"):
        return None
    if kind not in {"future", "any"}:
        return ()
    return tuple(name for name, market in markets.items() if currency in {"any", market.spec.settlement_currency})


def parse(name: str, markets: Mapping[str, Listed]) -> Channel | None:
    """What the name asks for; None when there is no such channel."""
    if name in _SILENT:
        return Channel(name, "silent", is_private=name.startswith("user."), scope="account:read")
    parts = name.split(".")
    match parts:
        case ["user", *rest]:
            return _user(name, rest, markets)
        case ["ticker" | "perpetual" as family, instrument, interval] if instrument in markets:
            return _timed(Channel(name, family, (instrument,)), interval)
        case ["quote" | "incremental_ticker" as family, instrument] if instrument in markets:
            return Channel(name, family, (instrument,))
        case ["trades", instrument, interval] if instrument in markets:
            return _timed(Channel(name, "trades", (instrument,)), interval)
        case ["trades", kind, currency, interval]:
            found = _matching(kind, currency, markets)
            return None if found is None else _timed(Channel(name, "trades", found), interval)
        case ["book", instrument, interval] if instrument in markets:
            return _timed(Channel(name, "book", (instrument,)), interval)
        case ["book", instrument, group, depth, interval] if instrument in markets:
            return _grouped(name, instrument, group, depth, interval)
        case ["chart", "trades", instrument, resolution] if instrument in markets and resolution in RESOLUTIONS:
            return Channel(name, "chart", (instrument,), detail=resolution)
        case ["deribit_price_index", index] if index in indexes(markets.values()):
            return Channel(name, "index", detail=index)
        case ["instrument", "state", kind, currency]:
            found = _matching(kind, currency, markets)
            return None if found is None else Channel(name, "state", found)
        case ["platform_state"]:
            return Channel(name, "platform")
        case ["platform_state", "public_methods_state"]:
            return Channel(name, "public_methods")
        case _:
            return None


def indexes(markets: Iterable[Listed]) -> tuple[str, ...]:
    """The names of the indexes that the instruments follow."""
    return tuple(dict.fromkeys(market.spec.price_index for market in markets))


def _timed(channel: Channel, interval: str) -> Channel | None:
    if interval not in INTERVALS:
        return None
    return channel._replace(interval_ms=INTERVALS[interval], is_raw=interval == "raw")


def _grouped(name: str, instrument: str, group: str, depth: str, interval: str) -> Channel | None:
    if depth not in {str(known) for known in BOOK_DEPTHS}:
        return None
    step: Decimal | None = None
    if group != "none":
        try:
            step = Decimal(group)
        except InvalidOperation:
            return None
        if not step.is_finite() or not 0 < step < Decimal(10) ** 9:
            return None
    return _timed(Channel(name, "grouped_book", (instrument,), group=step, depth=int(depth)), interval)


def _user(name: str, rest: list[str], markets: Mapping[str, Listed]) -> Channel | None:
    private = Channel(name, "", is_private=True, scope="trade:read")
    match rest:
        case ["orders" | "trades" | "changes" as family, instrument, interval] if instrument in markets:
            return _timed(private._replace(family=f"user.{family}", instruments=(instrument,)), interval)
        case ["orders" | "trades" | "changes" as family, kind, currency, interval]:
            found = _matching(kind, currency, markets)
            if found is None:
                return None
            return _timed(private._replace(family=f"user.{family}", instruments=found), interval)
        case ["portfolio", currency] if currency.upper() in CURRENCIES or currency == "any":
            return private._replace(family="user.portfolio", detail=currency.upper(), scope="account:read")
        case ["lock" | "liquidation" as family]:
            return private._replace(family=f"user.{family}", scope="account:read")
        case ["mmp_trigger", _]:
            return private._replace(family="silent")
        case _:
            return None
