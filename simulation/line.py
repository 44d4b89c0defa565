"""Trouble of the line alone, which the exchange has no part in: it is refused, half-open, or cut again and again."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simulation.history import History

REFUSED, HALF_OPEN, CUTS = "refused", "half_open", "cuts"
LINE: Final = (REFUSED, HALF_OPEN, CUTS)
NOTICED_MS: Final = (15_000, 30_000, 45_000)
"""Of a half-open connection the service hears nothing, and knows it by that alone: until then it strikes anew."""


def begins(history: "History", trouble: str, what: dict[str, Any]) -> None:
    """The trouble begins, and its end is set."""
    if trouble == HALF_OPEN:
        history.world.pipe.goes_deaf()
        for ms in NOTICED_MS:
            history.later(ms, _still_deaf(history))
    elif trouble == REFUSED:
        cut(history)
        history.world.pipe.is_refusing = True
        history.later(what["ms"], lambda: _opens(history))
    else:
        for ms in range(0, what["ms"], what["every_ms"]):
            history.later(ms, lambda: cut(history))


def cut(history: "History") -> None:
    """Every connection breaks now, and both ends know it."""
    if history.is_over:
        return
    history.eye.strikes()
    history.world.runtime.after_ms(0, history.world.pipe.cut, background=False)


def mended(history: "History") -> None:
    """Connections come up again; what is half-open stays so until one end lets go."""
    history.world.pipe.is_refusing = False


def _opens(history: "History") -> None:
    history.eye.strikes()
    mended(history)


def _still_deaf(history: "History") -> Callable[[], None]:
    def look() -> None:
        if history.world.pipe.is_deaf:
            history.eye.strikes()

    return look
