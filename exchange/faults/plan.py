"""Draws from the rules what happens to each request, each push, and to the world in between.

Every rule draws from a random source of its own, so that adding one rule leaves the draws of the others as they were.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

from exchange.faults import effects
from exchange.faults.actions import Action, Push, Verdict
from exchange.faults.rules import Rule

NEVER_MS: Final = 2**62
KNOWN_MAX: Final = 4_096  # methods and channels whose rules are remembered
DELAYED_MAX: Final = 1_000  # actions on their way; what would come on top does not happen

_Matcher = Callable[[str], object] | None  # None: anything matches


class _Armed:
    """One rule at work: its random source, and how often it had its occasion and struck."""

    __slots__ = (
        "_client",
        "_from_ms",
        "_instrument",
        "_label",
        "_name",
        "_to_ms",
        "draw",
        "next_ms",
        "rule",
        "seen",
        "struck",
    )

    def __init__(self, rule: Rule, draw: Random, start_ms: int) -> None:
        self.rule = rule
        self.draw = draw
        self.seen = 0
        self.struck = 0
        self.next_ms = NEVER_MS
        self._name = _matcher((rule.method if rule.occasion == "request" else rule.channel) or "*")
        self._label = _matcher(rule.label)
        self._client = _matcher(rule.client_id)
        self._instrument = _matcher(rule.instrument_name)
        self._from_ms = start_ms + rule.from_ms
        self._to_ms = NEVER_MS if rule.to_ms is None else start_ms + rule.to_ms

    def concerns(self, name: str, client_id: str) -> bool:
        """Method or channel, and client."""
        return (self._name is None or self._name(name) is not None) and (
            self._client is None or self._client(client_id) is not None
        )

    def concerns_order(self, label: str, instrument_name: str, direction: str | None) -> bool:
        """What a request says beyond that."""
        return (
            (self._label is None or self._label(label) is not None)
            and (self._instrument is None or self._instrument(instrument_name) is not None)
            and (self.rule.direction is None or self.rule.direction == direction)
        )

    def strikes(self, now_ms: int) -> bool:
        """An occasion has come: does it happen this time?"""
        rule = self.rule
        if not self._from_ms <= now_ms < self._to_ms or (rule.count is not None and self.struck >= rule.count):
            return False
        self.seen += 1
        if self.seen <= rule.after_n:
            return False
        if rule.probability < 1.0 and self.draw.random() >= rule.probability:
            return False
        self.struck += 1
        return True

    def schedule(self, now_ms: int) -> None:
        """The next moment of a timed rule after `now_ms`; none once it is spent."""
        rule = self.rule
        self.next_ms = NEVER_MS
        if rule.every_ms is not None and (rule.count is None or self.struck < rule.count):
            earliest_ms = max(now_ms, self._from_ms)
            moment_ms = earliest_ms + 1 + int(self.draw.expovariate(1.0 / rule.every_ms))
            if moment_ms < self._to_ms:
                self.next_ms = moment_ms


def _matcher(pattern: str) -> _Matcher:
    """A test for a glob, or for several divided by `|`."""
    globs = pattern.split("|")
    if "*" in globs:
        return None
    return re.compile("|".join(translate(glob) for glob in globs)).match


class _Concerned:
    """Which rules a method (or a channel) of a client concerns; looked up, since the same ones come again and again."""

    __slots__ = ("_armed", "_known")

    def __init__(self, armed: list[_Armed]) -> None:
        self._armed = armed
        self._known: dict[tuple[str, str], list[_Armed]] = {}

    def __bool__(self) -> bool:
        return bool(self._armed)

    def by(self, name: str, client_id: str) -> list[_Armed]:
        found = self._known.get((name, client_id))
        if found is None:
            found = [one for one in self._armed if one.concerns(name, client_id)]
            if len(self._known) < KNOWN_MAX:
                self._known[name, client_id] = found
        return found


class FaultPlan:
    """Rules, their random draws and their counters. The same seed and the same calls give the same faults."""

    def __init__(self, rules: Iterable[Rule], seed: int, *, start_ms: int) -> None:
        self.rules = tuple(rules)
        self.injected: dict[str, int] = {}  # faults so far, by kind
        armed = [
            _Armed(rule, Random(f"{seed}:fault:{number}:{rule.fault}"), start_ms)
            for number, rule in enumerate(self.rules)
        ]
        self._at_requests = _Concerned([one for one in armed if one.rule.occasion == "request"])
        self._at_pushes = _Concerned([one for one in armed if one.rule.occasion == "push"])
        self._timed = [one for one in armed if one.rule.occasion == "time"]
        self._delayed: list[tuple[int, int, str, Action]] = []  # a heap by time, then by order of calls
        self._calls = 0
        for one in self._timed:
            if one.rule.at_ms is None:
                one.schedule(start_ms)
            else:
                one.next_ms = start_ms + one.rule.at_ms
        self._next_timed_ms = min((one.next_ms for one in self._timed), default=NEVER_MS)

    def on_request(
        self,
        method: str,
        params: Mapping[str, Any],
        label: str,
        client_id: str,
        now_ms: int,
    ) -> Verdict | None:
        """The fate of one request; None: nothing happens to it. Ask once for each request, before anything else."""
        if not self._at_requests:
            return None
        verdict: Verdict | None = None
        instrument_name = params.get("instrument_name")
        named = instrument_name if isinstance(instrument_name, str) else ""
        direction = {"private/buy": "buy", "private/sell": "sell"}.get(method)
        for one in self._at_requests.by(method, client_id):
            if one.concerns_order(label, named, direction) and one.strikes(now_ms):
                more = self._fate(one, client_id, named, direction, now_ms)
                verdict = effects.joined(verdict, more)
        return verdict

    def _fate(self, one: _Armed, client_id: str, named: str, direction: str | None, now_ms: int) -> Verdict:
        rule = one.rule
        if rule.kind.strikes == "request":
            self._count(rule.fault)
            return effects.fate_of_request(rule, one.draw)
        action = effects.blow(rule, one.draw, client_id=client_id, instrument_name=named, direction=direction)
        if self._put_off(one, action, now_ms):
            return Verdict()
        self._count(rule.fault)
        return effects.set_off_by_request(rule, action)

    def on_push(self, channel: str, client_id: str, now_ms: int) -> Push | None:
        """The fate of one notification to one session; None: it leaves as it should."""
        if not self._at_pushes:
            return None
        fate: dict[str, Any] = {}
        actions: tuple[Action, ...] = ()
        for one in self._at_pushes.by(channel, client_id):
            if not one.strikes(now_ms):
                continue
            if one.rule.kind.strikes == "push":
                self._count(one.rule.fault)
                fate |= effects.fate_of_push(one.rule, one.draw)
                continue
            action = effects.blow(one.rule, one.draw, client_id=client_id, instrument_name="", direction=None)
            if not self._put_off(one, action, now_ms):
                self._count(one.rule.fault)
                actions += (action,)
        return Push(**fate, actions=actions) if fate or actions else None

    def on_market(self, now_ms: int) -> list[Action]:
        """What strikes the world by now: timed faults, and delayed ones that a request or a push set off."""
        struck: list[Action] = []
        while self._delayed and self._delayed[0][0] <= now_ms:
            _, _, fault, action = heappop(self._delayed)
            self._count(fault)
            struck.append(action)
        if self._next_timed_ms > now_ms:
            return struck
        for one in self._timed:
            if one.next_ms > now_ms:
                continue
            rule = one.rule
            if one.strikes(now_ms):
                action = effects.blow(rule, one.draw, client_id=rule.client_id, instrument_name="", direction=None)
                if not self._put_off(one, action, now_ms):
                    self._count(rule.fault)
                    struck.append(action)
            one.schedule(now_ms)
        self._next_timed_ms = min(one.next_ms for one in self._timed)
        return struck

    def next_due_ms(self) -> int:
        """When `on_market` has something next; `NEVER_MS` when nothing is coming."""
        if self._delayed and self._delayed[0][0] < self._next_timed_ms:
            return self._delayed[0][0]
        return self._next_timed_ms

    def _put_off(self, one: _Armed, action: Action, now_ms: int) -> bool:
        """Whether it strikes later (or, with too much on its way already, not at all)."""
        delay_ms = effects.delay_of_blow(one.rule, one.draw)
        if not delay_ms:
            return False
        if len(self._delayed) < DELAYED_MAX:
            self._calls += 1
            heappush(self._delayed, (now_ms + delay_ms, self._calls, one.rule.fault, action))
        return True

    def _count(self, fault: str) -> None:
        self.injected[fault] = self.injected.get(fault, 0) + 1
