"""Charts as SVG, drawn here and styled by the stylesheet. Shapes stretch with the page, letters do not.

How that is done: the outer drawing has no view box, so its text keeps its size and sits at a share of the width; the
shapes lie in an inner drawing that is stretched. The names of levels stand right of the plot, in a room whose width the
stylesheet knows: a share of a phone's width would be too little for a name, and it would lie over the newest candle.
Floats are good enough for a picture; no figure is computed from it.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bottle import html_escape

from webui.pages.words import number

WIDE: Final = 1000
_LABEL_APART: Final = 15  # so far apart that two lines of text do not touch
_HALF_LETTER: Final = 4  # from the middle of a line of text to its foot
_TOP, _BOTTOM = 14, 22  # room for what stands above and below the shapes
_ROOM_RIGHT: Final = 0.015  # of the width, kept free after the newest bar
_BRIEF: Final = 8  # letters; a longer name of a level wants more room beside the plot
_CANDLES_WIDE_MIN: Final = 40  # bars that fill the width; fewer stand at the right of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One candle."""

    at: int
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A price that holds over the whole chart. ``kind`` is its class: stop, target, entry, exit, mark."""

    kind: str
    price: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a price: a fill. ``kind`` is its class: buy or sell."""

    kind: str
    at: int
    price: float
    text: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """From what is shown to places in the drawing."""

    first: float
    last: float
    low: float
    high: float
    height: int

    def x(self, at: float) -> float:
        """Give a share of the width, 0 to 1."""
        return (at - self.first) / max(1.0, self.last - self.first)

    def y(self, price: float) -> float:
        inside = self.height - _TOP - _BOTTOM
        return _TOP + inside * (1 - (price - self.low) / max(1e-12, self.high - self.low))


def price_chart(
    bars: Sequence[Bar],
    levels: Iterable[Level] = (),
    marks: Iterable[Mark] = (),
    *,
    until: int,
    title: str,
    height: int = 260,
) -> str:
    """Draw candles with the prices that matter and the fills that were."""
    levels, marks = list(levels), list(marks)
    times = [bar.at for bar in bars] + [mark.at for mark in marks]
    if not times:
        return ""
    prices = [bar.low for bar in bars] + [bar.high for bar in bars]
    prices += [level.price for level in levels] + [mark.price for mark in marks]
    step = _step(bars)
    last = max([*times, until])
    # Few bars stand at the right of a width they would not fill; fills without bars have what they need around them.
    first = min(*times, last - step * _CANDLES_WIDE_MIN) if bars else min(*times, last) - (last - min(times)) * 0.1 - 1
    scale = _Scale(first, last + (last - first) * _ROOM_RIGHT + 1, *_padded(prices), height)
    shapes = [_candles(bars, scale, step)]
    shapes += [_across(level.kind, scale.y(level.price)) for level in levels]
    over = [*_edges(scale), *_times(scale, last), *(_fill(mark, scale) for mark in marks)]
    longest = max((len(level.text) for level in levels), default=0)
    room = "" if not longest else " named" if longest > _BRIEF else " brief"
    return _drawing(f"chart price{room}", title, height, shapes, over, _labels(levels, scale))


def line_chart(points: Sequence[tuple[int, float]], *, title: str, height: int = 160) -> str:
    """Draw one figure over time, with the line of zero."""
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low, high = _padded([0.0, *(value for _, value in points)])
    scale = _Scale(points[0][0], points[-1][0], low, high, height)
    places = [(scale.x(at) * WIDE, scale.y(value)) for at, value in points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    zero = scale.y(0)
    area = f"{path}L{places[-1][0]:.1f} {zero:.1f}L{places[0][0]:.1f} {zero:.1f}Z"
    kind = "gain" if points[-1][1] >= 0 else "loss"
    shapes = [
        f'<path class="area {kind}" d="{area}"/>',
        _across("zero", zero),
        f'<path class="line {kind}" d="{path}" vector-effect="non-scaling-stroke"/>',
    ]
    return _drawing("chart equity", title, height, shapes, _times(scale, scale.last))


def ladder(stop: float, entry: float, target: float, mark: float | None, *, title: str) -> str:
    """Draw where the price stands on its way: stop at the left, target at the right, whatever the direction."""
    span = target - stop
    if not span:
        return ""

    def share(price: float) -> float:
        return min(100.0, max(0.0, (price - stop) / span * 100))

    at_entry = share(entry)
    pieces = [
        '<line class="track" x1="0" x2="100%" y1="14" y2="14"/>',
        f'<line class="risk" x1="0" x2="{at_entry:.1f}%" y1="14" y2="14"/>',
        f'<line class="reward" x1="{at_entry:.1f}%" x2="100%" y1="14" y2="14"/>',
        '<line class="stop" x1="1" x2="1" y1="6" y2="22"/>',
        '<svg class="far" x="100%" overflow="visible"><line class="target" x1="-1" x2="-1" y1="6" y2="22"/></svg>',
        f'<line class="entry" x1="{at_entry:.1f}%" x2="{at_entry:.1f}%" y1="8" y2="20"/>',
    ]
    if mark is not None:
        pieces.append(f'<circle class="mark" cx="{share(mark):.1f}%" cy="14" r="6"/>')
    return (
        f'<svg class="ladder" width="100%" height="28" role="img" aria-label="{html_escape(title)}">'
        f"{''.join(pieces)}</svg>"
    )


def strip(values: Sequence[int | None], *, title: str) -> str:
    """Draw one cell for each hour: nothing wrong, something wrong, or not measured."""
    step = WIDE / max(1, len(values))
    cells = []
    for place, value in enumerate(values):
        kind, top = ("none", 10) if value is None else ("zero", 6) if not value else ("some", 0)
        cells.append(
            f'<rect class="{kind}" x="{place * step + 2:.1f}" y="{top}" width="{step - 6:.1f}" height="{14 - top}"/>'
        )
    return (
        f'<svg class="strip" width="100%" height="14" viewBox="0 0 {WIDE} 14" preserveAspectRatio="none" role="img"'
        f' aria-label="{html_escape(title)}">{"".join(cells)}</svg>'
    )


# --- pieces


def _drawing(
    kind: str, title: str, height: int, shapes: Sequence[str], over: Sequence[str], beside: Sequence[str] = ()
) -> str:
    """Shapes that stretch, what keeps its size over them, and what stands beside both."""
    names = f'<svg width="100%" height="{height}">{"".join(beside)}</svg>' if beside else ""
    return (
        f'<div class="{kind}" role="img" aria-label="{html_escape(title)}"><svg width="100%" height="{height}">'
        f'<svg class="shapes" width="100%" height="{height}" viewBox="0 0 {WIDE} {height}" preserveAspectRatio="none">'
        f"{''.join(shapes)}</svg>{''.join(over)}</svg>{names}</div>"
    )


def _candles(bars: Sequence[Bar], scale: _Scale, step: float) -> str:
    wicks: list[str] = []
    rises: list[str] = []
    falls: list[str] = []
    half = max(1.2, (scale.x(scale.first + step) - scale.x(scale.first)) * WIDE * 0.34)
    for bar in bars:
        x = scale.x(bar.at + step / 2) * WIDE
        wicks.append(f"M{x:.1f} {scale.y(bar.high):.1f}V{scale.y(bar.low):.1f}")
        top, bottom = scale.y(max(bar.open, bar.close)), scale.y(min(bar.open, bar.close))
        body = f"M{x - half:.1f} {top:.1f}h{2 * half:.1f}v{max(1.0, bottom - top):.1f}h-{2 * half:.1f}Z"
        (rises if bar.close >= bar.open else falls).append(body)
    return (
        f'<path class="wick" d="{"".join(wicks)}" vector-effect="non-scaling-stroke"/>'
        f'<path class="rise" d="{"".join(rises)}"/><path class="fall" d="{"".join(falls)}"/>'
    )


def _across(kind: str, y: float) -> str:
    return f'<path class="level {html_escape(kind)}" d="M0 {y:.1f}H{WIDE}" vector-effect="non-scaling-stroke"/>'


def _labels(levels: Sequence[Level], scale: _Scale) -> list[str]:
    """Names of the levels at the end of their lines, moved apart where they would touch."""
    ordered = sorted(levels, key=lambda each: scale.y(each.price))
    places: list[float] = []
    for level in ordered:
        places.append(max([scale.y(level.price) + _HALF_LETTER, *(place + _LABEL_APART for place in places[-1:])]))
    below = float(scale.height)
    for row, place in reversed(list(enumerate(places))):  # none stands under the chart
        below = places[row] = min(place, below - (_LABEL_APART if row < len(places) - 1 else _HALF_LETTER))
    return [
        f'<text class="{html_escape(level.kind)}" x="100%" dx="-2" y="{place:.0f}" text-anchor="end">'
        f"{html_escape(level.text)}</text>"
        for level, place in zip(ordered, places, strict=True)
    ]


def _fill(mark: Mark, scale: _Scale) -> str:
    shape = "M0 2 6 12H-6Z" if mark.kind == "buy" else "M0 -2 6 -12H-6Z"
    return (
        f'<svg x="{scale.x(mark.at) * 100:.2f}%" y="{scale.y(mark.price):.1f}" overflow="visible">'
        f'<path class="fill {html_escape(mark.kind)}" d="{shape}"><title>{html_escape(mark.text)}</title></path></svg>'
    )


def _edges(scale: _Scale) -> list[str]:
    """The highest and the lowest price shown, at the left."""
    decimals = 2 if scale.high < 1_000 else 0  # noqa: PLR2004 - small prices need their decimals
    top, bottom = number(scale.high, decimals), number(scale.low, decimals)
    return [
        f'<text class="axis" x="4" y="{_TOP - 2}">{top}</text>',
        f'<text class="axis" x="4" y="{scale.height - _BOTTOM - 2}">{bottom}</text>',
    ]


def _times(scale: _Scale, newest: float) -> list[str]:
    """Where it begins, the middle, and the newest that is known: no time stands there that has not come yet."""
    found = []
    for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = int(scale.first + (newest - scale.first) * part)
        share = scale.x(at)
        minutes = at // 60_000 % 1440
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
        found.append(
            f'<text class="axis" x="{share * 100:.1f}%" y="{scale.height - 6}" text-anchor="{anchor}"'
            f' data-minute="{at}">{clock}</text>'
        )
    return found


def _step(bars: Sequence[Bar]) -> float:
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(bars) if later.at > earlier.at]
    return float(min(gaps, default=60_000))


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    away = (high - low) * 0.1 or abs(high) * 0.001 or 1.0
    return low - away, high + away
