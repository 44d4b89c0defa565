"""Trouble that waits for its moment: a trade in a certain phase, an issue to decide on, an actor that lives again."""

from functools import partial
from typing import TYPE_CHECKING, Final

from simulation.plan import Happening, rules_of

if TYPE_CHECKING:
    from simulation.history import History

LOOKS_MS: Final = 100
"""So often it is looked whether a trade has come into the phase that a storm waits for."""
DEATHS, AGAIN_MS = 6, 500
"""One death more than an actor may be restarted within a minute; so often it is looked whether it lives again."""
DECIDES_MS, DECIDES_MAX = 10_000, 18
"""So often somebody looks for an issue to decide on, and so many times."""


def storms(history: "History", happening: Happening, until_ms: int) -> None:
    """Some break loose at once, some when a trade is in a certain phase, or after a while without one."""
    phase, waits = happening.what.get("when"), history.clock_ms < until_ms
    if history.is_over:
        return
    if phase is not None and waits and all(one.phase != phase for one in history.store.open_brackets()):
        history.later(LOOKS_MS, partial(storms, history, happening, until_ms))
        return
    rules = rules_of(happening)
    history.strikes_all()
    history.world.exchange.set_faults(rules)
    history.later(happening.what["ms"], history.calms)


def kills(history: "History", who: str, until_ms: int, left: int = DEATHS) -> None:
    """It dies as soon as it lives again, so many times or until then."""
    if history.is_over or not left or history.clock_ms > until_ms:
        return
    try:
        history.kills(who)
    except AssertionError:
        pass  # it does not live yet
    else:
        left -= 1
        history.eye.strikes()
        history.eye.may_connect()
    history.later(AGAIN_MS, partial(kills, history, who, until_ms, left))


def decides(history: "History", tries: int = DECIDES_MAX) -> None:
    """A person who has made up their mind acts on it; while there is no issue they look again a little later."""
    if history.mind is None or history.is_over:
        return
    choice, must_offer = history.mind
    for issue in history.store.issues.still_open():
        finding = issue.finding
        if finding.instrument is not None and (choice in finding.actions or not must_offer):
            history.mind = None
            history.eye.strikes()
            history.pairs.note(f"decided {choice}")
            history.presses("ResolveIssue", instrument=finding.instrument, choice=choice)
            return
    if tries:
        history.later(DECIDES_MS, partial(decides, history, tries - 1))
