"""A trade in which everything is asked of the exchange, and one of these requests that goes wrong in one way.

The requests are found by trading once and writing down each that leaves. The n-th of its method then goes wrong, before
it takes effect or after: lost, late, doubled, refused, told to be a failure, or with the connection.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from exchange.faults import Rule
from tests.simulation.service_scene import Scene
from trading.bracket import Mode
from trading.messages import desk

LATE_MS: Final = 7_000
"""Later than any request is waited for, and than it may still take effect."""
WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "lost before": {"fault": "request_lost"},
    "lost after": {"fault": "reply_lost"},
    "late before": {"fault": "request_late", "delay_ms": LATE_MS},
    "late after": {"fault": "reply_late", "delay_ms": LATE_MS},
    "doubled after": {"fault": "reply_duplicated"},
    "refused before": {"fault": "refused", "code": 10047},
    "refused after": {"fault": "failed", "code": 13028},
    "cut before": {"fault": "socket_closed", "when": "before"},
    "cut after": {"fault": "socket_closed", "when": "after"},
}
NAKED_MS_MAX: Final = 2_300
"""The window, and a market order's way."""
NAKED_UNKNOWN_MS_MAX: Final = 4_700
"""Where nobody knows what became of the order that should have helped: the guardian's turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """The n-th request of a method goes wrong in this way."""

    method: str
    nth: int
    leg: str
    way: str
    mode: Mode

    @property
    def naked_ms_max(self) -> int:
        """How long the position may be without full cover."""
        # Requests of one socket keep their order: behind a late one the whole line stands still.
        return NAKED_UNKNOWN_MS_MAX + (LATE_MS if self.way == "late before" else 0)

    def __str__(self) -> str:
        return f"{self.mode} {self.method}{self.leg and ':'}{self.leg} #{self.nth}, {self.way}"


def trades(scene: Scene) -> None:
    """A trade is opened, meddled with, and ends by an exit; another is ended by a person. Nothing is waited for."""
    scene.runs(4_000)
    for leg in "st":
        for order in scene.leg(leg):
            scene.hand_cancels(order)
        scene.runs(2_500)
    lot: Decimal = scene.market.spec.contract_size
    if abs(scene.position) > 2 * lot:
        scene.hand("sell" if scene.position > 0 else "buy", abs(scene.position) / 2 // lot * lot)
    scene.runs(2_500)
    scene.moves_by(150 if scene.position > 0 else -150)
    scene.runs(8_000)
    scene.says(desk.Reconcile)
    scene.runs(1_000)
    scene.says(desk.CloseStrategy, name="fasttest")
    scene.says(desk.Halt, reason="enough")


@cache
def requests(mode: Mode) -> tuple[tuple[str, int, str], ...]:
    """Trade once: every request that left from the first entry on, as its method, which of them it was, and the leg."""
    sent: list[tuple[str, int, str]] = []
    counted: Counter[str] = Counter()

    def passed(name: str) -> None:
        if name.startswith("send:") and name.endswith(":before"):
            _, method, *leg, _ = name.split(":")
            sent.append((method, counted[method], "".join(leg)))
            counted[method] += 1

    scene = _scene(mode, passed)
    trades(scene)
    first = next(number for number, (_, _, leg) in enumerate(sent) if leg == "entry")
    found = tuple(sent[first:])
    _comes_to_an_end(scene, NAKED_MS_MAX)
    return found


def all_wrongs(mode: Mode, way: str) -> list[Wrong]:
    """Every request of the trade, gone wrong in this way."""
    return [Wrong(method=method, nth=nth, leg=leg, way=way, mode=mode) for method, nth, leg in requests(mode)]


def suffers(wrong: Wrong) -> Scene:
    """Trade with this going wrong; nothing promised is broken, and all is flat in the end."""
    scene = _scene(wrong.mode)
    scene.suffers(Rule(method=wrong.method, after_n=wrong.nth, count=1, **WAYS[wrong.way]))

    def look() -> None:
        # While the connection is down the stops that rest are the cover.
        scene.excused = not scene.pipe._transports

    scene.watch = look
    trades(scene)
    _comes_to_an_end(scene, wrong.naked_ms_max)
    assert scene.exchange.faults.injected, f"{wrong}: it never went wrong"
    return scene


def _scene(mode: Mode, passed: Any = None) -> Scene:
    return Scene(seed=9, mode=mode, auto_reconnect=True, passed=passed)


def _comes_to_an_end(scene: Scene, naked_ms_max: int) -> None:
    scene.runs(20_000)
    assert not scene.position
    assert not scene.ours
    scene.check(naked_ms_max=naked_ms_max)
