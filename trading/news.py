"""What a person should hear of one step of a bracket, in words. Pure, so that the step's own record can hold it.

Each message says what a person asks first: which instrument, which way, how much, at what price, where the stop is and
how far away, what it made, how long it took, and why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from trading.bracket.effects import Alert, Closed, Effect, Opened, Quarantined, Severity
from trading.bracket.messages import Message, Refused
from trading.bracket.result import result
from trading.bracket.state import Bracket
from trading.facts import Fill
from trading.labels import parse
from trading.pnl import average_entry
from trading.values import Leg, Milliseconds, Side, plain

_REASONS: Final = {
    "stop": "its stop",
    "target": "its target",
    "close": "a market order",
    "manual": "your own hand on the exchange",
    "manual_close": "your command",
    "panic": "panic",
    "ghost_trade_cleanup": "somebody out of our sight",
}
_PRICE: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing to tell. ``key`` says what it is about; of one key, a bracket tells once."""

    severity: Severity
    kind: str
    text: str
    key: str


def of_step(after: Bracket, cause: Message | str, effects: Sequence[Effect], *, at: Milliseconds) -> tuple[News, ...]:
    """Give what a step is worth telling."""
    found = _refused(after, cause) if isinstance(cause, Refused) else []
    for effect in effects:
        match effect:
            case Opened():
                found.append(_opened(after))
            case Closed(traded=True, reason=reason):
                found.append(_closed(after, reason, at))
            case Alert(severity=severity, text=text):
                kind = "quarantine" if any(isinstance(one, Quarantined) for one in effects) else "bracket"
                found.append(News(severity=severity, kind=kind, text=text, key=f"{after.plan.bracket_id}:{text}"))
            case _:
                pass
    return tuple(found)


def _opened(bracket: Bracket) -> News:
    plan = bracket.plan
    seen = [order.average_price for order in bracket.orders if order.side is plan.side and order.average_price > 0]
    # The order may show that it has filled before its fills are told.
    price = _average(bracket, (fill for fill in bracket.counted if fill.side is plan.side)) or next(
        iter(seen), plan.entry
    )
    verb = "bought" if plan.side is Side.BUY else "sold"
    at = "" if price is None else f" at {_number(price)}"
    amount = plain(bracket.held if bracket.held > 0 else plan.amount)
    lines = [
        f"{plan.strategy} {verb} {amount} {plan.instrument}{at}",
        f"stop {_number(plan.stop)}{_distance(plan.stop, price)}, target {_number(plan.target)}"
        + _distance(plan.target, price),
    ]
    if bracket.held < plan.amount:
        lines.append(f"{plain(plan.amount)} are ordered; the rest may still fill")
    if plan.reason:
        lines.append(f"why: {plan.reason}")
    return News(
        severity=Severity.INFO, kind="trade_opened", text="\n".join(lines), key=f"{plan.bracket_id}:trade_opened"
    )


def _closed(bracket: Bracket, reason: str, at: Milliseconds) -> News:
    plan, made = bracket.plan, result(bracket)
    entries = [fill for fill in bracket.counted if fill.side is plan.side]
    exits = [fill for fill in bracket.counted if fill.side is not plan.side]
    entry, out = _average(bracket, entries) or plan.entry, _average(bracket, exits)
    way = "long" if plan.side is Side.BUY else "short"
    amount = plain(sum((fill.amount for fill in entries), Decimal(0)) or plan.amount)
    began = min((fill.at for fill in entries), default=bracket.began_at)
    ended = max((fill.at for fill in exits), default=at)
    sign = "+" if made.net > 0 else ""
    about = " (estimated: it was closed out of our sight)" if made.estimated else ""
    by = _REASONS.get(reason, reason)
    lines = [
        f"{plan.strategy}: {plan.instrument} {way} {amount} closed by {by} after {lasted(ended - began)}",
        f"{_number(entry)} to {_number(out)}, net {sign}{plain(made.net)} {made.currency}{about}",
        # What it paid or got for being held is read from the exchange's book next.
        f"gross {plain(made.gross)}, fees {plain(made.fees)}, before funding",
    ]
    if plan.reason:
        lines.append(f"why it was entered: {plan.reason}")
    return News(
        severity=Severity.INFO, kind="trade_closed", text="\n".join(lines), key=f"{plan.bracket_id}:trade_closed"
    )


def _refused(bracket: Bracket, cause: Refused) -> list[News]:
    """A refused entry is an ordinary no; of the legs that protect or close, a person hears."""
    label = parse(cause.intent_id)
    if label is None or label.leg is Leg.ENTRY:
        return []
    plan = bracket.plan
    text = (
        f"{plan.strategy}: the exchange refused the {label.leg.value} order on {plan.instrument}:"
        f" {cause.sentence} ({cause.code}). {plain(bracket.held)} held, {plain(bracket.cover)} of it covered by stops"
    )
    key = f"{plan.bracket_id}:{label.leg.value}:refused:{cause.code}"
    return [News(severity=Severity.ERROR, kind="request_refused", text=text, key=key)]


def lasted(ms: int) -> str:
    """Write a duration as people say it."""
    seconds = max(0, ms) // 1_000
    if seconds < 1:
        return f"{max(0, ms)} ms"
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown[:2])


def _average(bracket: Bracket, fills: Iterable[Fill]) -> Decimal | None:
    """The price of these fills together; None without one."""
    price = average_entry(bracket.plan.kind, ((fill.amount, fill.price) for fill in fills if fill.price > 0))
    return price or None


def _number(price: Decimal | None) -> str:
    """A price, without the digits that only dividing has made."""
    if price is None:
        return "an unknown price"
    exponent = price.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -8  # noqa: PLR2004 - no price of an exchange is finer
    return plain(price.quantize(_PRICE) if is_long and price > 1 else price)


def _distance(level: Decimal, price: Decimal | None) -> str:
    if price is None or price <= 0:
        return ""
    return f" ({abs(level - price) / price * 100:.2f} % away)"
