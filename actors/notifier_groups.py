"""What repeats is told once and counted. Pure: time is an argument, and any clock that never goes back will do.

The first of a kind of trouble is told at once and opens a window; what comes again within it is only counted. At its
end the count is told, if there is one, and a window twice as long begins; if nothing came again, it is over.
"""

from dataclasses import dataclass, replace
from typing import Final

from trading.bracket.effects import Severity
from trading.messages.notices import Notice

KEYS_MAX: Final = 500  # kinds of trouble told apart at one time
OTHERS: Final = "(many others)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The newest of those that came again, and how many came within how long."""

    notice: Notice
    times: int
    within_ms: int


@dataclass(slots=True, kw_only=True)
class _Window:
    newest: Notice
    until: int
    length: int
    times: int = 0


class Groups:
    """The windows that are open."""

    def __init__(self, *, window_ms: int, window_ms_max: int) -> None:
        self._window_ms, self._window_ms_max = window_ms, window_ms_max
        self._windows: dict[tuple[Severity, str], _Window] = {}

    def take(self, notice: Notice, now: int, *, ago_ms: int = 0) -> bool:
        """Say whether to tell it; if not, it is counted. ``ago_ms`` takes up a window that was open before a restart.

        When there are too many windows, the rest of one severity shares one.
        """
        key = (notice.severity, notice.key)
        if key not in self._windows and len(self._windows) >= KEYS_MAX:
            key = (notice.severity, OTHERS)
        window = self._windows.get(key)
        if window is not None:
            window.newest, window.times = notice, window.times + 1
            return False
        length = self._window_ms
        self._windows[key] = _Window(newest=notice, until=now + length - ago_ms, length=length)
        return True

    def over(self, now: int) -> tuple[Again, ...]:
        """Close the windows that have ended; give what came again in them."""
        found = []
        for key, window in tuple(self._windows.items()):
            if window.until > now:
                continue
            if window.times == 0:
                del self._windows[key]
                continue
            found.append(_again(window))
            length = min(window.length * 2, self._window_ms_max)
            self._windows[key] = _Window(newest=window.newest, until=now + length, length=length)
        return tuple(found)

    def all(self) -> tuple[Again, ...]:
        """Close every window now."""
        windows, self._windows = self._windows, {}
        return tuple(_again(window) for window in windows.values() if window.times)

    def next_end(self) -> int | None:
        """Give when the next window ends."""
        return min((window.until for window in self._windows.values()), default=None)


def _again(window: _Window) -> Again:
    return Again(notice=window.newest, times=window.times, within_ms=window.length)


def told(again: Again) -> Notice:
    """Put it into words."""
    seconds = again.within_ms // 1000
    within = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"  # noqa: PLR2004 - two minutes read as such
    times = "once more" if again.times == 1 else f"{again.times} more times"
    return replace(again.notice, text=f"{again.notice.text} ({times} within {within})")
