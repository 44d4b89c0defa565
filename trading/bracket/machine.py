"""The one door: take a message in, then decide. `begin` is a bracket's first step, `learn` takes in and waits."""

from dataclasses import replace

from trading.bracket.absorb import absorb
from trading.bracket.decide import decide
from trading.bracket.effects import Effect
from trading.bracket.messages import Message
from trading.bracket.state import Bracket, Limits, Plan
from trading.bracket.wishes import enter
from trading.values import Milliseconds


def begin(plan: Plan, now: Milliseconds) -> tuple[Bracket, tuple[Effect, ...]]:
    """Enter: with all three legs in one request, or with the entry alone."""
    return enter(Bracket(plan=plan, began_at=now), now)


def learn(bracket: Bracket, message: Message, now: Milliseconds, limits: Limits) -> Bracket:
    """Take a message in and want nothing: while nobody can be reached, what rests on the exchange is the cover."""
    return replace(absorb(bracket, message, now, limits), naked_since=None, odd_since=None)


def step(bracket: Bracket, message: Message, now: Milliseconds, limits: Limits) -> tuple[Bracket, tuple[Effect, ...]]:
    """Take a message in and say what follows."""
    return decide(absorb(bracket, message, now, limits), now, limits)
