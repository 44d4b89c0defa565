"""The daily summary as the notifier sees it: whether one is owed now, and its notice."""

from collections.abc import Callable
from datetime import date
from typing import Final

from actors import daily
from actors.notifier_settings import NotifierSettings
from persistence.notifying import Notifying
from persistence.outbox import Notice
from trading.bracket.effects import Severity
from trading.values import Milliseconds

KIND: Final = "daily_summary"
FAR_MS: Final = 86_400_000

Summary = Callable[[date, Milliseconds, Milliseconds], str]
"""Puts what happened between two moments into words, for this day."""


class Day:
    """Remembers, in the database, which day was told last."""

    def __init__(self, settings: NotifierSettings, notifying: Notifying | None, summary: Summary | None) -> None:
        self._at, self._zone = settings.daily_at, settings.zone
        self._notifying, self._summary = notifying, summary

    def owed(self, now: Milliseconds) -> tuple[date, Notice] | None:
        """Give the summary that is due, with its day: `told` it, once it is in the outbox.

        Its key keeps it from coming twice when that goes wrong.

        Raises:
            Unavailable: the database cannot be asked.
        """
        at, zone, notifying, summary = self._at, self._zone, self._notifying, self._summary
        if at is None or notifying is None or summary is None:
            return None
        told = notifying.daily_told()
        if told is None:
            notifying.set_daily_told(daily.last_due(now, at, zone), at=now)
            return None
        day = daily.owed(told, now, at, zone)
        if day is None:
            return None
        text = summary(day, daily.moment(day - daily.DAY, at, zone), now)
        return day, Notice(severity=Severity.INFO, type=KIND, text=text, dedupe_key=f"{KIND}:{day.isoformat()}")

    def told(self, day: date, now: Milliseconds) -> None:
        """Remember that this day was told of."""
        if self._notifying is not None:
            self._notifying.set_daily_told(day, at=now)

    def wait_ms(self, now: Milliseconds) -> int:
        """How long until the next one is due."""
        return FAR_MS if self._at is None else max(0, daily.next_due(now, self._at, self._zone) - now)
