"""Watching by progress: read an actor's pulse, and judge it against its spec. Both without the actor's help."""

from actors.base import Actor, Stop
from actors.timers import Due
from supervisor.health import Pulse
from supervisor.spec import ChildSpec
from trading.restart import Exit


def pulse(actor: Actor, now_s: float) -> Pulse:
    """Read what the actor's own thread left behind; from any thread."""
    progress, inbox = actor.progress, actor.actor_inbox
    # Each is read once: the actor goes on meanwhile.
    since_s, last_s, oldest_s, handling = progress.since_s, progress.last_s, inbox.oldest_s(), progress.handling
    return Pulse(
        handled=progress.handled,
        last_age_ms=_age_ms(last_s, now_s),
        handling="" if since_s is None or handling is None else kind(handling),
        handling_ms=_age_ms(since_s, now_s),
        inbox_depth=inbox.depth(),
        oldest_ms=_age_ms(oldest_s, now_s),
    )


def kind(message: object) -> str:
    """Name what is being handled: the class of a message, or a phase of life."""
    if isinstance(message, str):
        return message
    if type(message) is Stop:
        return "on_stop"
    return f"timer {message.name}" if isinstance(message, Due) else type(message).__name__


def judge(spec: ChildSpec, seen: Pulse) -> tuple[Exit, str] | None:
    """Say whether it hangs or is flooded, and the sentence for people; None while it does neither."""
    if seen.handling_ms is not None and seen.handling_ms > spec.deadline_ms:
        return (
            Exit.HUNG,
            f"it has been at {seen.handling} for {seen.handling_ms} ms, its deadline is {spec.deadline_ms}",
        )
    if seen.inbox_depth > spec.inbox_max:
        return Exit.FLOODED, f"{seen.inbox_depth} messages wait, its inbox may hold {spec.inbox_max}"
    return None


def _age_ms(at_s: float | None, now_s: float) -> int | None:
    return None if at_s is None else max(0, round((now_s - at_s) * 1000))
