"""The read model: everything a person may want to see now, as plain values that are replaced and never changed.

The journal swaps the whole picture with one assignment; any thread reads it without a lock, and what it holds stays
as it was for as long as it looks. Times are the journal's own: when it heard of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trading.facts import Candle

Row = Mapping[str, Any]
Rows = Mapping[str, Row]

CANDLES_KEPT: Final = 1_000
ALERTS_KEPT: Final = 50
REFUSALS_KEPT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """When something last happened, on both clocks: one for people, one for measuring."""

    at_ms: int
    monotonic_ms: int

    def age_s(self, monotonic_ms: int) -> float:
        """How long ago that is."""
        return max(0, monotonic_ms - self.monotonic_ms) / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The link to the broker. ``last`` is when anything came over it."""

    is_up: bool = False
    is_wanted: bool = True
    reason: str = "not connected yet"
    since_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything at one moment. Rows by their natural key: order id, instrument, name, bracket id."""

    connection: Connection = Connection()
    reconciled: bool = False  # since the connection came up
    tickers: Rows = field(default_factory=dict)
    funds: Rows = field(default_factory=dict)
    orders: Rows = field(default_factory=dict)  # those that rest or wait
    positions: Rows = field(default_factory=dict)  # those that are not flat
    brackets: Rows = field(default_factory=dict)  # those that are not over
    strategies: Rows = field(default_factory=dict)
    issues: Rows = field(default_factory=dict)  # open ones, by instrument
    candles: Mapping[str, tuple[Candle, ...]] = field(default_factory=dict)  # closed ones by instrument, oldest first
    halt: Row | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    last_report: Row | None = None
    alerts: tuple[Row, ...] = ()  # the newest last
    refusals: tuple[Row, ...] = ()  # signals that were not taken, the newest last
    events: Mapping[str, int] = field(default_factory=dict)  # how many of each kind since the start
    unsaved: int = 0  # events the log did not take since it last took one
    tick: Beat | None = None
    candle: Beat | None = None
    reconcile: Beat | None = None
    fact: Beat | None = None  # anything from the exchange


class Board:
    """Holds the picture. It outlives the journal's incarnations, so a restarted journal goes on with it."""

    __slots__ = ("picture",)

    def __init__(self, picture: Picture | None = None) -> None:
        self.picture = picture or Picture()


def with_candles(known: Mapping[str, tuple[Candle, ...]], new: tuple[Candle, ...]) -> dict[str, tuple[Candle, ...]]:
    """Give the candles with new ones, in order; one that comes again is shown as it came last."""
    candles = dict(known)
    for candle in new:
        held = candles.get(candle.instrument, ())
        if held and held[-1].minutes != candle.minutes:
            held = ()
        if held and held[-1].opened_at >= candle.opened_at:
            by_time = {each.opened_at: each for each in (*held, candle)}
            candles[candle.instrument] = tuple(by_time[at] for at in sorted(by_time))[-CANDLES_KEPT:]
        else:
            candles[candle.instrument] = (*held[-CANDLES_KEPT + 1 :], candle)
    return candles


def with_row(rows: Rows, key: str, row: Row | None) -> Rows:
    """Give the rows with one set, or taken away; the rows given stay as they are."""
    if row is None:
        return rows if key not in rows else {each: kept for each, kept in rows.items() if each != key}
    return {**rows, key: row}
