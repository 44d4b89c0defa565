"""A notifier in the simulated world with a phone that takes messages or does not, and a disk that can fail."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from actors.base import Actor, Ended
from actors.incarnation import Incarnation
from actors.names import JOURNAL, NOTIFIER
from actors.notifier import Notifier
from actors.notifier_settings import NotifierSettings
from actors.sending import Delivered, Line, Outcome
from persistence import outbox
from persistence.database import Sync
from persistence.errors import DiskFull
from persistence.store import Store
from supervisor.launch import launch
from supervisor.memory import Forgetful
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import SUPERVISOR, ChildSpec
from supervisor.tree import Supervisor
from trading.bracket.effects import Severity
from trading.messages import notices, supervision
from trading.restart import Budget, Restart
from trading.values import Milliseconds, WorkerId


class Phone:
    """A sender that keeps what arrives. Each answer that was put in is given once, then it takes everything."""

    name = "the phone"

    def __init__(self) -> None:
        self.attempts: list[list[Line]] = []
        self.messages: list[list[Line]] = []
        self.answers: list[Outcome] = []
        self.always: Outcome | None = None
        self.fits = 1_000
        self.is_closed = False
        self.within_s: float | None = None

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Take what fits, unless another answer was put in."""
        self.within_s = within_s
        self.attempts.append([*lines])
        answer = self.answers.pop(0) if self.answers else self.always
        if answer is not None:
            return answer
        self.messages.append([*lines[: self.fits]])
        return Delivered(count=min(len(lines), self.fits))

    def close(self) -> None:
        """Note it."""
        self.is_closed = True

    @property
    def texts(self) -> list[str]:
        """Every text that arrived, in order."""
        return [line.text for message in self.messages for line in message]


class Disk(outbox.Outbox):
    """The outbox, on a disk that can be full."""

    is_full = False  # it takes nothing more
    is_gone = False  # it gives nothing either
    cannot_note = False

    def put(self, notice: outbox.Notice, *, at: Milliseconds) -> bool:
        self._fail(self.is_full or self.is_gone)
        return super().put(notice, at=at)

    def due(self, now: Milliseconds, *, limit: int = 50) -> tuple[outbox.Letter, ...]:
        self._fail(self.is_gone)
        return super().due(now, limit=limit)

    def next_due(self) -> Milliseconds | None:
        self._fail(self.is_gone)
        return super().next_due()

    def delivered(self, ids: Iterable[int], *, at: Milliseconds) -> None:
        self._fail(self.is_full or self.is_gone or self.cannot_note)
        super().delivered(ids, at=at)

    def failed(self, ids: Iterable[int], *, error: str, next_at: Milliseconds | None) -> None:
        self._fail(self.is_full or self.is_gone)
        super().failed(ids, error=error, next_at=next_at)

    def newest(self, *, limit: int = 100, before: int | None = None) -> tuple[outbox.Letter, ...]:
        self._fail(self.is_gone)
        return super().newest(limit=limit, before=before)

    def waiting(self) -> int:
        self._fail(self.is_gone)
        return super().waiting()

    @staticmethod
    def _fail(now: bool) -> None:
        if now:
            raise DiskFull("no room")


class _Listening(Actor):
    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: Any) -> None:
        self._heard.append(message)


class House:
    """One process life of a notifier; `restarts` begins the next on the same database."""

    def __init__(self, folder: Path, settings: NotifierSettings | None = None) -> None:
        self.settings = settings
        self.phone = Phone()
        self.said: list[tuple[Severity, str]] = []
        self.journal: list[Any] = []
        self.closed = 0
        self.summary_fails = False
        self.runtime = SimulatedRuntime(seed=1)
        now = Milliseconds(self.runtime.clock.now_ms())
        self.store = Store.open(folder, worker=WorkerId("w1"), account="main", at=now, sync=Sync.OFF)
        self.outbox = Disk(self.store._database)
        self._launch()

    def restarts(self) -> None:
        """The process is killed, and the next one begins at the same time of day."""
        self.runtime = SimulatedRuntime(seed=2, start_ms=self.runtime.clock.now_ms())
        self._launch()

    def _launch(self) -> None:
        specs = [
            ChildSpec(
                id=name, start=start, restart=Restart.PERMANENT, shutdown_ms=1_000, deadline_ms=60_000, inbox_max=10_000
            )
            for name, start in ((JOURNAL, lambda _: _Listening(self.journal)), (NOTIFIER, self._notifier))
        ]
        for name in (JOURNAL, NOTIFIER, SUPERVISOR):
            self.runtime.directory.address(name)
        self.notes: list[supervision.Notice] = []
        self.supervisor = Supervisor(
            runtime=self.runtime,
            specs=specs,
            budgets={"ground": Budget(intensity=0, period_ms=60_000)},
            memory=Forgetful(),
            notices=(),
            look_ms=5_000,
        )
        self.ended: list[Ended] = []
        launch(self.runtime, self.supervisor, self.ended.append)
        self.runs(0)

    def _notifier(self, life: Incarnation) -> Notifier:
        return Notifier(
            clock=life.clock,
            timers=life.timers,
            outbox=self.outbox,
            sender=self.phone,
            to_journal=life.address(JOURNAL),
            say=lambda severity, text: self.said.append((severity, text)),
            settings=self.settings,
            notifying=self.store.notifying,
            summary=self._summary,
            clean=lambda text: text.replace("hunter2", "***"),
            close=self._close,
        )

    def _summary(self, day: date, since: Milliseconds, until: Milliseconds) -> str:
        assert since < until
        if self.summary_fails:
            raise DiskFull("no room")
        return f"summary of {day}"

    def _close(self) -> None:
        self.closed += 1

    # Driving and looking.

    def tells(
        self, text: str, severity: Severity = Severity.INFO, *, kind: str = "trade_opened", key: str = ""
    ) -> None:
        """Somebody tells the notifier; without a key, each text is news of its own."""
        at = Milliseconds(self.runtime.clock.now_ms())
        notice = notices.Notice(severity=severity, kind=kind, text=text, key=key or text, at=at)
        self.runtime.directory.address(NOTIFIER).tell(notice)

    def runs(self, ms: int) -> None:
        """Time passes; whatever happens, the notifier lives."""
        self.runtime.run_for(ms)
        assert self.ended == []

    def stops(self) -> None:
        """Everything stops in order."""
        stop = supervision.StopEverything(reason="asked to", exit_code=0)
        self.runtime.directory.address(SUPERVISOR).tell(stop)
        self.runtime.run_for(5_000)
        assert len(self.ended) == 1

    def log(self, words: str) -> list[str]:
        """The lines of the log with these words."""
        return [text for _, text in self.said if words in text]

    @property
    def now(self) -> Milliseconds:
        return Milliseconds(self.runtime.clock.now_ms())
