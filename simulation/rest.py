"""What is drawn by `simulation.plan_rest`: time out of joint, other deaths, a disk that stumbles, what people set."""

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

from simulation import lives
from simulation.disk import STUMBLES
from simulation.world import BROKER, RISK
from trading.notice_kinds import Loudness
from trading.values import StrategyName

if TYPE_CHECKING:
    from simulation.happenings import Happening
    from simulation.history import History

LATE_MS_MAX: Final = 2_000
EVERY_S_MIN: Final = 30


def happens(history: "History", happening: "Happening") -> None:
    """Let it happen."""
    what = happening.what
    match happening.kind:
        case "late":
            _late(history, what["ms"], Random(what["draw"]))
        case "stall":
            history.world.runtime.stand_still(what["ms"])
            history.eye.slows(what["ms"])
            history.later(what["ms"], history.eye.strikes)
        case "down":
            lives.goes_down(history, what["ms"])
        case "stop":
            lives.stops(history)
        case "io":
            _stumbles(history, what["trouble"], what["ms"])
        case "set":
            history.presses(what["command"], **_fields(history, what))
        case _:
            raise AssertionError(happening.kind)


def _late(history: "History", ms: int, rng: Random) -> None:
    history.world.runtime.be_late(ms, partial(rng.randint, 0, LATE_MS_MAX))
    history.eye.slows(ms)
    history.later(ms, history.eye.strikes)


def _stumbles(history: "History", trouble: str, ms: int) -> None:
    """The disk says no for a while, or once; whoever looks at it from outside is not troubled."""
    disk = history.file.disk
    disk.may_stumble = lambda: history.world.runtime.is_handling
    disk.has_stumbled = history.eye.strikes
    if trouble in STUMBLES:
        disk.stumbles = trouble
    else:
        disk.trouble = trouble
    history.eye.forgets_failures()
    history.alerts.disk_fails()
    history.later(ms, history.disk_mended)


def _fields(history: "History", what: dict[str, Any]) -> dict[str, Any]:
    """What a person fills in. Risk and reconnecting stay as they are: the eye knows them from the beginning.

    Another broker there is none: it is named only while the service is on the line, and so refuses.
    """
    match what["command"]:
        case "SetRisk":
            return {"risk": RISK, "leverage_max": None, "notional_max": None}
        case "SetParameters":
            (runner,) = (one for one in history.plan.runners if one.name == what["name"])
            given = {"every_s": max(EVERY_S_MIN, int(runner.parameters["every_s"] * what["as_long"]))}
            return {"name": StrategyName(what["name"]), "parameters": given, "shown": given}
        case "ChangeSettings":
            loudness = {what["notice"]: Loudness(what["loudness"])}
            auto = history.plan.auto_reconnect
            return {"language": what["language"], "loudness": loudness, "auto_reconnect": auto}
        case "SwitchBroker":
            return {"broker": "elsewhere" if what["other"] and history.eye.is_served else BROKER}
        case "CredentialsChanged":
            return {"broker": BROKER}
        case "Reconnect":
            return {"resume": False}
        case _:
            raise AssertionError(what["command"])
