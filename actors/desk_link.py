"""The desk's connection policy: up when a person wants it, and after a loss again only if that was allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from actors.desk_memory import DeskMemory
from actors.desk_parts import Addresses, DeskSettings, done
from actors.timers import Timers
from trading.bracket.effects import Severity
from trading.messages import broker, desk
from trading.values import Milliseconds

Say = Callable[[Severity, str, str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Connect again."""


class Link:
    """The connection as it is wanted, and as it is. ``is_ready``: up, and database and exchange were compared."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        timers: Timers,
        memory: DeskMemory,
        to: Addresses,
        settings: DeskSettings,
        rng: Random,
        say: Say,
    ) -> None:
        self._now, self._timers, self._memory, self._to, self._settings = now, timers, memory, to, settings
        self._rng, self._say = rng, say
        self._wants = self._has_been_up = False
        self._attempts = 0
        self._auto = settings.auto_reconnect
        self.is_up = self.is_ready = False
        self.resume_after = True

    def begin(self) -> None:
        """Take up what was wanted when the last life ended."""
        self._wants = self._memory.wants_connection()
        chosen = self._memory.auto_reconnect()
        self._auto = self._settings.auto_reconnect if chosen is None else chosen
        self.watch()
        if self._wants:
            self._to.broker.tell(broker.Connect())

    def watch(self) -> None:
        """Say which prices are wanted."""
        instruments = tuple(dict.fromkeys(self._settings.instruments.values()))
        self._to.broker.tell(broker.Watch(instruments=instruments, candle_minutes=self._settings.candle_minutes))

    def connect(self, message: desk.Connect | desk.Reconnect) -> desk.Answer:
        self._memory.set_wants_connection(wanted=True, by=message.by, at=self._now())
        self._wants, self._attempts = True, 0
        if self.is_up:
            return done("connected", "connected already")
        self.resume_after = isinstance(message, desk.Reconnect) and message.resume
        self._to.broker.tell(broker.Connect())
        then = "; strategies paused by the disconnect go on" if self.resume_after else ""
        return done("connecting", f"connecting{then}")

    def disconnect(self, by: str) -> desk.Answer:
        self._memory.set_wants_connection(wanted=False, by=by, at=self._now())
        self._wants = False
        self._to.broker.tell(broker.Disconnect(reason=f"by {by}"))
        return done("disconnected", "the connection is being closed; orders resting on the exchange stay")

    def set_auto(self, *, on: bool, by: str) -> desk.Answer:
        """Switched on while the connection is lost, it begins to reconnect; off, an attempt that waits is not made."""
        self._memory.set_auto_reconnect(on=on, by=by, at=self._now())
        was, self._auto = self._auto, on
        if on and not was and self._wants and not self.is_up:
            self._attempts, self.resume_after = 0, True
            self._to.broker.tell(broker.Connect())
        after = "it reconnects by itself" if on else "it stays disconnected until you reconnect"
        return done("on" if on else "off", f"after a lost connection {after}")

    def changed(self, *, is_up: bool, reason: str) -> None:
        """Go by what the broker told; when it was lost, say so and try again if that is allowed."""
        was_up, self.is_up = self.is_up, is_up
        if is_up:
            self._attempts, self._has_been_up = 0, True
            return
        self.is_ready = False
        if not self._wants:
            return
        if was_up:
            then = "reconnecting" if self._auto else "nothing trades until you reconnect"
            # A line that comes and goes by itself is one trouble; one that a person has put right is lost anew.
            about = "" if self._auto else str(self._now())
            self._say(
                Severity.CRITICAL, "disconnected", f"the connection is lost ({reason}): {then}. Stops rest.", about
            )
            self.resume_after = self._auto
        self._wait(reason)

    def compared(self) -> bool:
        """Database and exchange were compared; give whether that makes it ready just now."""
        if self.is_ready or not self.is_up:
            return False
        self.is_ready = True
        minutes, count = self._settings.candle_minutes, self._settings.candles_shown
        if minutes is not None and count:
            for instrument in dict.fromkeys(self._settings.instruments.values()):
                self._to.broker.tell(broker.FetchCandles(instrument=instrument, minutes=minutes, count=count))
        return True

    def settled(self) -> None:
        """Whoever may go on goes on: the next loss is a new one."""
        self.resume_after = self._auto

    def try_again(self) -> None:
        """The time to wait is over."""
        if self._wants and not self.is_up and (self._auto or not self._has_been_up):
            self._to.broker.tell(broker.Connect())

    def _wait(self, reason: str) -> None:
        """Connect again by itself: always within bounds at a start, later only if that was switched on."""
        settings = self._settings
        self._attempts += 1
        starting = not self._has_been_up and self._attempts <= settings.start_attempts_max
        if not starting and not self._auto:
            if not self._has_been_up and self._attempts == settings.start_attempts_max + 1:
                text = f"no connection after {settings.start_attempts_max} attempts ({reason}): connect by hand"
                self._say(Severity.CRITICAL, "disconnected", text, "")
            return
        wait_ms = min(settings.backoff_ms * 2 ** min(self._attempts - 1, 16), settings.backoff_ms_max)
        self._timers.start("connect", wait_ms // 2 + self._rng.randrange(wait_ms // 2 + 1), TryAgain())
