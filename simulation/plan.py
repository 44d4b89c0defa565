"""A history as data: what kind of world, and what happens to it when. Drawn from the seed, kept apart from the doing.

So a history can be told (`told`), repeated without some of its happenings (`without`), and cut short.
"""

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec

from exchange.faults.profiles import PROFILES as RULES
from exchange.faults.rules import Rule
from exchange.switches import POSITIONS
from simulation.happenings import (
    ACTORS,
    CRASHES,
    DAY_MS,
    DISK,
    EXCHANGE,
    FAULTS,
    HOUR_MS,
    INSTRUMENTS,
    MINUTE_MS,
    PEOPLE,
    PERMANENT,
    Happening,
    RunnerPlan,
)
from simulation.plan_more import more
from simulation.plan_rest import rest

__all__ = ["DAY_MS", "FAULTS", "HOUR_MS", "MINUTE_MS", "Happening", "Plan", "RunnerPlan", "draw", "rules_of"]

BURSTS: Final = (2, 10)
TRADES: Final = (8, 20, 50)
"""How many of each strategy, roughly, whatever the length: between them time passes cheaply."""
SPARSE: Final = (2, 4, 10)
"""The same where many histories matter more than many trades in each."""
NEAR_BPS: Final = (4, 4, 10, 10, 30)
SPARSE_NEAR_BPS: Final = (2, 2, 4, 4, 10)
"""How far the exits are, in hundredths of a percent. What is held for hours is compared every ten seconds."""
BURST_MS: Final = (2 * MINUTE_MS, 12 * MINUTE_MS)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole history before it is lived."""

    seed: int
    faults: str
    length_ms: int
    mode: str
    fill_condition: str
    delay_ms: tuple[int, int]
    auto_reconnect: bool
    profile: str
    step_ms: int
    quiet_ms: int
    reconcile_ms: int
    switches: dict[str, Any]
    runners: tuple[RunnerPlan, ...]
    happenings: tuple[Happening, ...]
    start_ms: int = 0
    """Counted from 08:00 UTC, when the exchange settles."""

    def without(self, numbers: Iterable[int]) -> "Plan":
        """The same history, but for some of its happenings."""
        gone = set(numbers)
        kept = tuple(one for number, one in enumerate(self.happenings) if number not in gone)
        return msgspec.structs.replace(self, happenings=kept)

    def until(self, end_ms: int) -> "Plan":
        """The same history, ended earlier."""
        kept = tuple(one for one in self.happenings if one.at_ms < end_ms)
        return msgspec.structs.replace(self, length_ms=min(end_ms, self.length_ms), happenings=kept)

    def told(self) -> str:
        """The history as people read it."""
        names = ", ".join(f"{one.name} on {one.instrument}" for one in self.runners)
        switched = ", ".join(f"{key}={value}" for key, value in self.switches.items())
        lines = [
            f"seed {self.seed}, {self.length_ms / HOUR_MS:.2f} h, {self.mode}, {self.fill_condition}, {names}",
            f"line {self.delay_ms[0]} to {self.delay_ms[1]} ms, prices {self.profile} every {self.step_ms} ms",
            f"auto-reconnect {'on' if self.auto_reconnect else 'off'}, compared every {self.reconcile_ms // 1000} s",
            f"switches: {switched}",
            *(f"{number:4}  {one}" for number, one in enumerate(self.happenings)),
        ]
        return "\n".join(lines)


def draw(seed: int, *, faults: str = "all", days: float = 1.0, is_sparse: bool = False) -> Plan:
    """Everything about a history, from its seed."""
    rng = Random(f"{seed}:{faults}:plan")
    length_ms = int(days * DAY_MS)
    runners = _runners(rng, length_ms, is_sparse=is_sparse)
    plan = Plan(
        seed=seed,
        faults=faults,
        length_ms=length_ms,
        mode=rng.choice(("native", "native", "sequential")),
        fill_condition=rng.choice(("first_hit", "complete_fill", "incremental")),
        delay_ms=rng.choice(((1, 5), (5, 40), (20, 300))),
        auto_reconnect=rng.random() < 0.5,  # noqa: PLR2004 - a coin
        profile=rng.choice(("calm", "lively", "wild")),
        step_ms=rng.choice((500, 1_000, 1_000, 2_000)),
        quiet_ms=rng.choice((120_000, 300_000)),
        reconcile_ms=rng.choice((60_000, 300_000, 300_000)),
        switches={name: rng.choice(positions) for name, positions in POSITIONS.items()},
        runners=runners,
        happenings=_happenings(rng, tuple(sort for sort in FAULTS[faults] if sort in _DRAWS), length_ms, runners),
        start_ms=rng.choice((-HOUR_MS, 0, 3 * HOUR_MS, -rng.randrange(DAY_MS))),
    )
    happenings = (*plan.happenings, *more(seed, faults, length_ms, runners), *rest(seed, faults, length_ms, runners))
    return msgspec.structs.replace(plan, happenings=tuple(sorted(happenings, key=lambda one: one.at_ms)))


def _runners(rng: Random, length_ms: int, *, is_sparse: bool) -> tuple[RunnerPlan, ...]:
    trades, nears = (SPARSE, SPARSE_NEAR_BPS) if is_sparse else (TRADES, NEAR_BPS)
    instruments = rng.sample(INSTRUMENTS, rng.choice((1, 1, 2)))
    found = []
    for number, instrument in enumerate(instruments):
        near = rng.choice(nears)
        parameters: dict[str, Any] = {
            "stop_bps": Decimal(near * rng.choice((1, 2))),
            "target_bps": Decimal(near),
            "away_bps": Decimal(rng.choice((1, 1, 2, 5))),
            "every_s": max(30, length_ms // 1000 // rng.choice(trades)),
            "entry_s": rng.choice((5, 30, 120)),
            "cooldown_s": rng.choice((5, 60)),
            "fails_every": rng.choice((0, 0, 0, 400)),
        }
        is_patient = rng.random() < 0.4  # noqa: PLR2004 - rather often
        found.append(
            RunnerPlan(name=f"run{number}", is_patient=is_patient, instrument=instrument, parameters=parameters)
        )
    return tuple(found)


def _happenings(
    rng: Random, sorts: tuple[str, ...], length_ms: int, runners: tuple[RunnerPlan, ...]
) -> tuple[Happening, ...]:
    """Bursts of trouble, several of a kind at once, and quiet between them; after each a person puts things right."""
    found: list[Happening] = []
    bursts = rng.randint(*BURSTS) if sorts else 0
    for _ in range(bursts):
        lasts_ms = min(rng.randint(*BURST_MS), length_ms // 4)
        begins_ms = rng.randrange(max(1, length_ms - lasts_ms))
        for _ in range(rng.randint(1, 6)):
            at_ms = begins_ms + rng.randrange(lasts_ms)
            found.append(_DRAWS[rng.choice(sorts)](rng, at_ms, lasts_ms, runners))
        found.append(Happening(at_ms=begins_ms + lasts_ms + rng.randrange(3 * MINUTE_MS), kind="tend"))
    return tuple(sorted((one for one in found if one.at_ms < length_ms), key=lambda one: one.at_ms))


def _storm(rng: Random, at_ms: int, lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """Some faults of the exchange and the line, more often than on any real day."""
    rules = []
    for rule in rng.sample(RULES["all"], rng.randint(1, 5)):
        if rule.every_ms is not None:
            rules.append(msgspec.structs.replace(rule, every_ms=max(1_000, lasts_ms // 2)))
        else:
            rules.append(msgspec.structs.replace(rule, probability=min(0.6, rule.probability * rng.choice((1, 5, 30)))))
    return Happening(
        at_ms=at_ms,
        kind="storm",
        what={"ms": rng.randint(10_000, lasts_ms), "rules": [msgspec.to_builtins(rule) for rule in rules]},
    )


def _crash(rng: Random, at_ms: int, _lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    """At once, or at one of the next commits or words over the line."""
    return Happening(at_ms=at_ms, kind="crash", what={"points": rng.choice((0, 1, rng.randint(2, 40)))})


def _person(rng: Random, at_ms: int, _lasts_ms: int, runners: tuple[RunnerPlan, ...]) -> Happening:
    """Somebody presses a button, or trades by hand on the same account."""
    runner = rng.choice(runners)
    if rng.random() < 0.4:  # noqa: PLR2004 - rather often
        what = rng.choice(("buy", "sell", "close", "reduce", "cancel", "foreign", "gap"))
        return Happening(
            at_ms=at_ms, kind="hand", what={"what": what, "instrument": runner.instrument, "draw": rng.random()}
        )
    command = rng.choice(_COMMANDS)
    named = {"name": runner.name} if command.endswith("Strategy") else {}
    return Happening(at_ms=at_ms, kind="press", what={"command": command} | named)


def _disk(rng: Random, at_ms: int, _lasts_ms: int, _runners: tuple[RunnerPlan, ...]) -> Happening:
    trouble = rng.choice(("disk_full", "database_locked"))
    return Happening(at_ms=at_ms, kind="disk", what={"trouble": trouble, "ms": rng.choice((300, 5_000, 90_000))})


def _actor(rng: Random, at_ms: int, _lasts_ms: int, runners: tuple[RunnerPlan, ...]) -> Happening:
    """An actor dies or hangs, or a clock jumps."""
    who = rng.choice((*PERMANENT, *(f"strategy:{runner.name}" for runner in runners)))
    draw = rng.random()
    if draw < 0.15:  # noqa: PLR2004 - now and then
        return Happening(at_ms=at_ms, kind="clock", what={"by_ms": rng.choice((-3_600_000, -1_500, 1_500, 3_600_000))})
    if draw < 0.5:  # noqa: PLR2004 - the rest is shared evenly
        return Happening(at_ms=at_ms, kind="hang", what={"who": who, "ms": rng.choice((500, 4_000, 30_000))})
    return Happening(at_ms=at_ms, kind="kill", what={"who": who})


_COMMANDS: Final = (
    *("StartStrategy", "PauseStrategy", "ResumeStrategy", "StopStrategy", "CloseStrategy"),
    *("Halt", "Unhalt", "Panic", "Connect", "Disconnect", "Reconnect", "Reconcile", "Acknowledge"),
)
_DRAWS: Final = {EXCHANGE: _storm, CRASHES: _crash, PEOPLE: _person, DISK: _disk, ACTORS: _actor}


def rules_of(happening: Happening) -> tuple[Rule, ...]:
    """The rules of a storm."""
    return tuple(msgspec.convert(happening.what["rules"], list[Rule]))
