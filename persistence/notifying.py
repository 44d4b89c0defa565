"""What people have set about notices while the service runs, and how far the phone's messages have been read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from persistence.switches import Settings
from trading.errors import BadInput
from trading.notice_kinds import KINDS, Loudness
from trading.values import Milliseconds

LOUDNESS: Final = "notifications.kinds"
DAILY: Final = "notifications.daily_told"
READ: Final = "telegram.read:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How far the phone's messages have been read. ``doing`` is the command that was begun and not finished."""

    next_id: int = 0
    doing: str = ""


class Notifying:
    """Typed words for a few rows of the settings table."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def loudness(self) -> dict[str, Loudness]:
        """Give what a person has set, by kind; what is not in it is as configured."""
        kept: Any = self._settings.get(LOUDNESS, {})
        words = {word.value for word in Loudness}
        return {kind: Loudness(word) for kind, word in kept.items() if kind in KINDS and word in words}

    def set_loudness(self, changes: Mapping[str, Loudness | str | None], *, by: str, at: Milliseconds) -> None:
        """Set some kinds; None goes back to what is configured. Tell the notifier `LoudnessChanged` afterwards.

        Raises:
            BadInput: there is no such kind, or no such loudness; nothing was set.
        """
        wanted: dict[str, str] = {kind: word.value for kind, word in self.loudness().items()}
        for kind, loudness in changes.items():
            if kind not in KINDS:
                raise BadInput(f"there is no kind of notice called {kind!r}; there are {', '.join(KINDS)}")
            if loudness is None:
                wanted.pop(kind, None)
                continue
            if loudness not in {word.value for word in Loudness}:
                raise BadInput(f"{kind} can be {', '.join(Loudness)}, not {loudness!r}")
            wanted[kind] = Loudness(loudness).value
        self._settings.put(LOUDNESS, wanted, by=by, at=at)

    def daily_told(self) -> date | None:
        """Give the last day that the daily summary was told of."""
        kept = self._settings.get(DAILY)
        try:
            return None if kept is None else date.fromisoformat(str(kept))
        except ValueError:
            return None

    def set_daily_told(self, day: date, *, at: Milliseconds) -> None:
        """Remember it."""
        self._settings.put(DAILY, day.isoformat(), by="notifier", at=at)

    def read(self, bot: str) -> Read:
        """Give how far the messages to this bot have been read."""
        kept: Any = self._settings.get(READ + bot, {})
        return Read(next_id=int(kept.get("next_id", 0)), doing=str(kept.get("doing", "")))

    def set_read(self, bot: str, read: Read, *, at: Milliseconds) -> None:
        """Remember it; on disk when this returns, so that what comes next is done once at most."""
        self._settings.put(READ + bot, {"next_id": read.next_id, "doing": read.doing}, by="telegram", at=at)
