"""Make a failing history smaller while it still fails: end it earlier, then leave out happenings, halves first."""

from collections.abc import Callable

import msgspec

from simulation.history import Lived, live
from simulation.plan import MINUTE_MS, Plan

TRIES_MAX = 60


def shrink(
    plan: Plan, lived: Lived, *, tries_max: int = TRIES_MAX, lives: Callable[[Plan], Lived] = live
) -> tuple[Plan, Lived]:
    """Give a smaller plan that breaks the same promise, and what became of it."""
    promise = lived.violations[0].promise
    tries = 0

    def fails(candidate: Plan) -> Lived | None:
        nonlocal tries
        if tries >= tries_max:
            return None
        tries += 1
        found = lives(candidate)
        return found if found.violations and found.violations[0].promise == promise else None

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


def read_plan(raw: bytes) -> Plan:
    """A plan from its file."""
    return msgspec.json.decode(raw, type=Plan)


def write_plan(plan: Plan) -> bytes:
    """A plan as a file."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"
