"""Figures as people read them. Money is shortened to be read; its exact text stays beside it.

One way of writing numbers in every language: a point before the decimals, a thin space between thousands. A price
that reads as one thing in English and as another in Dutch would be a trap.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Final

from bottle import html_escape

from webui.pages.texts import Words

NOTHING: Final = "–"  # noqa: RUF001 - a dash, to be read
THIN: Final = "\u202f"
MINUS: Final = "\u2212"
_DECIMALS: Final = {"BTC": 6, "ETH": 5, "USDC": 2, "USDT": 2, "USD": 2, "EUR": 2}
_LARGE: Final = 1_000  # a price above it needs no more than two decimals
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def number(value: Any, decimals: int | None = None, *, signed: bool = False) -> str:
    """Write a number to be read; what is no number stands as it is."""
    figure = decimal(value)
    if figure is None:
        return NOTHING if value in {None, ""} else str(value)
    if decimals is not None:
        figure = number_of(figure, decimals)
    text = f"{figure.copy_abs():,f}".replace(",", THIN)
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    sign = MINUS if figure < 0 else "+" if signed and figure > 0 else ""
    return sign + text


def price(value: Any) -> str:
    """Write a price with no more decimals than its size makes worth reading; an average may have any number of them."""
    figure = decimal(value)
    if figure is None:
        return NOTHING
    decimals = 2 if abs(figure) >= _LARGE else 6
    return number(value) if -int(figure.as_tuple().exponent) <= decimals else number(number_of(figure, decimals))


def number_of(figure: Decimal, decimals: int) -> Decimal:
    """Round to so many decimals. The usual 28 digits are too few for what an exchange may send."""
    with localcontext(prec=60):
        return figure.quantize(Decimal(1).scaleb(-decimals))


def coins(value: Any, currency: str, *, signed: bool = False, bare: bool = False) -> str:
    """Write an amount of a coin with as many decimals as are worth reading; ``bare`` leaves the coin's name out."""
    if decimal(value) is None:
        return NOTHING
    text = number(value, _DECIMALS.get(currency, 6), signed=signed)
    return text if bare or not currency else f"{text} {currency}"


def percent(value: Any, *, signed: bool = False, decimals: int = 2) -> str:
    """Write a share as per cent; 0.01 is 1 %."""
    figure = decimal(value)
    return NOTHING if figure is None else f"{number(figure * 100, decimals, signed=signed)}{THIN}%"


def decimal(value: Any) -> Decimal | None:
    """Read a number; None when it is none."""
    if value is None or value == "":
        return None
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return None
    return figure if figure.is_finite() else None


def tone(value: Any) -> str:
    """The class of a figure that may be a gain or a loss. Its sign says the same without a colour."""
    figure = decimal(value)
    return "" if figure is None or not figure else "gain" if figure > 0 else "loss"


def lasted(seconds: float, t: Words) -> str:
    """Write how long something took or takes: 4 s, 3 min, 2 h 5 min, 3 d 4 h."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}{THIN}{t('unit.s')}"
    if whole < _HOUR:
        return f"{whole // _MINUTE}{THIN}{t('unit.min')}"
    if whole < _DAY:
        return f"{whole // _HOUR}{THIN}{t('unit.h')} {whole % _HOUR // _MINUTE}{THIN}{t('unit.min')}"
    return f"{whole // _DAY}{THIN}{t('unit.d')} {whole % _DAY // _HOUR}{THIN}{t('unit.h')}"


def iso(at_ms: int) -> str:
    """Write a moment for machines."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(at_ms: int, now_ms: int, *, exact: bool = False) -> str:
    """Write a moment in UTC, with its date when that is not today. A script shows it in the reader's own zone."""
    moment, today = (datetime.fromtimestamp(each / 1000, UTC) for each in (at_ms, now_ms))
    time = moment.strftime("%H:%M:%S") + (f".{at_ms % 1000:03d}" if exact else "")
    return time if moment.date() == today.date() else f"{moment:%Y-%m-%d} {time}"


def moment(at_ms: int | None, now_ms: int, *, exact: bool = False) -> str:
    """Give the markup of a moment."""
    if at_ms is None:
        return NOTHING
    kind = "exact" if exact else "clock"
    stamp = iso(at_ms)
    shown = clock(at_ms, now_ms, exact=exact)
    return f'<time datetime="{stamp}" data-{kind}="{at_ms}" title="{stamp}">{shown}</time>'


def age(at_ms: int | None, now_ms: int, t: Words) -> str:
    """Give the markup of how long ago something was; a script lets it tick."""
    if at_ms is None:
        return str(html_escape(t("age.never")))
    text = lasted((now_ms - at_ms) / 1000, t)
    return f'<time datetime="{iso(at_ms)}" data-age="{at_ms}" title="{iso(at_ms)}">{html_escape(text)}</time>'
