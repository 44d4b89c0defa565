"""What a fault rule is: which fault, on what occasion, to whom, how often, how much.

`KINDS` is the whole menu. A kind strikes a request, a push, or the world and the sessions in it; the last sort may be
set off by a request, by a push, or by time alone.
"""

from collections.abc import Iterator
from random import Random
from typing import Annotated, Final, Literal, NamedTuple, get_args

import msgspec

Fault = Literal[
    "request_lost",
    "request_late",
    "reply_lost",
    "reply_late",
    "reply_duplicated",
    "push_before_reply",
    "refused",
    "failed",
    "partial_fill",
    "stale_snapshot",
    "push_lost",
    "push_late",
    "push_duplicated",
    "push_reordered",
    "socket_closed",
    "half_open",
    "slow",
    "subscription_lost",
    "token_expired",
    "credits_gone",
    "gap",
    "thin_book",
    "index_locked",
    "maintenance",
    "meddling",
    "clock_jump",
]
FAULTS: Final[tuple[str, ...]] = get_args(Fault)


class Kind(NamedTuple):
    """Where a fault strikes, and which figures it must and may be given."""

    strikes: Literal["request", "push", "world"]
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


def _kind(strikes: Literal["request", "push", "world"], needs: str = "", takes: str = "") -> Kind:
    return Kind(strikes, frozenset(needs.split()), frozenset(f"{needs} {takes}".split()))


KINDS: Final[dict[str, Kind]] = {
    "request_lost": _kind("request"),
    "request_late": _kind("request", "delay_ms"),
    "reply_lost": _kind("request"),
    "reply_late": _kind("request", "delay_ms"),
    "reply_duplicated": _kind("request"),
    "push_before_reply": _kind("request"),
    "refused": _kind("request", "code", "message"),
    "failed": _kind("request", "", "code message"),
    "partial_fill": _kind("request", "fraction"),
    "stale_snapshot": _kind("request", "duration_ms"),
    "push_lost": _kind("push"),
    "push_late": _kind("push", "delay_ms"),
    "push_duplicated": _kind("push"),
    "push_reordered": _kind("push", "delay_ms"),
    "socket_closed": _kind("world", "", "code message delay_ms"),
    "half_open": _kind("world", "", "duration_ms delay_ms"),
    "slow": _kind("world", "delay_ms duration_ms"),
    "subscription_lost": _kind("world", "", "silent delay_ms"),
    "token_expired": _kind("world", "", "delay_ms"),
    "credits_gone": _kind("world", "", "delay_ms"),
    "gap": _kind("world", "percent", "toward delay_ms"),
    "thin_book": _kind("world", "fraction duration_ms", "delay_ms"),
    "index_locked": _kind("world", "duration_ms", "delay_ms"),
    "maintenance": _kind("world", "duration_ms", "delay_ms"),
    "meddling": _kind("world", "", "what delay_ms"),
    "clock_jump": _kind("world", "skip_ms", "delay_ms"),
}
FIGURES: Final = frozenset().union(*(kind.takes for kind in KINDS.values()))
OCCASIONS: Final = ("method", "channel", "every_ms", "at_ms")

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
_DAY_MS: Final = 86_400_000

# A figure, or a range to draw from. Bounds are checked by the rule: msgspec 0.22 crashes on a bounded number that
# may also be a tuple.
Millis = int | tuple[int, int]
Share = float | tuple[float, float]
BOUNDS: Final = {"delay_ms": (0, 7 * _DAY_MS), "duration_ms": (0, 7 * _DAY_MS), "fraction": (0, 1), "percent": (0, 90)}


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault with its conditions and figures. Patterns are globs; `a|b` is either. Every condition must hold."""

    fault: Fault
    # The occasion: a request, a push, or time. Request and push faults need none: then it is any.
    method: str | None = None
    channel: str | None = None
    every_ms: Annotated[int, msgspec.Meta(ge=1)] | None = None  # on average, at random moments
    at_ms: _Count | None = None  # once, this long after the plan began
    # To whom.
    label: str = "*"  # of the request
    client_id: str = "*"
    instrument_name: str = "*"
    direction: Literal["buy", "sell"] | None = None  # of the request
    # How often.
    probability: _Part = 1.0
    after_n: _Count = 0  # so many occasions pass unharmed first
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None  # at most so many times
    from_ms: _Count = 0  # the window in which it may strike, since the plan began
    to_ms: _Count | None = None
    # How.
    when: Literal["before", "after"] = "after"  # the execution of the request that sets a world fault off
    delay_ms: Millis | None = None
    duration_ms: Millis | None = None
    code: int | None = None
    message: str | None = None
    fraction: Share | None = None
    percent: Share | None = None
    toward: Literal["up", "down", "against", "either"] | None = None  # against: the direction of the request
    what: Literal["trade", "cancel", "close", "any"] | None = None
    silent: str | None = None  # the channels that fall silent, a glob
    skip_ms: Annotated[int, msgspec.Meta(ge=-_DAY_MS, le=_DAY_MS)] | None = None

    def __post_init__(self) -> None:
        problems = [*self._wrong_occasion(), *self._wrong_figures(), *self._wrong_windows()]
        if problems:
            raise ValueError("\n".join(problems))

    @property
    def kind(self) -> Kind:
        return KINDS[self.fault]

    @property
    def occasion(self) -> Literal["request", "push", "time"]:
        """What sets it off."""
        if self.kind.strikes == "request" or self.method is not None:
            return "request"
        if self.kind.strikes == "push" or self.channel is not None:
            return "push"
        return "time"

    def _wrong_occasion(self) -> Iterator[str]:
        given = [name for name in OCCASIONS if getattr(self, name) is not None]
        match self.kind.strikes:
            case "request" if given not in ([], ["method"]):
                yield f"{self.fault} strikes a request: it takes method, not {_listed(given, 'method')}"
            case "push" if given not in ([], ["channel"]):
                yield f"{self.fault} strikes a push: it takes channel, not {_listed(given, 'channel')}"
            case "world" if len(given) != 1:
                had = f"not {_listed(given)} together" if given else "and has none"
                yield f"{self.fault} needs one occasion of method, channel, every_ms or at_ms, {had}"
        if self.occasion != "request":
            told = {"label": self.label != "*", "direction": self.direction, "when": self.when == "before"}
            for name, is_given in told.items():
                if is_given:
                    yield f"{name} belongs to a request, and this {self.fault} is not set off by one"
        if self.occasion == "push" and self.instrument_name != "*" and self.kind.strikes == "push":
            yield "instrument_name does not choose a push: write the instrument into channel"

    def _wrong_figures(self) -> Iterator[str]:
        given = {name for name in FIGURES if getattr(self, name) is not None}
        for name in sorted(self.kind.needs - given):
            yield f"{self.fault} needs {name}"
        for name in sorted(given - self.kind.takes):
            takes = _listed(sorted(self.kind.takes)) if self.kind.takes else "no figure"
            yield f"{self.fault} has no use for {name}: it takes {takes}"
        for name, (least, most) in BOUNDS.items():
            figure = getattr(self, name)
            low, high = figure if isinstance(figure, tuple) else (figure, figure)
            if figure is not None and not (least <= low and high <= most):
                yield f"{name} is between {least} and {most}, and {low if low < least else high} is not"
            if figure is not None and low > high:
                yield f"{name} runs backwards: {low} to {high}"
        if self.toward == "against" and self.occasion != "request":
            yield "toward against means against a request's direction, and no request sets this gap off"

    def _wrong_windows(self) -> Iterator[str]:
        if self.to_ms is not None and self.to_ms <= self.from_ms:
            yield f"to_ms ({self.to_ms}) is not after from_ms ({self.from_ms}): it would never strike"
        if self.at_ms is not None and self.count is not None:
            yield "at_ms strikes once: count has no meaning beside it"


def _listed(names: list[str], but: str = "") -> str:
    return " and ".join(name for name in names if name != but)


def whole(figure: int | tuple[int, int] | None, draw: Random, unset: int = 0) -> int:
    """A figure of milliseconds: as given, or drawn from its range."""
    if figure is None:
        return unset
    return draw.randint(*figure) if isinstance(figure, tuple) else figure


def part(figure: float | tuple[float, float] | None, draw: Random) -> float:
    """The same for fractions and percents."""
    assert figure is not None, "the rule was checked to have it"
    return draw.uniform(*figure) if isinstance(figure, tuple) else figure
