"""What a history does with a second service: begins it, looks after it as a person does, and holds it to the promises.

Its judge is the same eye that looks at the first. What befalls the first alone excuses nothing here.
"""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from simulation.disk import Death
from simulation.eye import Eye
from simulation.happenings import RunnerPlan
from simulation.making import runner_of
from simulation.second import KEY, WORKER, Second
from simulation.world import Options, World
from trading.bracket import Mode
from trading.messages import desk
from trading.promises import Violation
from trading.values import FillCondition

if TYPE_CHECKING:
    from persistence.store import Store
    from simulation.plan import Plan

LOOK_MS: Final = 30_000
"""Nothing of it hangs but what a fault of the exchange makes wait: its supervisor may look seldom."""
DRAWS: Final = 500_000
"""Its seeds begin here, so that it draws nothing like the first."""


class Beside:
    """A second service, and the eye on it."""

    def __init__(self, host: World, plan: "Plan", what: dict[str, Any]) -> None:
        self.plan = plan
        runner = runner_of(msgspec.convert(what["runner"], RunnerPlan))
        death = Death()
        options = Options(
            seed=DRAWS + plan.seed,
            mode=Mode(plan.mode),
            fill_condition=FillCondition(plan.fill_condition),
            delay_ms=plan.delay_ms,
            auto_reconnect=True,
            strategy=runner.name,
            instrument=runner.instrument,
            kind=runner.kind,
            parameters=runner.parameters,
            worker=WORKER,
            client=KEY.client_id,
            exchange=host.options.exchange,
            start_ms=host.pipe.now,
            passed=death,
            reconcile_ms=plan.reconcile_ms,
            look_ms=LOOK_MS,
        )
        self.world = Second(host, options)
        self.store: Store = self.world.store
        self._name = runner.name
        way_ms = 4 * plan.delay_ms[1] + 100
        self.eye = Eye(self.world, self.store, death, auto_reconnect=True, way_ms=way_ms)

    def look(self) -> tuple[Violation, ...]:
        """What it has broken, or the first in what is its own."""
        return (*self.world.touched(), *self.eye.look())

    def crashes(self) -> None:
        """Its process dies and is started again."""
        self.eye.strikes()
        self.eye.knowing.upset_at = self.world.pipe.now
        self.eye.forgets_failures()
        self.world.crashes()

    def presses(self, command: str, **fields: Any) -> None:
        """A person gives it a command."""
        pressed_at = self.world.pipe.now
        self.eye.asked(command, fields)
        more: dict[str, Any] = {"resume": True} if command == "Reconnect" else {}
        self.world.told_to(getattr(desk, command)(by="me", **more, **fields))
        self.eye.answered(command, fields, None, since=pressed_at)  # nobody waits for that here
