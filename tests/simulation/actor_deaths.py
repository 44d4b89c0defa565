"""A day in which everything is told that an actor can be told, and one actor that dies at one kind of message.

A death is an exception out of the handler: either the message is lost with its actor, or it was handled and the actor
dies right after it. What must be seen afterwards stands in the child specs (`supervisor/house.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from actors.address import NoAnswer
from actors.broker_ears import Heard
from actors.timers import Due
from tests.simulation.service_scene import Scene
from trading.bracket import Mode
from trading.errors import Unavailable
from trading.messages import desk
from trading.messages.supervision import Phase

STRATEGY: Final = "strategy:fasttest"
CHILDREN: Final = ("journal", "notifier", "broker", "orders", "guardian", "reconciler", "desk", STRATEGY)
_LONGEST_DEADLINE_MS: Final = 62_000  # the notifier's, whose messages go to people
FLOOD: Final = 21_000
"""More than any inbox takes."""
NAKED_MS_MAX: Final = 4_700
"""The window once, and the guardian's look or the actor's return after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """An actor that dies at its first message of a kind."""

    child: str
    kind: str
    is_handled: bool
    mode: Mode = Mode.NATIVE

    def __str__(self) -> str:
        return f"{self.mode} {self.child} {'after' if self.is_handled else 'at'} {self.kind}"


class Struck(Exception):
    """What the actor dies of."""


def kind_of(message: Any) -> str:
    """Name a message as its actor would: a timer by what it is for, a frame by what it brings."""
    if isinstance(message, Due):
        return f"timer {message.name.split(':')[0]}"
    if isinstance(message, Heard):
        channel = str(((message.frame or {}).get("params") or {}).get("channel", ""))
        return f"Heard {'.'.join(channel.split('.')[:2]) if channel else 'reply' if message.frame else message.kind}"
    return type(message).__name__


# --- the day


def begun(mode: Mode) -> Scene:
    """A service with a trade that is open and protected."""
    scene = Scene(seed=5, mode=mode, auto_reconnect=True)
    scene.opens()
    return scene


def lives(scene: Scene) -> None:
    """A day. Whatever is amiss, it goes on: who gets no answer shrugs."""
    scene.runs(4_000)
    _says(scene, desk.Reconcile)
    _says(scene, desk.PauseStrategy, name="fasttest")
    _says(scene, desk.ResumeStrategy, name="fasttest")
    for leg in "st":
        for order in scene.leg(leg):
            scene.hand_cancels(order)
        scene.runs(2_500)
    lot: Decimal = scene.market.spec.contract_size
    if abs(scene.position) > 2 * lot:
        scene.hand("sell" if scene.position > 0 else "buy", abs(scene.position) / 2 // lot * lot)
    scene.runs(2_000)
    scene.moves_by(150 if scene.position > 0 else -150)
    scene.runs(6_000)
    _says(scene, desk.CloseStrategy, name="fasttest")
    scene.runs(6_000)
    scene.cuts()
    scene.runs(4_000)
    _says(scene, desk.StopStrategy, name="fasttest")
    scene.runs(500)
    _says(scene, desk.StartStrategy, name="fasttest")
    scene.runs(4_000)
    _says(scene, desk.Panic)
    scene.runs(1_500)
    _says(scene, desk.Unhalt)
    scene.runs(4_000)


def _says(scene: Scene, command: Callable[..., desk.Command], **fields: Any) -> None:
    try:
        scene.says(command, **fields)
    except (NoAnswer, Unavailable, Struck):
        return


@cache
def found(mode: Mode) -> tuple[Death, ...]:
    """Live the day, and give every death there is: each actor, each kind, lost and handled."""
    scene = Scene(seed=5, mode=mode, auto_reconnect=True)
    seen: dict[tuple[str, str], None] = {}
    scene.runtime.before.append(lambda name, message: seen.setdefault((name, kind_of(message))))
    lives(scene)
    told = list(seen)
    check_all_well(scene)
    return tuple(
        Death(child=child, kind=kind, is_handled=is_handled, mode=mode)
        for child, kind in told
        if child in CHILDREN and kind != "_ActorStop"  # which is handled by the base of all actors
        for is_handled in (False, True)
    )


# --- the deaths


def strikes(scene: Scene, death: Death) -> list[str]:
    """Have the actor die when its time comes; what is given has a word in it from then on."""
    done: list[str] = []

    def hook(name: str, message: Any) -> None:
        if not done and name == death.child and kind_of(message) == death.kind:
            done.append(death.kind)
            actor = scene.runtime._living(name).actor
            handles = actor.on_receive

            def dies(message: Any) -> None:
                if death.is_handled:
                    handles(message)
                raise Struck(death.kind)

            actor.on_receive = dies  # type: ignore[method-assign]

    scene.runtime.before.append(hook)
    return done


def dies(death: Death) -> Scene:
    """Live the day with this death in it: only that actor came back, and all is well in the end."""
    scene = Scene(seed=5, mode=death.mode, auto_reconnect=True)
    done = strikes(scene, death)
    phases: list[Phase] = []
    if death.child == STRATEGY:
        scene.watch = lambda: phases.append(scene.supervisor.state().child(STRATEGY).phase) if done else None
    lives(scene)
    assert done, f"{death}: its moment never came"
    if death.child == STRATEGY:
        assert phases[0] is Phase.ERROR, f"{death}: it is {phases[0]}"
    check_only(scene, death.child)
    return scene


def hangs(scene: Scene, child: str) -> None:
    """It gets stuck in its next message, and wakes up when nobody hears it any more."""
    wake = scene.runtime.hang(child)
    # Who has no broker sees and does nothing: then what rests is the cover, as while the connection is down.
    scene.excused = child == "broker"
    lives(scene)
    scene.runs(_LONGEST_DEADLINE_MS)
    scene.excused = False
    wake()
    scene.runs(1_000)


def is_flooded(scene: Scene, child: str) -> None:
    """It is told more than it can take while it is busy."""
    wake = scene.runtime.hang(child)
    address = scene.runtime.directory.find(child)
    for _ in range(FLOOD):
        address.tell(object())
    scene.runs(1_000)
    wake()
    lives(scene)


def kinds_of_the_supervisor() -> list[str]:
    """What the supervisor is told in a day."""
    scene = Scene(seed=5, auto_reconnect=True)
    seen: dict[str, None] = {}
    scene.runtime.before.append(
        lambda name, message: seen.setdefault(kind_of(message)) if name == "supervisor" else None
    )
    lives(scene)
    return [kind for kind in seen if kind != "_ActorStop"]


def supervisor_dies(kind: str) -> Scene:
    """Live until the one above all dies; who is left goes on, and nothing is restarted any more."""
    scene = Scene(seed=5, auto_reconnect=True)
    done = strikes(scene, Death(child="supervisor", kind=kind, is_handled=True))
    lives(scene)
    assert done
    return scene


# --- what must be so


def check_only(scene: Scene, child: str) -> None:
    """What its spec says has happened to this child, and nothing to any other."""
    scene.runs(12_000)
    for state in scene.supervisor.state().children:
        if state.id != child:
            assert state.restarts == 0, f"{state.id} was restarted, too: {state.reason}"
            assert state.phase in {Phase.RUNNING, Phase.IDLE}, f"{state.id} is {state.phase}: {state.reason}"
        elif child == STRATEGY:
            # It goes on only where a person resumed it, as somebody does in the course of the day.
            assert (state.phase in {Phase.ERROR, Phase.RUNNING}, state.restarts) == (True, 0), state.phase
        else:
            assert (state.phase, state.restarts) == (Phase.RUNNING, 1), f"{state.phase} {state.restarts}"
    assert not scene.ended
    check_all_well(scene)


def check_all_well(scene: Scene) -> None:
    """Quiet, then flat: nothing was promised that is not so."""
    _says(scene, desk.Reconnect, resume=True)
    _says(scene, desk.Halt, reason="to look at it")
    scene.runs(13_000)
    scene.check(naked_ms_max=NAKED_MS_MAX)
    assert scene.says(desk.Panic).ok
    scene.runs(4_000)
    assert not scene.position
    assert not scene.ours
    scene.check(naked_ms_max=NAKED_MS_MAX)
