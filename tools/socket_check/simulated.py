"""A plan lived in the simulated world: `simulation.history`, with its own eye, up to the end that both worlds have."""

from pathlib import Path
from typing import Any

from persistence.store import Store
from simulation import books
from simulation.eye import Broken
from simulation.history import History
from simulation.plan import Plan
from trading.promises import Picture, Violation


class SimulatedSide:
    """The service on one thread and one clock."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.broken: list[Violation] = []
        self.history = History(plan, folder)

    @property
    def store(self) -> Store:
        """The service's memory."""
        return self.history.store

    @property
    def is_served(self) -> bool:
        """Whether the service is on the line."""
        return self.history.eye.is_served

    @property
    def now_ms(self) -> int:
        """The service's clock."""
        return self.history.world.now

    def lives(self) -> None:
        """Everything that the plan has, or all until something is broken."""
        try:
            for happening in self.plan.happenings:
                self.history.runs_to(happening.at_ms)
                self.history.happens(happening)
            self.history.runs_to(self.plan.length_ms)
        except Broken as found:
            self.broken += found.violations

    def calms(self) -> None:
        """No fault from now on."""
        self.history.calms()
        self.history.world.exchange.set_maintenance(on=False, now_ms=self.history.world.pipe.now)
        self.history.disk_mended()

    def presses(self, command: str, **given: Any) -> None:
        """A person gives a command."""
        try:
            self.history.presses(command, **given)
        except Broken as found:
            self.broken += found.violations

    def waits(self, ms: int) -> None:
        """Time passes."""
        try:
            self.history.runs_to(self.history.clock_ms + ms)
        except Broken as found:
            self.broken += found.violations

    def picture(self) -> Picture:
        """Exchange and database, now."""
        return self.history.eye.picture()

    def results(self) -> tuple[Violation, ...]:
        """Closed trades whose result is not the exchange's."""
        return books.results(self.history)

    def figures(self) -> dict[str, Any]:
        """What was seen."""
        counted = self.history.eye.counted()
        return {
            "entries": counted["brackets"],
            "crashes": self.history.crashes,
            "gave_up": self.history.gave_up,
            "struck": sum(self.history.world.exchange.fault_state()["injected"].values()),
            "naked_ms_worst": self.history.eye.worst_naked_ms,
        }

    def close(self) -> None:
        """Let go of the file."""
        self.history.close()
