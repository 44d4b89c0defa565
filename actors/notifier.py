"""The notifier: told what a person should hear, it puts that on disk first and then tries to deliver it.

It can do harm to nobody: nothing waits for it, only its own thread is blocked by a slow network, and what goes wrong
here is said in the log alone. Delivery is at least once; a crash between sending and noting it sends it again.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final

from actors.address import Address
from actors.base import Actor
from actors.clock import Clock
from actors.notifier_day import Day, Summary
from actors.notifier_groups import Again, Groups, told
from actors.notifier_letters import Letters
from actors.notifier_settings import NotifierSettings
from actors.sending import Delivered, Line, NotNow, Say, Sender, Unsendable
from actors.timers import Timers
from persistence.notifying import Notifying
from persistence.outbox import Letter, Notice, Outbox
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.messages import journal, notices
from trading.notice_kinds import Loudness, audible
from trading.values import Milliseconds

LOOK_MS: Final = 60_000  # the outbox is looked into at least so often: others may put something there
TEXT_MAX: Final = 8_000
LAST_WORD_S: Final = 0.7  # for one message at the end, well within the time an actor has to stop
OURS: Final = "notice:"  # how the keys of what was told to the notifier begin
WAKE: Final = "wake"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wake:
    """Look what is to be done."""


class Notifier(Actor):
    """Notices in, deliveries out, by one sender."""

    def __init__(
        self,
        *,
        clock: Clock,
        timers: Timers,
        outbox: Outbox,
        sender: Sender,
        to_journal: Address[journal.Message],
        say: Say,
        settings: NotifierSettings | None = None,
        notifying: Notifying | None = None,
        summary: Summary | None = None,
        clean: Callable[[str], str] = str,
        close: Callable[[], None] | None = None,
    ) -> None:
        """``clean`` takes secrets out of texts; ``close`` gives back what this thread holds of the store.

        ``notifying`` is what a person has set; ``summary`` puts a day into words, for the hour of the settings.
        """
        super().__init__()
        self._clock, self._timers, self._sender, self._to_journal = clock, timers, sender, to_journal
        self._say, self._clean, self._close = say, clean, close
        self._settings = settings or NotifierSettings()
        self._letters = Letters(outbox, say)
        self._notifying, self._set = notifying, dict[str, Loudness]()
        self._day = Day(self._settings, notifying, summary)
        self._groups = Groups(window_ms=self._settings.window_ms, window_ms_max=self._settings.window_ms_max)
        self._wake_at: int | None = None  # this and the next two on the monotonic clock
        self._not_before = 0
        self._asked_until = 0
        self._failures = 0
        self._dropped = 0

    @property
    def _now(self) -> Milliseconds:
        return Milliseconds(self._clock.now_ms())

    # --- its life

    def on_start(self) -> None:
        """Take up the windows of the last life, and deliver what waits."""
        now, monotonic = self._now, self._clock.monotonic_ms()
        for letter in self._letters.newest():
            ago_ms = now - letter.at
            if _is_ours(letter) and 0 <= ago_ms < self._settings.window_ms:
                key = str(letter.notice.dedupe_key).removeprefix(OURS).partition(":")[2].rpartition("@")[0]
                notice = notices.Notice(
                    severity=letter.notice.severity,
                    kind=letter.notice.type,
                    text=letter.notice.text,
                    key=key,
                    at=letter.at,
                )
                self._groups.take(notice, monotonic, ago_ms=ago_ms)
        self._read_settings()
        self._take_new()
        self._wake_in(0)

    def on_stop(self) -> None:
        """Write down what was only counted, and say a last word if the way is free."""
        for again in self._groups.all():
            self._tell_again(again)
        if self._failures == 0 and self._clock.monotonic_ms() >= self._asked_until:
            self._deliver(within_s=LAST_WORD_S)
        self._let_go()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hold nothing after the end."""
        del exception_type, exception_value, traceback
        self._let_go()

    def _let_go(self) -> None:
        self._sender.close()
        if self._close is not None:
            self._close()

    # --- what it is told

    def on_receive(self, message: notices.Message | _Wake) -> None:
        """Take it in at once; deliveries happen in turns of their own, one message each."""
        match message:
            case notices.Notice():
                notice = replace(
                    message,
                    text=self._clean(_writable(message.text))[:TEXT_MAX],
                    kind=_writable(message.kind),
                    key=self._clean(_writable(message.key))[:TEXT_MAX],  # often made of the text
                )
                if self._groups.take(notice, self._clock.monotonic_ms()):
                    self._accept(notice, at=min(notice.at, self._now), is_first=True)
                self._wake_in(LOOK_MS)
            case notices.Outbox():
                self._take_new()
            case notices.LoudnessChanged():
                self._read_settings()
            case _Wake():
                self._wake_at = None
                self._turn()

    def _read_settings(self) -> None:
        """Take up what a person has set; what cannot be read stays as it was."""
        if self._notifying is not None:
            with suppress(Unavailable):
                self._set = self._notifying.loudness()

    def _take_new(self) -> None:
        """Announce what others have put into the outbox, and see that it goes out in its time."""
        for letter in self._letters.new():
            notice = letter.notice
            if not _is_ours(letter):
                self._announce(notice.severity, notice.type, notice.text)
                if letter.next_at is not None:
                    self._hurry(notice.severity)

    def _tell_again(self, again: Again) -> None:
        """Tell a count: by the alert that still waits for an answer, else as news that does not insist."""
        notice = again.notice
        if notice.severity is Severity.CRITICAL and self._letters.again(
            notice.key, text=notice.text, times=again.times, at=self._now
        ):
            self._announce(notice.severity, notice.kind, told(again).text)
            return
        self._accept(told(again), at=self._now, is_first=False)

    def _accept(self, notice: notices.Notice, *, at: Milliseconds, is_first: bool) -> None:
        """Say it in the log and to the journal, and put it into the outbox if it is to be delivered."""
        self._announce(notice.severity, notice.kind, notice.text)
        if self._loudness(notice.kind, notice.severity) is Loudness.OFF or self._is_full(notice.severity):
            return
        settings, is_critical = self._settings, notice.severity is Severity.CRITICAL
        self._letters.put(
            Notice(
                severity=notice.severity,
                type=notice.kind,
                text=notice.text,
                dedupe_key=f"{OURS}{notice.severity}:{notice.key}@{at}{'' if is_first else '+'}",
                repeat_ms=settings.repeat_ms if is_critical and is_first else None,
                alert=notice.key if is_critical and is_first else None,
            ),
            at=at,
        )
        self._hurry(notice.severity)

    def _hurry(self, severity: Severity) -> None:
        """See that something new goes out: what is critical at once, the rest when others had time to join it."""
        if severity is not Severity.CRITICAL:
            self._wake_in(self._settings.gather_ms)
            return
        # A long wait after failures is not for this one; a wait the other side asked for is.
        soon = max(self._clock.monotonic_ms() + self._settings.retry_critical_ms_max, self._asked_until)
        self._not_before = min(self._not_before, soon)
        self._wake_in(0)

    def _announce(self, severity: Severity, kind: str, text: str) -> None:
        self._say(severity, f"{kind}: {text}")
        self._to_journal.tell(journal.Alerted(severity=severity, kind=kind, text=text))

    def _is_full(self, severity: Severity) -> bool:
        most, waiting = self._settings.waiting_max, self._letters.waiting()
        if waiting < most:
            if self._dropped:
                self._say(Severity.WARNING, f"the outbox takes notices again; {self._dropped} are in the log only")
            self._dropped = 0
            return False
        if severity in {Severity.CRITICAL, Severity.ERROR} and waiting < 2 * most:
            return False
        if not self._dropped:
            self._say(Severity.WARNING, f"{waiting} notices wait for {self._sender.name}: more are in the log only")
        self._dropped += 1
        return True

    def _loudness(self, kind: str, severity: Severity) -> Loudness:
        wanted = {**self._settings.kinds, **self._set}
        return audible(wanted, kind, is_critical=severity is Severity.CRITICAL)

    # --- delivering

    def _turn(self) -> None:
        """Tell what was counted, send one message if there is something to send, and set the next turn."""
        monotonic = self._clock.monotonic_ms()
        for again in self._groups.over(monotonic):
            self._tell_again(again)
        self._read_settings()
        self._take_new()
        self._tell_the_day()
        if monotonic >= self._not_before:
            self._deliver()
        end, due = self._groups.next_end(), self._letters.next_due()
        if end is not None:
            self._wake_in(end - self._clock.monotonic_ms())
        if due is not None:
            self._wake_in(max(due - self._now, self._settings.gap_ms, self._not_before - self._clock.monotonic_ms()))
        self._wake_in(min(LOOK_MS, self._day.wait_ms(self._now)))

    def _tell_the_day(self) -> None:
        """The daily summary, in its hour, once: on quiet days too, so that silence is itself an alarm."""
        with suppress(Unavailable):  # the next turn tries again
            owed = self._day.owed(self._now)
            if owed is not None:
                day, notice = owed
                self._letters.put(notice, at=self._now)
                self._day.told(day, self._now)
                self._take_new()

    def _wake_in(self, delay_ms: int) -> None:
        """Have a turn in so long, or earlier if one is set already; deliveries that must wait are left alone by it."""
        monotonic = self._clock.monotonic_ms()
        at = monotonic + max(delay_ms, 0)
        if self._wake_at is None or at < self._wake_at:
            self._wake_at = at
            self._timers.start(WAKE, at - monotonic, _Wake(), background=True)

    def _deliver(self, *, within_s: float | None = None) -> None:
        """Send one message."""
        settings = self._settings
        horizon_ms = max(settings.repeat_ms, settings.retry_ms_max, settings.keep_trying_ms)
        letters = self._wanted(self._letters.due(self._now, horizon_ms=horizon_ms))
        if not letters:
            return
        outcome = self._sender.send([self._line(letter) for letter in letters], within_s=within_s)
        self._not_before = self._clock.monotonic_ms() + settings.gap_ms
        match outcome:
            case Delivered(count=count):
                self._letters.delivered(letters[:count], at=self._now)
                self._works_again()
            case Unsendable(reason=reason, count=count):
                self._letters.failed(letters[:count], reason=reason, next_at=None)
                self._say(Severity.ERROR, f"{self._sender.name} will never take {count} notices: {reason}")
                self._works_again()
            case NotNow():
                self._not_delivered(letters, outcome)

    def _wanted(self, letters: Sequence[Letter]) -> list[Letter]:
        """Leave out the kinds that are switched off."""
        wanted: list[Letter] = []
        off: list[Letter] = []
        for letter in letters:
            notice = letter.notice
            is_off = self._loudness(notice.type, notice.severity) is Loudness.OFF
            (off if is_off else wanted).append(letter)
        if off:
            self._letters.failed(off, reason="switched off", next_at=None)
        return wanted

    def _line(self, letter: Letter) -> Line:
        notice = letter.notice
        return Line(
            severity=notice.severity,
            kind=notice.type,
            text=notice.text,
            at=letter.at,
            again=letter.delivered_at is not None,
            insists=notice.repeat_ms is not None,
            silent=self._loudness(notice.type, notice.severity) is Loudness.SILENT,
            times=letter.times,
            last_at=letter.last_at,
        )

    def _not_delivered(self, letters: list[Letter], outcome: NotNow) -> None:
        settings, now, monotonic = self._settings, self._now, self._clock.monotonic_ms()
        self._failures += 1
        is_grave = any(letter.notice.severity is Severity.CRITICAL for letter in letters)
        most = settings.retry_critical_ms_max if is_grave else settings.retry_ms_max
        wait_ms = min(settings.retry_ms * 2 ** min(self._failures - 1, 30), most)
        if outcome.after_ms is not None:
            wait_ms = outcome.after_ms
            self._asked_until = monotonic + wait_ms
        # The gate is for all: what is critical and falls due a moment later does not wait as long as what is not.
        self._not_before = max(monotonic + min(wait_ms, settings.retry_critical_ms_max), self._asked_until)
        given_up = [letter for letter in letters if self._is_too_old(letter, now)]
        others = [letter for letter in letters if letter not in given_up]
        self._letters.failed(others, reason=outcome.reason, next_at=Milliseconds(now + wait_ms))
        if given_up:
            self._letters.failed(given_up, reason=outcome.reason, next_at=None)
            text = f"gave up on {len(given_up)} notices for {self._sender.name}; they stay in the outbox, undelivered"
            self._say(Severity.ERROR, text)
        if self._failures & (self._failures - 1) == 0:  # the 1st, 2nd, 4th, ...: not to fill the log
            text = f"{self._sender.name} did not take a message ({outcome.reason}), {self._failures} times in a row"
            self._say(Severity.WARNING, f"{text}; {len(others)} notices wait, next attempt in {wait_ms / 1000:g} s")

    def _is_too_old(self, letter: Letter, now: Milliseconds) -> bool:
        is_critical = letter.notice.severity is Severity.CRITICAL
        return not is_critical and now - letter.at > self._settings.keep_trying_ms

    def _works_again(self) -> None:
        if self._failures:
            self._say(Severity.INFO, f"{self._sender.name} takes messages again after {self._failures} failures")
        self._failures = 0


def _is_ours(letter: Letter) -> bool:
    return (letter.notice.dedupe_key or "").startswith(OURS)


def _writable(text: str) -> str:
    """Give a text that any database and any encoder takes: without lone surrogates and control characters."""
    sound = text.encode("utf-8", "replace").decode()
    return "".join(char for char in sound if char >= " " or char in "\n\t")
