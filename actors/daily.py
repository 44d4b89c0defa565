"""When the daily summary is due. Pure: the time is an argument, and the day is the day of the person's own zone.

Told once a day, also on the two odd days of the year: a time that the clock skips counts as that much later, of a time
that comes twice the first counts. A day on which nothing ran is caught up with at the next start, once.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from trading.values import Milliseconds

DAY = timedelta(days=1)


def moment(day: date, at: time, zone: tzinfo) -> Milliseconds:
    """When it is due on this day."""
    due = datetime.combine(day, at, tzinfo=zone)
    return Milliseconds(int(due.astimezone(UTC).timestamp() * 1000))


def last_due(now: Milliseconds, at: time, zone: tzinfo) -> date:
    """The day whose summary is the last one that was due."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    return today if moment(today, at, zone) <= now else today - DAY


def next_due(now: Milliseconds, at: time, zone: tzinfo) -> Milliseconds:
    """When the next one is due."""
    return moment(last_due(now, at, zone) + DAY, at, zone)


def owed(told: date | None, now: Milliseconds, at: time, zone: tzinfo) -> date | None:
    """The day whose summary is to be told now; None when there is none.

    ``told`` is the last day that was told of; None when nobody ever was: it begins with the next one. A day that lies
    ahead was told before the clock was set back, and is not believed further than tomorrow.
    """
    due = last_due(now, at, zone)
    if told is None:
        return None
    return due if told < due or told > due + DAY else None
