"""The outbox as the notifier uses it: also when the database takes nothing, which is when a person must hear of it.

What cannot be written is kept in memory, within a bound, and goes out from there; what was delivered and cannot be
noted is not delivered again. As soon as the database works again, all of it is written.
"""

from dataclasses import replace
from typing import Final

from actors.sending import Say
from persistence.outbox import BATCH_MAX, REPEAT_MS_MAX, Letter, Notice, Outbox
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.values import Milliseconds

KEPT_MAX: Final = 100
UNNOTED_MAX: Final = 5_000  # deliveries the database could not take; past it the oldest may be sent again


class Letters:
    """Letters in the outbox, and those that could not be put there (their ids are negative)."""

    def __init__(self, outbox: Outbox, say: Say) -> None:
        self._outbox, self._say = outbox, say
        self._kept: dict[int, Letter] = {}
        self._unnoted: dict[int, tuple[Milliseconds, int]] = {}  # when it was delivered last, and how often since
        self._last_id = 0
        self._seen: int | None = None
        self._works = True

    def put(self, notice: Notice, *, at: Milliseconds) -> bool:
        """Take a notice; False when its key is known already."""
        try:
            is_new = self._outbox.put(notice, at=at)
        except Unavailable as failure:
            self._broken(failure)
            self._keep(notice, at)
            return True
        self._mended()
        return is_new

    def again(self, alert: str, *, text: str, times: int, at: Milliseconds) -> bool:
        """Count a trouble so many times more; False when no alert of it waits for an acknowledgement."""
        for number, letter in self._kept.items():
            if letter.notice.alert == alert:
                told = replace(letter.notice, text=text)
                self._kept[number] = replace(letter, notice=told, times=letter.times + times, last_at=at)
                return True
        try:
            return self._outbox.again(alert, text=text, times=times, at=at)
        except Unavailable as failure:
            self._broken(failure)
            return False

    def new(self) -> tuple[Letter, ...]:
        """Give what was put into the outbox since this was last asked; at first, all that nobody tried to deliver."""
        try:
            if self._seen is None:
                self._seen = self._outbox.last_touched()
            found = self._outbox.after(self._seen)
        except Unavailable as failure:
            self._broken(failure)
            return ()
        if found:
            self._seen = found[-1].id
        return found

    def due(self, now: Milliseconds, *, horizon_ms: int) -> list[Letter]:
        """Give what should be delivered now, critical ones first.

        Nothing is ever put off by more than the horizon, so what seems to be is due: the clock was set back.
        """
        letters: list[Letter] = []
        failure = None
        try:
            self._write_what_waits()
        except Unavailable as why:
            failure = why
            letters += [one for one in self._kept.values() if one.next_at is not None and one.next_at <= now]
        try:  # a full disk can still be read
            nearest = self._outbox.next_due()
            moment = nearest if nearest is not None and nearest > now + horizon_ms else now
            letters += self._outbox.due(Milliseconds(moment), limit=BATCH_MAX)
        except Unavailable as why:
            failure = why
        if failure is None:
            self._mended()
        else:
            self._broken(failure)
        found = [letter for letter in letters if not self._was_delivered(letter, now)]
        return sorted(found, key=lambda letter: letter.notice.severity is not Severity.CRITICAL)

    def next_due(self) -> Milliseconds | None:
        """Give when the next one falls due."""
        times = [letter.next_at for letter in self._kept.values() if letter.next_at is not None]
        try:
            nearest = self._outbox.next_due()
        except Unavailable as failure:
            self._broken(failure)
            nearest = None
        return min([*times, *([] if nearest is None else [nearest])], default=None)

    def delivered(self, letters: list[Letter], *, at: Milliseconds) -> None:
        """Note deliveries. One in memory that repeats stays there; the others have done their duty."""
        for letter in letters:
            if letter.id > 0:
                self._unnoted[letter.id] = (at, self._unnoted.get(letter.id, (at, 0))[1] + 1)
                if len(self._unnoted) > UNNOTED_MAX:
                    del self._unnoted[next(iter(self._unnoted))]
            elif letter.notice.repeat_ms is None:
                del self._kept[letter.id]
            else:
                wait_ms = letter.notice.repeat_ms
                longer = replace(letter.notice, repeat_ms=max(wait_ms, min(wait_ms * 2, REPEAT_MS_MAX)))
                next_at = Milliseconds(at + wait_ms)
                self._kept[letter.id] = replace(
                    letter, notice=longer, attempts=letter.attempts + 1, delivered_at=at, next_at=next_at
                )
        try:
            self._note()
        except Unavailable as failure:
            self._broken(failure)

    def failed(self, letters: list[Letter], *, reason: str, next_at: Milliseconds | None) -> None:
        """Note a failed attempt and when to try again; None gives up.

        One in memory that was given up waits to be written: what cannot be delivered stands in the outbox at least.
        """
        for letter in letters:
            if letter.id < 0:
                self._kept[letter.id] = replace(letter, attempts=letter.attempts + 1, next_at=next_at)
        try:
            self._outbox.failed([letter.id for letter in letters if letter.id > 0], error=reason, next_at=next_at)
        except Unavailable as failure:
            self._broken(failure)

    def waiting(self) -> int:
        """Count what is not delivered yet; 0 when nobody can tell."""
        try:
            return self._outbox.waiting() + len(self._kept)
        except Unavailable as failure:
            self._broken(failure)
            return len(self._kept)

    def newest(self) -> tuple[Letter, ...]:
        """Give the newest ones of the outbox; none when it cannot be read."""
        try:
            return self._outbox.newest(limit=BATCH_MAX)
        except Unavailable as failure:
            self._broken(failure)
            return ()

    def _was_delivered(self, letter: Letter, now: Milliseconds) -> bool:
        """Whether the database only does not know yet that it was; one that repeats is due again in its time."""
        noted, repeat_ms = self._unnoted.get(letter.id), letter.notice.repeat_ms
        if noted is None or repeat_ms is None:
            return noted is not None
        at, times = noted
        longer: int = repeat_ms << min(times - 1, 16)
        return now < at + min(longer, max(repeat_ms, REPEAT_MS_MAX))

    def _keep(self, notice: Notice, at: Milliseconds) -> None:
        if len(self._kept) >= KEPT_MAX:
            # The oldest of the least severe goes; it stands in the log.
            loud = [*Severity]
            victim = min(self._kept.values(), key=lambda kept: (loud.index(kept.notice.severity), -kept.id))
            del self._kept[victim.id]
        self._last_id -= 1
        self._kept[self._last_id] = Letter(
            id=self._last_id,
            at=at,
            notice=notice,
            attempts=0,
            next_at=at,
            delivered_at=None,
            acknowledged_at=None,
            acknowledged_by="",
            error="",
        )

    def _write_what_waits(self) -> None:
        for letter in tuple(self._kept.values()):
            self._outbox.put(letter.notice, at=letter.at)
            del self._kept[letter.id]
        self._note()

    def _note(self) -> None:
        for at in sorted({at for at, _ in self._unnoted.values()}):
            ids = [number for number, (delivered_at, _) in self._unnoted.items() if delivered_at == at]
            self._outbox.delivered(ids, at=at)
            for number in ids:
                del self._unnoted[number]

    def _broken(self, failure: Unavailable) -> None:
        if self._works:
            self._works = False
            self._say(Severity.ERROR, f"the outbox cannot be used: {failure}; notices are kept in memory meanwhile")

    def _mended(self) -> None:
        if not self._works:
            self._works = True
            self._say(Severity.INFO, "the outbox can be used again")
