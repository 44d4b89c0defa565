"""What must be true before a bracket may open, asked in order of importance. The first no is the answer.

Each refusal has a code that never changes its meaning and a sentence for people.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.errors import Refused
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.marks import mark
from trading.signal import Signal
from trading.values import Milliseconds, Side


@unique
class GuardCode(StrEnum):
    """Why a signal was not taken."""

    HALTED = "halted"
    DISCONNECTED = "disconnected"
    NOT_RECONCILED = "not_reconciled"
    QUARANTINED = "quarantined"
    ORPHANS_KNOWN = "orphans_known"
    INSTRUMENT_TAKEN = "instrument_taken"
    POSITION_HELD = "position_held"
    STORE_FAILING = "store_failing"
    INSTRUMENT_UNKNOWN = "instrument_unknown"
    INSTRUMENT_CLOSED = "instrument_closed"
    NO_PRICE = "no_price"
    STALE_PRICE = "stale_price"
    OFF_TICK = "off_tick"
    WRONG_SIDE = "wrong_side"
    SETTLEMENT_NEAR = "settlement_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the order manager knows when a signal comes."""

    now: Milliseconds
    halt: str | None
    is_up: bool
    is_reconciled: bool
    store_works: bool
    quarantined: str | None
    """Why this instrument is quarantined."""
    orphans: int
    taken_by: str | None
    """The open bracket on this instrument."""
    held: Decimal
    """What the account holds of this instrument. Without a trade of ours it is somebody else's."""
    instrument: Instrument | None
    ticker: Ticker | None
    price_age_ms_max: int = 10_000


_DAY_MS = 86_400_000
_SETTLEMENT_MS = 8 * 3_600_000
_BEFORE_MS, _AFTER_MS = 10_000, 30_000


def refusal(signal: Signal, standing: Standing) -> Refused | None:
    """Say why this signal may not be taken now; None when it may."""
    for code, is_so, sentence in _global(signal, standing):
        if is_so:
            if code is GuardCode.NOT_RECONCILED:
                mark("opening-refused-before-comparing")
            return Refused(code=code.value, sentence=sentence)
    instrument, ticker = standing.instrument, standing.ticker
    if instrument is None:
        return _no(GuardCode.INSTRUMENT_UNKNOWN, f"the exchange has not told the specs of {signal.instrument} yet")
    if not instrument.is_tradable:
        return _no(GuardCode.INSTRUMENT_CLOSED, f"{signal.instrument} does not trade now")
    if ticker is None:
        return _no(GuardCode.NO_PRICE, f"there is no price of {signal.instrument} yet")
    age_ms = standing.now - ticker.at
    if age_ms > standing.price_age_ms_max:
        mark("old-price-refused")
        return _no(GuardCode.STALE_PRICE, f"the price of {signal.instrument} is {age_ms // 1000} s old")
    return _prices(signal, instrument, ticker)


def _no(code: GuardCode, sentence: str) -> Refused:
    return Refused(code=code.value, sentence=sentence)


def _global(signal: Signal, standing: Standing) -> tuple[tuple[GuardCode, bool, str], ...]:
    instrument = signal.instrument
    of_day = standing.now % _DAY_MS
    settles = _SETTLEMENT_MS - _BEFORE_MS <= of_day <= _SETTLEMENT_MS + _AFTER_MS
    return (
        (GuardCode.HALTED, standing.halt is not None, f"trading is halted: {standing.halt}"),
        (GuardCode.DISCONNECTED, not standing.is_up, "there is no connection to the broker"),
        (GuardCode.NOT_RECONCILED, not standing.is_reconciled, "database and exchange have not been compared yet"),
        (GuardCode.STORE_FAILING, not standing.store_works, "the database does not take writes"),
        (
            GuardCode.QUARANTINED,
            standing.quarantined is not None,
            f"{instrument} waits for a person: {standing.quarantined}",
        ),
        (GuardCode.ORPHANS_KNOWN, standing.orphans > 0, f"{standing.orphans} orders of ours rest without a trade"),
        (
            GuardCode.INSTRUMENT_TAKEN,
            standing.taken_by is not None,
            f"{instrument} has an open trade already: {standing.taken_by}",
        ),
        (
            GuardCode.POSITION_HELD,
            standing.held != 0,
            f"the account holds {standing.held} of {instrument} that no trade of ours explains",
        ),
        (GuardCode.SETTLEMENT_NEAR, settles, "the daily settlement at 08:00 UTC is too near"),
    )


def _prices(signal: Signal, instrument: Instrument, ticker: Ticker) -> Refused | None:
    """Ticks, and every price on its side."""
    named = (("entry", signal.entry), ("stop", signal.stop), ("target", signal.target))
    for name, price in named:
        if price is not None and not (price.is_finite() and price > 0 and instrument.is_on_tick(price)):
            return _no(GuardCode.OFF_TICK, f"the {name} price {price} is not on a tick of {signal.instrument}")
    near = ticker.ask if signal.side is Side.BUY else ticker.bid
    entry = signal.entry or near
    if entry is None:
        return _no(GuardCode.NO_PRICE, f"nobody offers {signal.instrument} on that side")
    sign = signal.side.sign
    if (entry - signal.stop) * sign <= 0:
        return _no(GuardCode.WRONG_SIDE, f"the stop {signal.stop} is not beyond the entry {entry}")
    if (signal.target - entry) * sign <= 0:
        return _no(GuardCode.WRONG_SIDE, f"the target {signal.target} is not beyond the entry {entry}")
    market = ticker.mark
    if (market - signal.stop) * sign <= 0:
        return _no(GuardCode.WRONG_SIDE, f"the market at {market} has passed the stop {signal.stop} already")
    return None
