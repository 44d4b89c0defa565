"""The plan of a seed, pressed into a minute or two: the same kinds of trouble, nearer to each other.

Both worlds live what comes of it, so each kind that only one of them can do is left out of both, and counted.
"""

from collections import Counter
from decimal import Decimal
from typing import Any, Final

import msgspec

from exchange.faults.rules import Rule
from simulation.plan import HOUR_MS, Happening, Plan, RunnerPlan, draw

POSSIBLE: Final = frozenset({"storm", "crash", "press", "hand", "disk", "tend"})
"""A single actor of a real process can be neither killed nor hung from outside, and its clock is the machine's."""
DRAWN_DAYS: Final = 0.02
APART_S: Final = 3
"""Seconds for each happening: a start alone takes one or two."""
NOON_MS: Final = 3 * HOUR_MS
"""Away from the hour in which the exchange settles: the real exchange of this check lives at the hour it is run at."""
STEP_MS_MIN: Final = 100
STEP_PART: Final = 4
TROUBLE_MS: Final = (300, 5_000)
STORM_MS_MIN: Final = 6_000
RULE_MS_MIN: Final = 1_000
PERIOD_S_MIN: Final = 4
ENTRY_S_MIN: Final = 3
FAILS_EVERY_MAX: Final = 100
QUIET_MS: Final = 1_000
"""So often the simulated world shows a price when nothing moves: a strategy must not wait half a minute for one."""
RESTLESS: Final = "wild"
NEAR_BPS: Final = (Decimal(5), Decimal(8))
"""Prices go as far in a minute as they do in a minute: trades end within it when stop and target are near."""
RECONCILE_MS: Final = {60_000: 8_000, 300_000: 20_000}


def squeezed(seed: int, seconds: int) -> tuple[Plan, Counter[str]]:
    """The plan, and what was left out of it by kind. As many happenings as there is time for, the first ones."""
    whole = draw(seed, faults="all", days=DRAWN_DAYS)
    left_out = Counter(one.kind for one in whole.happenings if one.kind not in POSSIBLE)
    kept = [one for one in whole.happenings if one.kind in POSSIBLE][: max(1, seconds // APART_S)]
    end_ms = kept[-1].at_ms + 1 if kept else whole.length_ms
    part = min(1.0, seconds * 1_000 / end_ms)
    plan = msgspec.structs.replace(
        whole,
        length_ms=seconds * 1_000,
        profile=RESTLESS,
        step_ms=max(STEP_MS_MIN, whole.step_ms // STEP_PART),
        quiet_ms=QUIET_MS,
        reconcile_ms=RECONCILE_MS.get(whole.reconcile_ms, whole.reconcile_ms),
        runners=tuple(_runner(one, seconds * 1_000 / whole.length_ms) for one in whole.runners),
        happenings=tuple(_happening(one, part) for one in kept),
        start_ms=NOON_MS,
    )
    return plan, left_out


def _runner(one: RunnerPlan, part: float) -> RunnerPlan:
    """A strategy that trades as often in the shorter time."""
    given = one.parameters
    low, high = NEAR_BPS
    shorter: dict[str, Any] = {
        "stop_bps": min(high, max(low, given["stop_bps"])),
        "target_bps": min(high, max(low, given["target_bps"])),
        "away_bps": min(Decimal(1), given["away_bps"]),
        "every_s": max(PERIOD_S_MIN, int(given["every_s"] * part)),
        "entry_s": max(ENTRY_S_MIN, int(given["entry_s"] * part)),
        "cooldown_s": max(1, int(given["cooldown_s"] * part)),
        "again_s": PERIOD_S_MIN,
        "fails_every": min(given["fails_every"], FAILS_EVERY_MAX),
    }
    return msgspec.structs.replace(one, parameters=given | shorter)


def _happening(one: Happening, part: float) -> Happening:
    what = dict(one.what)
    if one.kind == "storm":
        what["ms"] = max(STORM_MS_MIN, int(what["ms"] * part))
        what["rules"] = [_rule(rule, part) for rule in what["rules"]]
    elif one.kind == "disk":
        low, high = TROUBLE_MS
        what["ms"] = min(high, max(low, what["ms"]))
    return Happening(at_ms=int(one.at_ms * part), kind=one.kind, what=what)


def _rule(plain: dict[str, Any], part: float) -> dict[str, Any]:
    """How often it comes and how long it lasts is pressed, too. What a message waits is not: time-outs are not."""
    rule = msgspec.convert(plain, Rule)
    if rule.every_ms is not None:
        rule = msgspec.structs.replace(rule, every_ms=max(RULE_MS_MIN, int(rule.every_ms * part)))
    if isinstance(rule.duration_ms, tuple):
        low, high = (max(RULE_MS_MIN, int(bound * part)) for bound in rule.duration_ms)
        rule = msgspec.structs.replace(rule, duration_ms=(low, high))
    kept: dict[str, Any] = msgspec.to_builtins(rule)
    return kept


def plain(number: object) -> object:
    """A parameter as a settings file has it."""
    return float(number) if isinstance(number, Decimal) else number
