"""Make a failing history smaller while it still fails: end it earlier, then leave out happenings, halves first."""

from collections.abc import Callable

import msgspec

from simulation.bounded import is_unending, live_in_time
from simulation.history import Lived
from simulation.plan import MINUTE_MS, Plan

TRIES_MAX = 60
CODE = "code"


def shrink(
    plan: Plan, *, tries_max: int = TRIES_MAX, lives: Callable[[Plan], Lived] = live_in_time
) -> tuple[Plan, Lived]:
    """Give a smaller plan that breaks the same promise, and what became of it.

    One that breaks none is given as it is: whatever it was that failed does not fail with this code.
    """
    lived = lives(plan)
    if not lived.violations or is_unending(lived):  # each look at one that does not end takes as long as one may take
        return plan, lived
    kind = _kind(lived)
    tries = 0

    def fails(candidate: Plan) -> Lived | None:
        nonlocal tries
        if tries >= tries_max:
            return None
        tries += 1
        found = lives(candidate)
        return found if found.violations and _kind(found) == kind else None

    # A history that fails before its end does not need what comes later.
    shorter = plan.until(lived.at_ms + MINUTE_MS)
    if shorter.length_ms < plan.length_ms and (found := fails(shorter)) is not None:
        plan, lived = shorter, found
    size = len(plan.happenings)
    while size >= 1 and plan.happenings and tries < tries_max:
        start, smaller = 0, False
        while start < len(plan.happenings):
            candidate = plan.without(range(start, start + size))
            found = fails(candidate)
            if found is None:
                start += size
            else:
                plan, lived, smaller = candidate, found, True
        if size == 1 and not smaller:
            break
        size = max(1, size // 2) if size > 1 else (1 if smaller else 0)
    return plan, lived


def _kind(lived: Lived) -> tuple[str, str]:
    """The promise; of code that failed the error, too: another error is another fault."""
    first = lived.violations[0]
    return first.promise, first.about if first.promise == CODE else ""


def read_plan(raw: bytes) -> Plan:
    """A plan from its file."""
    return msgspec.json.decode(raw, type=Plan)


def write_plan(plan: Plan) -> bytes:
    """A plan as a file."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"
