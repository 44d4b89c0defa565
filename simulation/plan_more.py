"""More that can happen, drawn by a generator of its own: what `simulation.plan` draws stays as it is.

The line alone and Telegram; and what befell hardly any history by chance: the exchange refuses again and again, a
person decides on an issue, others have orders resting on the account, an actor dies time after time. And now and then
a second service trades on the same account.
"""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec

from exchange.faults.profiles import MATCHING, OPENING
from exchange.faults.rules import Rule
from simulation.happenings import (
    ACTORS,
    EXCHANGE,
    FAULTS,
    INSTRUMENTS,
    MINUTE_MS,
    NETWORK,
    PEOPLE,
    PERMANENT,
    SECOND,
    TELEGRAM,
    Happening,
    RunnerPlan,
)
from simulation.line import CUTS, HALF_OPEN, LINE
from simulation.telegram import TROUBLES

BURSTS: Final = (1, 5)
BURST_MS: Final = (1 * MINUTE_MS, 8 * MINUTE_MS)
CHOICES: Final = ("ignore", "adopt", "cancel", "close")
OTHERS: Final = ("w2", "w2", "w2", "nobody", "nobody", "ours")
"""Whose an order is that rests: another worker's, a person's, or by its label ours, though we never sent it."""
SECONDS: Final = 6
"""One history of so many has a second service, in its last quarter or less: two cost twice as much."""
Draw = Callable[[Random, int, int, tuple[RunnerPlan, ...]], Happening]


def more(seed: int, faults: str, length_ms: int, runners: tuple[RunnerPlan, ...]) -> tuple[Happening, ...]:
    """Bursts of it; after each a person puts things right. In no order yet."""
    rng = Random(f"{seed}:{faults}:more")
    draws = [one for sort in FAULTS[faults] for one in _DRAWS.get(sort, ())]
    found: list[Happening] = []
    for _ in range(rng.randint(*BURSTS) if draws else 0):
        lasts_ms = min(rng.randint(*BURST_MS), length_ms // 4)
        begins_ms = rng.randrange(max(1, length_ms - lasts_ms))
        for _ in range(rng.randint(1, 4)):
            at_ms = begins_ms + rng.randrange(lasts_ms)
            found.append(rng.choice(draws)(rng, at_ms, lasts_ms, runners))
        found.append(Happening(at_ms=begins_ms + lasts_ms + rng.randrange(3 * MINUTE_MS), kind="tend"))
    # The service as a whole may end of it, which a history forgives only so often.
    often = [one for one in found if one.kind == "kills"]
    kept = tuple(one for one in found if one.at_ms < length_ms and one not in often[1:])
    return (*kept, *_second(seed, faults, length_ms, runners))


def _second(seed: int, faults: str, length_ms: int, runners: tuple[RunnerPlan, ...]) -> tuple[Happening, ...]:
    """Another worker begins to trade where the first does not, and stays to the end; it may crash once."""
    rng = Random(f"{seed}:{faults}:second")
    if PEOPLE not in FAULTS[faults] or rng.randrange(SECONDS):
        return ()
    begins_ms = rng.randrange(length_ms * 3 // 4, length_ms * 9 // 10)
    near = rng.choice((4, 10, 30))
    parameters: dict[str, Any] = {
        "stop_bps": Decimal(near * rng.choice((1, 2))),
        "target_bps": Decimal(near),
        "away_bps": Decimal(rng.choice((1, 2, 5))),
        "every_s": max(30, length_ms // 1000 // rng.choice((10, 20, 40))),
        "entry_s": rng.choice((5, 30, 120)),
        "cooldown_s": rng.choice((5, 60)),
    }
    free = [name for name in INSTRUMENTS if name not in {one.instrument for one in runners}]
    is_patient, instrument = rng.random() < 0.5, rng.choice(free)  # noqa: PLR2004 - a coin
    runner = RunnerPlan(name="beside", is_patient=is_patient, instrument=instrument, parameters=parameters)
    found = [Happening(at_ms=begins_ms, kind=SECOND, what={"runner": msgspec.to_builtins(runner)})]
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        found.append(Happening(at_ms=rng.randrange(begins_ms + 1, length_ms), kind="second_crash"))
    return tuple(found)


def _refusals(rng: Random, at_ms: int, _lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """The next few orders are refused, one after the other; most often when there is a trade that needs them."""
    method = rng.choice((OPENING, MATCHING, f"{OPENING}|private/edit*"))
    rule = Rule(fault="refused", method=method, code=10019, count=rng.randint(3, 20))
    what = {"ms": rng.randint(5_000, 400_000), "rules": [msgspec.to_builtins(rule)]}
    phase = rng.choice(("", "entering", "open", "open", "closing"))
    return Happening(at_ms=at_ms, kind="storm", what=what | ({"when": phase} if phase else {}))


def _resolves(rng: Random, at_ms: int, _lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """Somebody decides on an issue, as soon as there is one; now and then for what it does not offer."""
    return Happening(
        at_ms=at_ms,
        kind="decide",
        what={"choice": rng.choice(CHOICES), "must_offer": rng.random() < 0.8},  # noqa: PLR2004 - mostly
    )


def _rests(rng: Random, at_ms: int, _lasts_ms: int, runners: tuple[RunnerPlan, ...]) -> Happening:
    """An order far from the market that none of our trades knows."""
    return Happening(
        at_ms=at_ms,
        kind="rest",
        what={
            "of": rng.choice(OTHERS),
            "instrument": rng.choice(runners).instrument,
            "direction": rng.choice(("buy", "sell")),
            "lots": rng.randint(1, 5),
            "draw": rng.getrandbits(80),
        },
    )


def _kills(rng: Random, at_ms: int, _lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """The same actor dies again and again within a minute, each time as soon as it lives."""
    return Happening(at_ms=at_ms, kind="kills", what={"who": rng.choice(PERMANENT)})


def _line(rng: Random, at_ms: int, lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """The line alone: nobody gets through, nothing gets through, or it is cut again and again."""
    what: dict[str, Any] = {"trouble": rng.choice(LINE)}
    if what["trouble"] != HALF_OPEN:  # such a connection stays as it is until somebody lets go of it
        what["ms"] = rng.randint(2_000, max(3_000, lasts_ms))
    if what["trouble"] == CUTS:
        what["every_ms"] = rng.choice((700, 5_000, 20_000))
    return Happening(at_ms=at_ms, kind="line", what=what)


def _telegram(rng: Random, at_ms: int, lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    return Happening(
        at_ms=at_ms, kind="letter", what={"trouble": rng.choice(TROUBLES), "ms": rng.randint(1_000, 4 * lasts_ms)}
    )


_DRAWS: Final[dict[str, tuple[Draw, ...]]] = {
    EXCHANGE: (_refusals,),
    PEOPLE: (_resolves, _rests),
    ACTORS: (_kills,),
    NETWORK: (_line, _line),
    TELEGRAM: (_telegram,),
}
