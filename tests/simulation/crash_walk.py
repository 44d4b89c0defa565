"""Lives of a trade, and a death at a point of one of them: what is on disk and what has left stays, nothing else.

The points are found by living a life once and writing down the name of each that was passed (`Watcher.passed`); then it
is lived again for each of them, up to there. A dead service writes and sends nothing, what had left the house arrives.

    python -m tools.crash_points --simulated       every point of every life, in minutes
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Final

from exchange.faults import Rule
from tests.simulation.service_scene import INVERSE, LINEAR, Scene
from trading.bracket import Mode
from trading.messages import desk

OCCURRENCES_MAX: Final = 3
ON_THE_WAY_MS: Final = 60
NAKED_MS_MAX: Final = 2_800
"""The window, a market order's way, and the half second a start takes until it sees the account."""
NAKED_TWICE_MS_MAX: Final = 6_200
"""Where the death is the second thing that goes wrong: the window once before it, and once more for the guardian."""


class Died(BaseException):
    """The service is dead from here on. Nobody in it may catch this and live."""


class Watcher:
    """Told every point that is passed; the service dies at one of them."""

    def __init__(self, at: str = "", nth: int = 1) -> None:
        self.passed: Counter[str] = Counter()
        self.is_dead = self.is_armed = False
        self._at, self._nth = at, nth

    def __call__(self, name: str) -> None:
        if self.is_dead:
            if name.startswith(("commit:", "send:")):
                raise Died(name)
            return
        if not self.is_armed:
            return
        self.passed[name] += 1
        if name == self._at and self.passed[name] == self._nth:
            self.is_dead = True
            raise Died(name)

    def look(self) -> None:
        """Notice a death that happened inside an actor."""
        if self.is_dead:
            raise Died(self._at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A life to be lived."""

    life: str
    mode: Mode
    instrument: str

    def __str__(self) -> str:
        return f"{self.life}-{self.mode}-{self.instrument}"

    @property
    def naked_ms_max(self) -> int:
        """How long the position may have been without full cover."""
        return NAKED_TWICE_MS_MAX if self.life in {"cut", "refused"} else NAKED_MS_MAX

    def scene(self, watcher: Watcher) -> Scene:
        scene = Scene(seed=3, mode=self.mode, instrument=self.instrument, passed=watcher)
        scene.watch = watcher.look
        return scene


def points(case: Case) -> Counter[str]:
    """Live it without a death, and give every point it passed and how often."""
    watcher = Watcher()
    scene = case.scene(watcher)
    watcher.is_armed = True
    LIVES[case.life](scene)
    watcher.is_armed = False
    scene.check()
    return watcher.passed


def dies_at(case: Case, name: str, nth: int) -> Scene:
    """Live it up to a point, die, start again, and come to rest; what must hold then is checked from outside."""
    watcher = Watcher(name, nth)
    scene = case.scene(watcher)
    watcher.is_armed = True
    try:
        LIVES[case.life](scene)
    except Died:
        pass
    except Exception:
        # Who asked the dead got no answer; before the death an exception is one.
        if not watcher.is_dead:
            raise
    assert watcher.is_dead, f"{case}: {name} was not reached a {nth}. time"
    scene.watch, scene.excused = (lambda: None), False
    scene.runs(ON_THE_WAY_MS)
    watcher.is_armed = watcher.is_dead = False
    scene.crashes()
    scene.mended()
    scene.runs(2_000)
    scene.says(desk.Reconnect, resume=True)
    scene.says(desk.Halt, reason="to look at it")
    scene.runs(13_000)
    scene.check(naked_ms_max=case.naked_ms_max)
    scene.says(desk.Panic)
    scene.runs(4_000)
    assert not scene.position, f"{case}: {name}#{nth}"
    assert not scene.ours, f"{case}: {name}#{nth}"
    scene.check(naked_ms_max=case.naked_ms_max)
    return scene


# --- lives

LOST_AMOUNT: Final = {INVERSE: Decimal(1_000), LINEAR: Decimal("0.01")}
LOST_LABEL: Final = "tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa:e0"


def _ends_at_its_exits(scene: Scene) -> None:
    """Entry, stop, target; one trade ends by its stop, the next by its target."""
    for number, way in enumerate((-150, 150), start=1):
        scene.opens()
        scene.moves_by(way if scene.position > 0 else -way)
        scene.runs_until(lambda number=number: len(scene.trades()) == number)  # type: ignore[misc]
    scene.runs(1_000)


def _is_meddled_with(scene: Scene) -> None:
    """A person takes the stop away, then the target, closes a part, and then the rest."""
    scene.opens()
    for leg in "st":
        scene.hand_cancels(scene.leg(leg)[0])
        scene.runs(2_500)
    against = "sell" if scene.position > 0 else "buy"
    lot: Decimal = scene.market.spec.contract_size
    scene.hand(against, abs(scene.position) / 2 // lot * lot)
    scene.runs(1_500)
    scene.hand(against, abs(scene.position))
    scene.runs_until(scene.trades)
    scene.runs(1_000)


def _is_ended_by_a_person(scene: Scene) -> None:
    """Pause, resume, close, stop, start, an order of ours nobody knows, panic."""
    scene.opens()
    scene.says(desk.PauseStrategy, name="fasttest")
    scene.says(desk.ResumeStrategy, name="fasttest")
    scene.says(desk.CloseStrategy, name="fasttest")
    scene.runs_until(scene.trades)
    scene.says(desk.StopStrategy, name="fasttest")
    scene.runs(200)
    scene.hand("buy", LOST_AMOUNT[scene.instrument], type="limit", price=Decimal(63_500), label=LOST_LABEL)
    scene.says(desk.Reconcile)
    scene.runs(1_000)
    scene.says(desk.StartStrategy, name="fasttest")
    scene.opens()
    scene.says(desk.Panic)
    scene.runs(2_000)
    scene.says(desk.Unhalt)


def _is_cut_off(scene: Scene) -> None:
    """The line breaks before the entry's answer, a person reconnects; the next start finds the trade as it is."""
    scene.suffers(Rule(fault="socket_closed", method="private/buy|private/sell", when="after", count=1))
    scene.runs_until(lambda: scene.brackets)
    scene.excused = True
    scene.runs(500)
    scene.mended()
    scene.says(desk.Reconnect, resume=True)
    scene.runs(700)
    scene.excused = False
    scene.opens()
    scene.crashes()
    scene.runs(1_500)


def _is_refused(scene: Scene) -> None:
    """The exchange refuses one request after the entry, then trouble at the exit."""
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10047, after_n=1, count=1))
    scene.runs(6_000)
    scene.mended()
    scene.opens()
    scene.suffers(Rule(fault="reply_lost", method="private/buy|private/sell|private/edit|private/cancel", count=1))
    scene.says(desk.CloseStrategy, name="fasttest")
    scene.runs(9_000)


LIVES: Final[Mapping[str, Callable[[Scene], None]]] = {
    "exits": _ends_at_its_exits,
    "meddling": _is_meddled_with,
    "buttons": _is_ended_by_a_person,
    "cut": _is_cut_off,
    "refused": _is_refused,
}
CASES: Final = tuple(
    Case(life=life, mode=mode, instrument=instrument)
    for life, mode, instrument in product(LIVES, Mode, (INVERSE, LINEAR))
)


def deaths(case: Case, occurrences_max: int = OCCURRENCES_MAX) -> list[tuple[str, int]]:
    """Every point of a life, the first few times each."""
    found = points(case)
    return [(name, nth) for name in found for nth in range(1, min(found[name], occurrences_max) + 1)]
