"""Rows and numbers as lines for a phone, and lines as one message that Telegram takes. Pure.

Everything is plain text until the very end, where it is escaped once: no price, name or sentence of the exchange can be
taken for markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from actors.telegram import TEXT_MAX, escaped, units
from trading.news import lasted
from trading.pnl import Position, unrealised
from trading.values import ZERO, Kind, plain

Row = Mapping[str, Any]
LINE_MAX: Final = 600  # characters of one line; a sentence of the exchange has no bound of its own
_ROOM: Final = 60  # kept for saying how much was left out
_COINS: Final = Decimal("0.00000001")


def written(text: str) -> str:
    """Make one message: the first line as a heading, and as many lines as fit, which is said."""
    lines = [line if len(line) <= LINE_MAX else f"{line[:LINE_MAX]} ..." for line in text.split("\n")]
    made = f"<b>{escaped(lines[0])}</b>"
    for number, line in enumerate(lines[1:], start=1):
        longer = f"{made}\n{escaped(line)}"
        if units(longer) > TEXT_MAX - _ROOM:
            return f"{made}\n... and {len(lines) - number} more lines"
        made = longer
    return made


def listed(title: str, lines: Iterable[str], nothing: str) -> str:
    """A heading and its lines; or that there is nothing."""
    found = list(lines)
    return "\n".join([title, *(found or [nothing])])


def position(row: Row, orders: Iterable[Row], bracket: Row | None, ticker: Row | None, now_ms: int) -> str:
    """One position: which way, how much, from where, where the stops are, what it would make now, since when."""
    name = row["instrument"]
    mark = _decimal(ticker["mark"] if ticker is not None else row["mark_price"])
    amount, entry = _decimal(row["amount"]) or ZERO, _decimal(row["average_price"]) or ZERO
    sign = 1 if row["side"] == "buy" else -1
    way = "long" if sign > 0 else "short"
    lines = [f"{name}: {way} {plain(amount)} from {plain(entry)}, now {_shown(mark)}"]
    resting = [order for order in orders if order["instrument"] == name and not order["is_dormant"]]
    stops = [_exit(order, mark) for order in resting if order["leg"] == "stop"]
    targets = [_exit(order, mark) for order in resting if order["leg"] == "target"]
    lines.append(f"  stop {', '.join(stops) or 'NONE'}; target {', '.join(targets) or 'none'}")
    if mark and entry:
        kind, coin = unit(name)
        made = unrealised(Position(kind=kind, amount=amount * sign, average_price=entry), mark)
        lines.append(f"  unrealised {signed(made)} {coin} before fees")
    if bracket is not None:
        why = f", why: {bracket['why']}" if bracket["why"] else ""
        lines.append(f"  by {bracket['strategy']}, for {lasted(now_ms - bracket['began_at'])}{why}")
    else:
        lines.append("  no trade of ours explains it")
    return "\n".join(lines)


def order(row: Row) -> str:
    """One resting order."""
    price = row["price"] or row["trigger_price"] or "market"
    whose = f"{row['leg']} of ours" if row["is_ours"] else "not ours"
    waits = ", waits for its entry" if row["is_dormant"] else ""
    filled = "" if row["filled_amount"] in {None, "0"} else f", {row['filled_amount']} filled"
    return f"{row['instrument']}: {row['side']} {row['amount']} {row['type']} at {price} ({whose}{filled}{waits})"


def strategy(row: Row, now_ms: int) -> str:
    """One strategy: its state, since when, and why."""
    why = f": {row['reason']}" if row["reason"] else ""
    decision = f"\n  last decision: {row['decision']}" if row["decision"] else ""
    name = f"{row['name']} ({row['instrument']})" if row["instrument"] else str(row["name"])
    return f"{name}: {row['state']} for {lasted(now_ms - row['since'])}{why}{decision}"


def moment(at_ms: int, zone: tzinfo) -> str:
    """A point in time by the person's own clock."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"


def results(nets: Sequence[tuple[str, Decimal]]) -> str:
    """What a number of closed trades made together, by coin."""
    totals: dict[str, Decimal] = {}
    for coin, net in nets:
        totals[coin] = totals.get(coin, ZERO) + net
    won = sum(net > 0 for _, net in nets)
    made = ", ".join(f"{signed(total)} {coin}" for coin, total in sorted(totals.items()))
    trades = "trade" if len(nets) == 1 else "trades"
    return f"{len(nets)} {trades} closed, {won} of them won, net {made}" if nets else "no trade closed"


def extremes(nets: Sequence[tuple[str, Decimal]]) -> list[str]:
    """The best and the worst of closed trades, a line for each coin that had more than one."""
    by_coin: dict[str, list[Decimal]] = {}
    for coin, net in nets:
        by_coin.setdefault(coin, []).append(net)
    return [
        f"best {signed(max(found))} {coin}, worst {signed(min(found))} {coin}"
        for coin, found in sorted(by_coin.items())
        if len(found) > 1
    ]


def signed(amount: Decimal) -> str:
    """An amount of money with its sign, without the digits that only dividing has made."""
    shown = amount.quantize(_COINS) if abs(amount) < 10**12 else amount
    return f"{'+' if shown > 0 else ''}{plain(shown)}"


def unit(instrument: str) -> tuple[Kind, str]:
    """How a perpetual's result is counted, by its name: BTC-PERPETUAL in BTC, BTC_USDC-PERPETUAL in USDC."""
    pair = instrument.partition("-")[0]
    base, _, quote = pair.partition("_")
    return (Kind.LINEAR, quote) if quote else (Kind.INVERSE, base)


def _exit(row: Row, mark: Decimal | None) -> str:
    price = _decimal(row["trigger_price"] or row["price"])
    if price is None or not mark:
        return f"{_shown(price)} for {row['amount']}"
    return f"{plain(price)} ({abs(price - mark) / mark * 100:.2f} % away) for {row['amount']}"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _shown(price: Decimal | None) -> str:
    return "an unknown price" if price is None else plain(price)
