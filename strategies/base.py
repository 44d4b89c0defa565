"""What a strategy is: parameters with bounds, and a function from what it sees to a decision.

It says where in, where out and why; size, orders and safety are not its affair. Everything it knows comes in
as arguments, so the same candles give the same decisions, live, on paper and in a test.
"""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, ClassVar

from trading.errors import ConfigError
from trading.facts import Candle, Ticker
from trading.instruments import Instrument
from trading.messages.journal import Checkpoint
from trading.values import Milliseconds, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A trade a strategy would like. The prices may lie between ticks; the key says which signal it was."""

    side: Side
    entry: Decimal | None
    stop: Decimal
    target: Decimal
    entry_ms: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a look at the market: the conditions, met or not, and a wish if all were."""

    text: str
    checkpoints: tuple[Checkpoint, ...] = ()
    wish: Wish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Typed parameters with defaults. A subclass lists its fields and checks them in `problems`."""

    cooldown_s: int = 5
    """Pause after a trade, or after a refused signal."""

    def problems(self) -> list[str]:
        """Everything that is wrong with these figures."""
        return [] if self.cooldown_s >= 1 else ["cooldown_s must be at least 1"]


class Strategy:
    """One strategy on one instrument. Subclasses decide; `candle_minutes` None means it looks at tickers alone."""

    kind: ClassVar[str]
    parameters: ClassVar[type[Parameters]] = Parameters
    candle_minutes: ClassVar[int | None] = None
    warm_up: ClassVar[int] = 0  # candles it needs before it can decide

    def __init__(self, given: Parameters) -> None:
        """Begin knowing nothing but its parameters."""
        self.given = given

    def learn(self, candle: Candle) -> None:
        """Take a closed candle in."""

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """Look at the newest prices and decide. Called only while it may open something."""
        raise NotImplementedError


def read_parameters(kind: type[Parameters], given: dict[str, Any], where: str) -> Parameters:
    """Make typed parameters of plain values.

    Raises:
        ConfigError: with every problem, each with its place.
    """
    known = {field.name: field for field in fields(kind)}
    problems = [f"{where}.{name}: there is no such parameter" for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, raw in given.items():
        if name not in known:
            continue
        wanted = str(known[name].type)
        try:
            values[name] = _read(raw, wanted)
        except (ValueError, ArithmeticError):
            problems.append(f"{where}.{name}: {raw!r} is not a {wanted}")
    if problems:
        raise ConfigError(problems)
    made = kind(**values)
    found = [f"{where}.{problem}" for problem in made.problems()]
    if found:
        raise ConfigError(found)
    return made


def _read(raw: Any, wanted: str) -> Any:
    if "Decimal" in wanted:
        number = Decimal(str(raw))
        if not number.is_finite():
            raise ValueError(raw)
        return number
    if "int" in wanted:
        if isinstance(raw, bool) or int(str(raw)) != raw:
            raise ValueError(raw)
        return int(raw)
    if "bool" in wanted:
        if not isinstance(raw, bool):
            raise ValueError(raw)
        return raw
    return str(raw)
