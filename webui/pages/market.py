"""Price charts: the candles there are, with the prices and fills of a trade."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from actors.journal_board import Picture
from trading.values import Leg
from webui import views
from webui.pages.asking import Asking
from webui.pages.draw import Bar, Level, Mark, price_chart
from webui.pages.words import decimal, number, price

CHARTS_MAX: Final = 3
BARS: Final = 120
AROUND: Final = 30  # candles before and after a trade, to see it in its market
MINUTE_MS: Final = 60_000


def charts(asking: Asking) -> list[Mapping[str, Any]]:
    """Give a chart of each instrument in a trade, or else of the first that is traded."""
    picture = asking.parts.board.picture
    busy = [*picture.positions, *(row["instrument"] for row in picture.brackets.values())]
    known = busy or [row["instrument"] for _, row in sorted(picture.strategies.items())][:1]
    drawn = [_now(asking, name) for name in dict.fromkeys(known) if name]
    return [chart for chart in drawn[:CHARTS_MAX] if chart["svg"]]


def of_trade(asking: Asking, story: Mapping[str, Any]) -> str:
    """Draw one trade: what was wanted, and what was filled when."""
    t = asking.t
    begun, ended = story["began_at"], story["closed_at"] or asking.now
    wanted = [
        ("target", story["target"], t("chart.target")),
        ("entry", story["average_entry"] or story["entry"], t("chart.entry")),
        ("stop", story["stop"], t("chart.stop")),
    ]
    if _shown(story["exit_price"]) not in {_shown(story["target"]), _shown(story["stop"])}:
        wanted.append(("exit", story["exit_price"], t("chart.exit")))
    margin = max(AROUND * MINUTE_MS, (ended - begun) // 4)
    bars = bars_of(asking.parts.board.picture, story["instrument"], begun - margin, min(ended + margin, asking.now))
    title = t("chart.trade", instrument=story["instrument"])
    return price_chart(bars, levels(wanted), fills(story["fills"], t), until=ended, title=title)


def _shown(at: Any) -> str:
    """A price as it is read: an average of many fills may differ from its level where nobody sees it."""
    figure = decimal(at)
    return "" if figure is None else price(figure)


def _now(asking: Asking, instrument: str) -> Mapping[str, Any]:
    picture, t = asking.parts.board.picture, asking.t
    wanted = _wanted(picture, instrument, t)
    until = asking.now
    ticker = picture.tickers.get(instrument)
    bars = bars_of(picture, instrument, until - BARS * MINUTE_MS, until)
    bars += _growing(bars, None if ticker is None else decimal(ticker["mark"]), until)
    marks: list[Mark] = []
    bracket = next((row for row in picture.brackets.values() if row["instrument"] == instrument), None)
    if bracket is not None:
        held = asking.parts.store.brackets.bracket(bracket["bracket_id"])
        if held is not None:
            rows = [
                {"side": one.side.value, "at": one.at, "price": one.price, "amount": one.amount} for one in held.fills
            ]
            marks = fills(rows, t)
    title = t("chart.now", instrument=instrument)
    svg = price_chart(bars, levels(wanted), marks, until=until, title=title) if bars else ""
    return {"instrument": instrument, "svg": svg, "ticker": ticker, "in_trade": bracket is not None}


def _wanted(picture: Picture, instrument: str, t: Any) -> list[tuple[str, Any, str]]:
    """The prices that matter now: confirmed ones of a position, planned ones of an entry on its way."""
    found: list[tuple[str, Any, str]] = []
    for row in views.position_rows(picture):
        if row["instrument"] == instrument:
            found.append(("entry", row["average_price"], t("chart.entry")))
            found += [("stop", leg["trigger_price"], t("chart.stop")) for leg in row["stops"]]
            found += [("target", leg["price"] or leg["trigger_price"], t("chart.target")) for leg in row["targets"]]
    if not found:
        for order in picture.orders.values():
            if order["instrument"] == instrument and order["leg"] == Leg.ENTRY.value:
                found.append(("entry", order["price"], t("chart.entry")))
    ticker = picture.tickers.get(instrument)
    if ticker is not None:
        found.append(("mark", ticker["mark"], t("chart.mark")))
    return found


def levels(wanted: Iterable[tuple[str, Any, str]]) -> list[Level]:
    """Make levels of what is a price."""
    found = []
    for kind, at, name in wanted:
        figure = decimal(at)
        if figure is not None:
            # The price now goes on while the chart stands; its figure is above the chart, where it follows.
            text = name if kind == "mark" else f"{name} {price(figure)}"
            found.append(Level(kind=kind, price=float(figure), text=text))
    return found


def fills(rows: Sequence[Mapping[str, Any]], t: Any) -> list[Mark]:
    """Make marks of fills."""
    return [
        Mark(
            kind=row["side"],
            at=int(row["at"]),
            price=float(row["price"]),
            text=t(
                "chart.fill",
                side=t.known("deal", row["side"]),
                amount=number(row["amount"]),
                price=price(row["price"]),
            ),
        )
        for row in rows
    ]


def bars_of(picture: Picture, instrument: str, since: int, until: int) -> list[Bar]:
    """Give the closed candles of a time that are known."""
    return [
        Bar(
            at=candle.opened_at,
            open=float(candle.open),
            high=float(candle.high),
            low=float(candle.low),
            close=float(candle.close),
        )
        for candle in picture.candles.get(instrument, ())
        if since <= candle.opened_at <= until
    ]


def _growing(bars: Sequence[Bar], mark: Decimal | None, now: int) -> list[Bar]:
    """Give the candle that is not closed yet, as far as we know it: from the last close to the price now."""
    if not bars or mark is None or now - bars[-1].at < MINUTE_MS:
        return []
    begun, at = bars[-1].close, float(mark)
    opened = now - now % MINUTE_MS
    return [Bar(at=opened, open=begun, high=max(begun, at), low=min(begun, at), close=at)]
