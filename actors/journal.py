"""The journal: told every fact worth showing, it keeps the picture people look at, the log, and those who listen.

It decides nothing, and nobody waits for it. Steps of brackets are in the log before it hears of them; what nobody
else writes down it adds itself. When the log cannot be written the picture goes on, and says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, assert_never

from actors.base import Actor
from actors.clock import Clock
from actors.journal_board import Beat, Board
from actors.journal_step import Follow, PassOn, Price, Write, step
from actors.subscribers import Subscribers, Told
from actors.timers import Timers
from trading.errors import Unavailable
from trading.messages import journal
from trading.values import Milliseconds

SHOW_MS: Final = 250  # how often a subscriber is shown new prices
GATHER_MS: Final = 25
"""What happens in so long is told at once. Every telling wakes a thread for each open page, and a trade makes dozens:
one after the other they stood in the way of the next order."""
TAIL_MAX: Final = 1_000  # events of the log told at once


class Logged(Protocol):
    """An event as the log keeps it."""

    @property
    def id(self) -> int:
        """Grows with every event."""
        ...

    @property
    def at(self) -> int:
        """When it was written."""
        ...

    @property
    def kind(self) -> str:
        """What happened, in one word."""
        ...

    @property
    def subject(self) -> str:
        """What it is about."""
        ...

    @property
    def text(self) -> str:
        """What happened, for people."""
        ...

    @property
    def detail(self) -> Any:
        """The figures."""
        ...


class Log(Protocol):
    """What the journal needs of the store's events. Raises Unavailable when the database does not take it."""

    def add(self, kind: str, subject: str, text: str, *, at: Milliseconds, detail: Any = None) -> Logged:
        """Write an event."""
        ...

    def after(self, event_id: int, *, limit: int = 100) -> Sequence[Logged]:
        """Give what came after an event, the oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Show:
    """It is time to show the prices that changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tell:
    """It is time to tell those who listen what has been gathered."""


class Journal(Actor):
    """Keeps what people see. What it holds besides the board may be lost with it."""

    def __init__(
        self,
        *,
        clock: Clock,
        timers: Timers,
        log: Log,
        board: Board,
        subscribers: Subscribers,
        close: Callable[[], None] | None = None,
    ) -> None:
        """``close`` gives back what this thread holds of the store."""
        super().__init__()
        self._clock, self._timers, self._log, self._close = clock, timers, log, close
        self._board, self._subscribers = board, subscribers
        self._unshown: set[str] = set()
        self._gathered: list[Told] = []  # passing states; what the log has is read when it is told
        self._tells_soon = False

    def on_start(self) -> None:
        # Who listens already listened to an incarnation that died, with passing states it had not told yet.
        self._pass_on("reload", {"reason": "the journal was started anew"})

    def on_stop(self) -> None:
        if self._close is not None:
            self._close()

    def on_receive(self, message: journal.Message | _Show | _Tell) -> None:
        if isinstance(message, _Show):
            self._show()
            return
        if isinstance(message, _Tell):
            self._tell()
            return
        beat = Beat(at_ms=self._clock.now_ms(), monotonic_ms=self._clock.monotonic_ms())
        picture, effects = step(self._board.picture, message, beat)
        self._board.picture = picture  # the one assignment other threads see
        for effect in effects:
            match effect:
                case Price(instrument=instrument):
                    self._show_soon(instrument)
                case PassOn(kind=kind, content=content):
                    self._pass_on(kind, content)
                case Follow():
                    self._tell_soon()
                case Write():
                    self._write(effect, beat.at_ms)
                case _:
                    assert_never(effect)

    def _write(self, event: Write, now: int) -> None:
        """Add to the log; whoever listens hears it from there, in its order."""
        picture = self._board.picture
        counts = {**picture.events, event.kind: picture.events.get(event.kind, 0) + 1}
        try:
            self._log.add(event.kind, event.subject, event.text, at=Milliseconds(now), detail=event.detail)
        except Unavailable:
            self._board.picture = replace(picture, events=counts, unsaved=picture.unsaved + 1)
            content = {"at": now, "subject": event.subject, "text": event.text, "detail": event.detail}
            self._pass_on(event.kind, content)
            return
        self._board.picture = replace(picture, events=counts, unsaved=0)
        self._tell_soon()

    def _pass_on(self, kind: str, content: Mapping[str, Any]) -> None:
        if len(self._subscribers):
            self._gathered.append(Told(kind=kind, content=dict(content)))
            self._tell_soon()

    def _tell_soon(self) -> None:
        """Gather for a moment; without listeners there is nobody to gather for."""
        if not self._tells_soon and len(self._subscribers):
            self._tells_soon = True
            self._timers.start("tell", GATHER_MS, _Tell(), background=True)

    def _tell(self) -> None:
        """Tell those who listen what is new in the log, whoever wrote it, and what passed.

        The log is read only now: whatever becomes of this incarnation, nothing of it is taken for told before it is.
        """
        self._tells_soon = False
        passed, self._gathered = self._gathered, []
        try:
            found = self._log.after(self._subscribers.tail, limit=TAIL_MAX)
        except Unavailable:
            found = ()  # the next event brings it
        told = [Told(kind=event.kind, content=event_row(event), id=event.id) for event in found]
        self._subscribers.tell(*told, *passed)
        if len(found) == TAIL_MAX:
            self._tell_soon()

    def _show_soon(self, instrument: str) -> None:
        """Gather prices for a longer moment: only the newest of each is shown."""
        if not len(self._subscribers):
            return
        if not self._unshown:
            self._timers.start("show", SHOW_MS, _Show(), background=True)
        self._unshown.add(instrument)

    def _show(self) -> None:
        tickers = self._board.picture.tickers
        for instrument in sorted(self._unshown):
            self._pass_on("ticker", tickers[instrument])
        self._unshown.clear()


def event_row(event: Logged) -> dict[str, Any]:
    """Give an event of the log as a row."""
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "subject": event.subject,
        "text": event.text,
        "detail": event.detail,
    }
