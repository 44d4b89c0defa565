"""One life of the process after the other: power gone, dead for a while, or stopped in order and started at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from simulation.eye import Broken
from supervisor.process import GRACE_S
from supervisor.tree import STOP_MS_MAX
from trading.messages import supervision
from trading.promises import Violation

if TYPE_CHECKING:
    from simulation.history import History

STOPPED_MS: Final = STOP_MS_MAX + int(GRACE_S * 1000)
"""After that the process would end without waiting for anybody, and say that it failed."""


@contextmanager
def _another_life(history: "History") -> Iterator[None]:
    """What outlives the process: the exchange, the disk and the trouble it is in, the line, what the eye knows."""
    history.eye.strikes()
    history.eye.may_connect()
    history.eye.forgets_failures()
    history.before_ms += history.world.runtime.clock.elapsed_ms
    history.death.reborn()
    disk = history.file.disk
    trouble = disk.trouble
    disk.mended()  # a simulated start always finds it well
    is_refusing = history.world.pipe.is_refusing
    yield
    if history.second is not None:
        history.second.world.follows()
    disk.trouble, history.world.pipe.is_refusing = trouble, is_refusing


def crash(history: "History") -> None:
    """Power gone; a new process starts at once from what is on disk. Who is dead cannot die."""
    if history.world.is_down:
        return
    history.crashes += 1
    with _another_life(history):
        history.world.crashes()
    history.alerts.begins()


def goes_down(history: "History", ms: int) -> None:
    """Power gone for so long: the exchange trades and settles, and nobody is there."""
    if history.world.is_down:
        return
    history.crashes += 1
    with _another_life(history):
        history.world.goes_down()
    history.later(ms, partial(comes_up, history))


def comes_up(history: "History") -> None:
    """It starts. Told again it changes nothing."""
    if not history.world.is_down:
        return
    with _another_life(history):
        history.world.comes_up()
    history.alerts.begins()


def stops(history: "History") -> None:
    """Somebody wants it to end, as by SIGTERM; it is started again as soon as it has."""
    if history.world.is_down:
        return
    history.world.supervisor.actor_inbox.tell(supervision.StopEverything(reason="SIGTERM"))
    history.later(STOPPED_MS, partial(_has_stopped, history, history.crashes))


def _has_stopped(history: "History", life: int) -> None:
    """Whether it has ended within its bound. While everything stood still nobody could."""
    if history.crashes != life:
        return
    if history.world.runtime.stands_still:
        history.later(STOPPED_MS, partial(_has_stopped, history, life))
        return
    text = f"it was told to stop {STOPPED_MS} ms ago, and still lives"
    raise Broken((Violation(promise="code", about="supervisor", sentence=text),))
