"""A bracket on a clock that was set back between two lives of the process.

What is written down as later than now cannot have been. Waited for, it would keep a trade from being looked after for
as long as the clock was set back: an hour, in a winter night. Within one life the clock never jumps, and nothing here
changes anything.
"""

from dataclasses import replace

from trading.bracket.state import Bracket, Inquiry, Limits
from trading.marks import mark
from trading.values import Milliseconds


def on_this_clock(bracket: Bracket, now: Milliseconds, limits: Limits) -> Bracket:
    """The same bracket, with nothing ahead of now but what may be waited for from now on. Twice it changes nothing."""
    latest_wait = Milliseconds(now + limits.retry_ms_max)
    inquiries = tuple(_asked_before(inquiry, now) for inquiry in bracket.inquiries)
    if inquiries == bracket.inquiries and bracket.wait_until <= latest_wait:
        return bracket
    return replace(bracket, inquiries=inquiries, wait_until=min(bracket.wait_until, latest_wait))


def has_waited(bracket: Bracket, now: Milliseconds) -> bool:
    """Whether a resting entry had its time. One that began later than now has rested nobody knows how long."""
    if bracket.began_at > now:
        mark("entry-from-before-the-clock-was-set-back")
        return True
    return now >= bracket.plan.entry_until


def _asked_before(inquiry: Inquiry, now: Milliseconds) -> Inquiry:
    """An answer that was to come in another time is asked for again."""
    if inquiry.since <= now and (inquiry.asked_at is None or inquiry.asked_at <= now):
        return inquiry
    mark("asked-before-the-clock-was-set-back")
    return replace(inquiry, since=min(inquiry.since, now), asked_at=None)
