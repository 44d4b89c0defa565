"""The supervisor's rounds: at each look, who is in trouble without saying so."""

from dataclasses import dataclass
from typing import Final

from supervisor.children import Child
from supervisor.runtime import Runtime
from supervisor.watch import judge, pulse
from trading.marks import mark
from trading.messages.supervision import Phase
from trading.restart import Exit

STILL_LOOKS: Final = 5  # looks missed in a row; the looks themselves are late by a few milliseconds at most
_AT_WORK: Final = frozenset({Phase.STARTING, Phase.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A child in trouble. ``stack`` says where its thread is, if it has one."""

    exit: Exit
    reason: str
    stack: str = ""


class Rounds:
    """Watches by thread and by progress."""

    def __init__(self, runtime: Runtime, look_ms: int) -> None:
        self._runtime = runtime
        self._still_s = STILL_LOOKS * look_ms / 1000
        self._looked_s = runtime.now_s()
        self._stood_still = False

    def begin(self, waited_ms: int = 0) -> None:
        """Start a look, which was to wait for so much longer than others."""
        now_s = self._runtime.now_s()
        # When the whole process stood still (SIGSTOP, a frozen machine), everyone seems to hang: give them one look.
        self._stood_still = now_s - self._looked_s > self._still_s + waited_ms / 1000
        if self._stood_still:
            mark("whole-process-stood-still")
        self._looked_s = now_s

    def is_well(self, child: Child) -> bool:
        """Whether there is nothing at all to say of a child: at each look of nearly everyone, so it is told cheaply."""
        actor = child.actor
        return (
            actor is not None
            and actor.progress.since_s is None
            and child.phase in _AT_WORK
            and child.is_calm(actor.actor_inbox.depth())
            and self._runtime.is_running(actor)
        )

    def look_at(self, child: Child) -> Finding | None:
        """Give what is wrong with a child that should be at work."""
        actor = child.actor
        if actor is None or child.phase not in _AT_WORK:
            return None
        if not self._runtime.is_running(actor):
            # Its report may be waiting behind this look, so look twice.
            was_missing, child.missing = child.missing, True
            return Finding(exit=Exit.VANISHED, reason="its thread ended without a word") if was_missing else None
        found = None if self._stood_still else judge(child.spec, pulse(actor, self._looked_s))
        if found is None:
            return None
        return Finding(exit=found[0], reason=found[1], stack=self._runtime.stack(actor))
