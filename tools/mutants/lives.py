"""Live some histories with the code in the current folder, and say of each in a line what became of it.

    python -m tools.mutants.lives FAULTS DAYS SEED... [--to-the-end]

FAULTS is a profile of `tradebaas simulate`, or one with faults that are to strike often: those of the exchange by their
names, a disk that is full, a strategy that hangs until it is given up: ``crashes/reply_lost+push_lost``,
``none/disk_full``, ``actors/strategy_hung``.

Ends after the first history that is not as it should be, unless told to go on. Runs in a process of its own, because
the code that it lives with is a copy with a fault in it.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

import simulation
from exchange.faults.profiles import PROFILES
from simulation.history import Lived, live
from simulation.plan import MINUTE_MS, Happening, Plan, draw

HISTORY_S_MAX: Final = 90
"""A history of an hour takes about half a second. One that takes this long goes round and round."""
TO_THE_END: Final = "--to-the-end"
STORM_EACH_MS, STORM_MS = 3 * MINUTE_MS, MINUTE_MS
"""One minute in three: what a storm has done must show in the calm after it."""
TENDED_MS: Final = 90_000
"""So long after it a person puts things right, and trading goes on. Until then the service must come to itself."""
DISK_FULL: Final = "disk_full"
STRATEGY_HUNG: Final = "strategy_hung"
HUNG_MS: Final = 40_000
"""Long after it was given up it goes on with what it had at hand."""
SILENCE: Final = "subscription_lost"
EVERY_S: Final = 30
"""They trade as often as they may: many brackets in little time."""
OFTEN: Final = 0.3
"""Of requests and pushes during such a storm."""


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a history. Without a promise: it was lived, and nothing was broken."""

    seed: int
    hash: str = ""
    promise: str = ""
    sentence: str = ""


class Unending(BaseException):
    """A history that does not end. No part of the service may take it for an error of its own."""


def main(arguments: Sequence[str]) -> int:
    """Live them in turn."""
    here = Path(simulation.__file__).resolve().parents[1]
    if here != Path.cwd().resolve():
        sys.stderr.write(f"the code of {here} would be lived, not that of {Path.cwd()}\n")
        return 2
    faults, days, *rest = arguments
    seeds = [int(text) for text in rest if text != TO_THE_END]
    signal.signal(signal.SIGALRM, _ring)
    for seed in seeds:
        fate = lived(seed, faults, float(days))
        sys.stdout.write(msgspec.json.encode(fate).decode() + "\n")
        sys.stdout.flush()
        if fate.promise and TO_THE_END not in rest:
            break
    return 0


def lived(seed: int, faults: str, days: float) -> Fate:
    """Live one; code that cannot is a fate, too."""
    signal.setitimer(signal.ITIMER_REAL, HISTORY_S_MAX)
    try:
        return fate_of(live(planned(seed, faults, days)))
    except Unending:
        return Fate(seed=seed, promise="ends", sentence=f"the history did not end within {HISTORY_S_MAX} s")
    except Exception as error:  # noqa: BLE001 - a broken service may fail in any way
        return Fate(seed=seed, promise="code", sentence=f"{type(error).__name__}: {error}"[:300])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def planned(seed: int, faults: str, days: float) -> Plan:
    """The history of a seed; faults that were named strike in place of the storms that were drawn.

    Raises:
        ValueError: the exchange has no such fault.
    """
    profile, _, named = faults.partition("/")
    plan = draw(seed, faults=profile, days=days)
    if not named:
        return plan
    kinds = [kind for kind in named.split("+") if kind not in {DISK_FULL, STRATEGY_HUNG}]
    # Of the two ways to lose subscriptions the one that leaves the prices: without prices nothing would be traded.
    found = [rule for rule in PROFILES["all"] if rule.fault in kinds and (rule.fault != SILENCE or rule.silent)]
    unknown = set(kinds) - {rule.fault for rule in found}
    if unknown:
        raise ValueError(f"the exchange has no fault called {', '.join(sorted(unknown))}")
    rules = [
        msgspec.to_builtins(
            msgspec.structs.replace(rule, every_ms=STORM_MS // 2)
            if rule.every_ms is not None
            else msgspec.structs.replace(rule, probability=OFTEN)
        )
        for rule in found
    ]
    begins = range(STORM_MS, plan.length_ms, STORM_EACH_MS)
    storms = [Happening(at_ms=at_ms, kind="storm", what={"ms": STORM_MS, "rules": rules}) for at_ms in begins if rules]
    if DISK_FULL in named:
        trouble = {"trouble": DISK_FULL, "ms": STORM_MS}
        storms += [Happening(at_ms=at_ms, kind="disk", what=trouble) for at_ms in begins]
    if STRATEGY_HUNG in named:
        who = {"who": f"strategy:{plan.runners[0].name}", "ms": HUNG_MS}
        storms += [Happening(at_ms=at_ms, kind="hang", what=who) for at_ms in begins]
    tends = (
        Happening(at_ms=at_ms, kind="tend")
        for at_ms in range(STORM_MS + STORM_MS + TENDED_MS, plan.length_ms, STORM_EACH_MS)
    )
    others = (one for one in plan.happenings if one.kind != "storm")
    happenings = sorted((*others, *storms, *tends), key=lambda one: one.at_ms)
    runners = tuple(
        msgspec.structs.replace(one, parameters=one.parameters | {"every_s": EVERY_S, "cooldown_s": EVERY_S // 6})
        for one in plan.runners
    )
    return msgspec.structs.replace(plan, happenings=tuple(happenings), runners=runners)


def fate_of(life: Lived) -> Fate:
    """The first thing that was broken, if anything was."""
    if not life.violations:
        return Fate(seed=life.seed, hash=life.hash)
    first = life.violations[0]
    return Fate(seed=life.seed, hash=life.hash, promise=first.promise, sentence=first.sentence)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise Unending


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
