"""The rest of what can happen, drawn by a third generator: what the other two draw stays as it is.

Few of all of these in a history, so that histories do not get much denser; after each a person puts things right.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec

from exchange.faults.profiles import MATCHING, OPENING
from exchange.faults.rules import Rule
from simulation.happenings import (
    ACTORS,
    CRASHES,
    DISK,
    EXCHANGE,
    FAULTS,
    HOUR_MS,
    MINUTE_MS,
    PEOPLE,
    Happening,
    RunnerPlan,
)

NUMBER: Final = (1, 3)
TENDED_MS: Final = 3 * MINUTE_MS
LONG_MS: Final = 12 * HOUR_MS
"""Only so long a history can do without its service for hours."""
DOWN_MS: Final = (5_000, 5_000, 10 * MINUTE_MS)
DOWN_LONG_MS: Final = (*DOWN_MS, 2 * HOUR_MS, 6 * HOUR_MS)
ENTRY: Final = f"{OPENING}|private/edit*"
CODES: Final = (
    *((10009, ENTRY), (10005, ENTRY), (10007, ENTRY), (11036, ENTRY), (10034, ENTRY), (10035, ENTRY)),
    *((10028, MATCHING), (10041, MATCHING), (10012, MATCHING), (11098, MATCHING), (11030, OPENING)),
)
"""No funds, prices and triggers out of band; too many requests, settlement, a closed book, a locked account, other."""
SETTINGS: Final = (
    *("SetRisk", "SetParameters", "SetParameters", "ChangeSettings"),
    *("SwitchBroker", "CredentialsChanged", "Reconnect"),
)
AS_LONG: Final = (0.5, 0.8, 1.3, 2.0)
"""The time between two trades, as a part of what it was."""
IO: Final = ("commit_unmade", "commit_unsaid", "unread", "disk_trouble")
Draw = Callable[[Random, int, tuple[RunnerPlan, ...]], tuple[str, dict[str, Any]]]
"""Kind and figures of something, in a history of this length."""


def rest(seed: int, faults: str, length_ms: int, runners: tuple[RunnerPlan, ...]) -> tuple[Happening, ...]:
    """Some of it, and tending. In no order yet."""
    rng = Random(f"{seed}:{faults}:rest")
    draws = [one for sort in FAULTS[faults] for one in _DRAWS.get(sort, ())]
    found: list[Happening] = []
    for _ in range(rng.randint(*NUMBER) if draws else 0):
        at_ms = rng.randrange(length_ms)
        kind, what = rng.choice(draws)(rng, length_ms, runners)
        found.append(Happening(at_ms=at_ms, kind=kind, what=what))
        found.append(Happening(at_ms=at_ms + what.get("ms", 0) + rng.randrange(TENDED_MS), kind="tend"))
    return tuple(one for one in found if one.at_ms < length_ms)


def _late(rng: Random, _length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """A busy machine: timers come late."""
    return "late", {"ms": rng.randint(5_000, 60_000), "draw": rng.getrandbits(32)}


def _stall(rng: Random, _length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """The whole process stands still."""
    return "stall", {"ms": rng.randint(1_000, 20_000)}


def _down(rng: Random, length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """The process is dead for a while."""
    return "down", {"ms": rng.choice(DOWN_LONG_MS if length_ms >= LONG_MS else DOWN_MS)}


def _stop(_rng: Random, _length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """Somebody stops the service in order, and it is started again."""
    return "stop", {}


def _io(rng: Random, _length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """The disk stumbles at the next commit, or over all reads for a moment; or it takes nothing for a while."""
    trouble = rng.choice(IO)
    longest_ms = {"unread": 2_000, "disk_trouble": 60_000}.get(trouble, 120_000)
    return "io", {"trouble": trouble, "ms": rng.randint(100, longest_ms)}


def _set(rng: Random, _length_ms: int, runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """A person sets something, or presses what is seldom pressed."""
    what: dict[str, Any] = {"command": rng.choice(SETTINGS)}
    match what["command"]:
        case "SetParameters":
            what |= {"name": rng.choice(runners).name, "as_long": rng.choice(AS_LONG)}
        case "ChangeSettings":
            what |= {"language": rng.choice(("de", "en")), "notice": rng.choice(("trade_opened", "naked_position"))}
            what |= {"loudness": rng.choice(("on", "silent", "off"))}
        case "SwitchBroker":
            what |= {"other": rng.random() < 0.5}  # noqa: PLR2004 - a coin
    return "set", what


def _refusals(rng: Random, _length_ms: int, _runners: tuple[RunnerPlan, ...]) -> tuple[str, dict[str, Any]]:
    """The next few orders are refused, for one of the reasons there are; most often when a trade needs them."""
    code, method = rng.choice(CODES)
    rule = Rule(fault="refused", method=method, code=code, count=rng.randint(1, 12))
    what = {"ms": rng.randint(5_000, 200_000), "rules": [msgspec.to_builtins(rule)]}
    phase = rng.choice(("", "entering", "open", "open", "closing"))
    return "storm", what | ({"when": phase} if phase else {})


_DRAWS: Final[dict[str, tuple[Draw, ...]]] = {
    EXCHANGE: (_refusals,),
    CRASHES: (_down, _stop),
    PEOPLE: (_set, _set),
    DISK: (_io, _io),
    ACTORS: (_late, _stall),
}
