"""Whether a person hears of what is critical: it is on disk when it was told, and delivered when that is possible.

Only the database, what has arrived at Telegram, and what the notifier was told are looked at; it is never asked.
"""

from typing import Any, Final

from actors.names import NOTIFIER
from persistence.store import Store
from simulation.disk import Death, Onlooker
from simulation.telegram import REFUSED
from simulation.world import World
from trading.bracket.effects import Severity
from trading.messages.notices import Notice
from trading.messages.supervision import Phase
from trading.promises import Violation

YOUNG_MS: Final = 90_000
"""A letter younger than this may still be waiting for its turn."""
_NEWEST: Final = 500


class Alerts:
    """What is critical, in one world over all its lives."""

    def __init__(self, world: World, store: Store, database: Onlooker, death: Death) -> None:
        self._world, self._store, self._database, self._death = world, store, database, death
        self._in_memory: dict[str, int] = {}
        """Told while the disk took nothing, to the so-manieth notifier: written later, unless that one dies before."""
        self._had_trouble = False
        self._found: list[Violation] = []
        self.begins()

    def begins(self) -> None:
        """A new process: what was in memory is gone."""
        self._in_memory.clear()
        self._had_trouble = bool(self._database.trouble)
        self._world.runtime.after.append(self._heard)

    def disk_fails(self) -> None:
        """From now on not everything is on disk at once."""
        self._had_trouble = True

    def broken(self) -> tuple[Violation, ...]:
        """What was found since this was last asked."""
        found, self._found = tuple(self._found), []
        return found

    def undelivered(self) -> tuple[Violation, ...]:
        """Critical letters that did not arrive, although Telegram has been well for minutes. To be asked at the end."""
        found = [_not(key, f"the alert {key} is still not on disk") for key in self._unwritten()]
        telegram = self._world.options.telegram
        assert telegram is not None
        now, is_told = self._world.now, self._notifier_lives()
        for letter in self._store.outbox.newest(limit=_NEWEST):
            if letter.notice.severity is not Severity.CRITICAL or now - letter.at < YOUNG_MS:
                continue
            text = f"letter {letter.id} ({letter.notice.type}: {letter.notice.text})"
            if letter.delivered_at is not None:
                if (letter.notice.type, letter.at) not in telegram.taken:
                    found.append(_not(str(letter.id), f"{text} counts as delivered and has not arrived"))
                insists = letter.notice.repeat_ms is not None and letter.acknowledged_at is None and not letter.error
                if insists and letter.next_at is None:
                    found.append(_not(str(letter.id), f"{text} will not be told again, and nobody has answered"))
            elif is_told and not (letter.next_at is None and letter.error == REFUSED):
                found.append(_not(str(letter.id), f"{text} was not delivered: {letter.error or 'nobody tried'}"))
        return tuple(found)

    def _heard(self, who: str, message: Any) -> None:
        """Somebody has handled a message; only one of them matters."""
        if who != NOTIFIER or type(message) is not Notice or message.severity is not Severity.CRITICAL:
            return
        if self._death.is_dead or self._row(message.key):  # it died with the word in its hand: nothing was promised
            return
        if self._had_trouble:
            self._in_memory[message.key] = self._world.notifiers
        else:
            self._found.append(_not(message.key, f"the notifier took {message.text!r}, and it is not on disk"))

    def _unwritten(self) -> list[str]:
        """What the notifier that lives now had to keep in memory, and has still not written."""
        lives = self._world.notifiers
        return [key for key, life in self._in_memory.items() if life == lives and not self._row(key)]

    def _row(self, key: str) -> bool:
        return self._database.sql("SELECT 1 FROM outbox WHERE alert = ? LIMIT 1", (key,)).fetchone() is not None

    def _notifier_lives(self) -> bool:
        """Past its restarts it stays down, and health says so: that is a known reason."""
        children = self._world.supervisor.state().children
        return any(child.id == NOTIFIER and child.phase is Phase.RUNNING for child in children)


def _not(about: str, sentence: str) -> Violation:
    return Violation(promise="told", about=about, sentence=sentence)
