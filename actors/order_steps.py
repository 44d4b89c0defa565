"""The brackets of one worker: each is told something, steps, is recorded, adopted, and what it wants is performed.

In that order: a request is on disk before it leaves. What cannot be recorded is not done, and nothing new opens until
the database takes writes again.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from actors.memory import Memory, MemoryFails
from actors.order_market import OrderSettings
from actors.order_news import Addresses, News
from actors.saying import Saying
from actors.timers import Timers
from trading import bracket as brackets
from trading.bracket import Bracket, Phase, Purpose
from trading.bracket.effects import Request
from trading.bracket.state import Fate, has_grown
from trading.labels import parse
from trading.marks import mark
from trading.messages import broker, guardian, journal, orders
from trading.values import BracketId, FillCondition, InstrumentName, IntentId, Milliseconds

OVER_KEPT = 100  # that are over and may still hear of a late fill; older ones are read from the database


class Steps:
    """Takes every step of every bracket; the only place that sends requests for one."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        timers: Timers,
        memory: Memory,
        to: Addresses,
        news: News,
        settings: OrderSettings,
        given_up: Callable[[Bracket, str], None],
        closed: Callable[[Bracket], None],
    ) -> None:
        """``given_up`` hears of a bracket that waits for a person, and why; ``closed`` of ended trades."""
        self._now, self._timers, self._memory, self._to = now, timers, memory, to
        self._news, self._settings, self._quarantined, self._closed = news, settings, given_up, closed
        self.open: dict[BracketId, Bracket] = {}
        self.over: dict[BracketId, Bracket] = {}
        self.saying = Saying(timers)
        self.is_up = False
        self.store_works = True
        self._missed: set[BracketId] = set()  # told something the database did not take: perhaps an outcome

    # --- what is known

    def load(self) -> None:
        """Take up where the last life ended: every request without a known outcome is of unknown fate."""
        for bracket in self._memory.open_brackets():
            self.open[bracket.plan.bracket_id] = bracket
            self._watch(bracket, ours=True)
        for bracket in self._memory.quarantined_brackets():
            self.over[bracket.plan.bracket_id] = bracket
            self._watch(bracket, ours=True)
        self.doubt()

    def find(self, bracket_id: BracketId) -> Bracket | None:
        """The bracket of this id, however long it has been over."""
        known = self.open.get(bracket_id) or self.over.get(bracket_id)
        return self._memory.bracket(bracket_id) if known is None else known

    @property
    def are_covered(self) -> bool:
        """Whether all could be left to the stops that rest. While nobody can be reached waiting would not help."""
        return not self.is_up or all(
            bracket.held <= bracket.cover and not bracket.in_flight(Purpose.BRACKET, Purpose.ENTRY, Purpose.STOP)
            for bracket in self.open.values()
        )

    @property
    def given_up(self) -> tuple[Bracket, ...]:
        """Those that wait for a person."""
        return tuple(bracket for bracket in self.over.values() if bracket.phase is Phase.QUARANTINED)

    def take_in(self, bracket: Bracket) -> None:
        """One that is on disk already, and was not known here."""
        self._adopt(bracket)
        self._watch(bracket, ours=True)
        self._to.journal.tell(journal.BracketMoved(bracket=bracket, cause="adopted"))

    def forget(self, bracket_id: BracketId) -> None:
        """One that a person has taken over."""
        self.over.pop(bracket_id, None)

    # --- what they are told

    def begin(self, bracket: Bracket, effects: tuple[brackets.Effect, ...], why: str) -> None:
        """Take a bracket's first step, or raise NotOpened."""
        self._commit(None, bracket, why, effects)

    def tell(self, bracket_id: BracketId, message: brackets.Message) -> None:
        """Tell one bracket one thing. While nobody can be reached it only learns."""
        before = self.find(bracket_id)
        if before is None:
            return
        now, limits = self._now(), self._settings.limits
        after, effects = (
            brackets.step(before, message, now, limits)
            if self.is_up
            else (brackets.learn(before, message, now, limits), ())
        )
        if after == before and all(isinstance(effect, brackets.Wake) for effect in effects):
            self._perform(after, effects)
            return
        self._commit(before, after, message, effects)

    def outcome(self, intent_id: IntentId, message: brackets.Message) -> None:
        """Bring an outcome to the bracket whose intent it was."""
        label = parse(intent_id)
        self.tell(label.bracket if label is not None else BracketId(intent_id.split(":", 1)[0]), message)

    def doubt(self, *which: BracketId) -> None:
        """Nobody will answer what is on its way: it is of unknown fate from now on."""
        for bracket_id in which or tuple(self.open):
            bracket = self.open.get(bracket_id)
            for intent in () if bracket is None else bracket.intents:
                if intent.fate is Fate.SENT:
                    mark("answer-will-not-come")
                    self.tell(bracket_id, brackets.Unknown(intent_id=intent.intent_id))

    def wake_up(self, bracket_id: BracketId) -> None:
        """It is time to look again. What was missed while the database failed may have been an outcome."""
        if bracket_id in self._missed:
            mark("outcome-may-have-been-missed")
            self._missed.discard(bracket_id)
            self.doubt(bracket_id)
        self.tell(bracket_id, brackets.Tick())

    def connection_changed(self, *, is_up: bool) -> None:
        """While it is down nothing is decided: what rests is the cover. When it comes up all is looked at."""
        self.is_up = is_up
        if not is_up:
            self.doubt()
            return
        for bracket_id in tuple(self.open):
            self.tell(bracket_id, brackets.Tick())

    # --- record, adopt, perform

    def _commit(
        self,
        before: Bracket | None,
        after: Bracket,
        cause: brackets.Message | str,
        effects: tuple[brackets.Effect, ...],
    ) -> None:
        """On disk, then in memory, then out of the house."""
        written = self.remembers(lambda: self._memory.record_step(before, after, cause, effects, at=self._now()))
        if not written and not self._was_made(after):
            mark("opening-not-written" if before is None else "step-not-written")
            if before is not None:
                self._missed.add(after.plan.bracket_id)
                self._wake("retry", after, self._settings.limits.ask_every_ms)
            return
        self._adopt(after)
        if has_grown(before, after):
            mark("late-exit-of-a-closed-trade")
            self._closed(after)
        # What leaves the house leaves first: whoever only writes it down would take the processor from it.
        first = next((at for at, effect in enumerate(effects) if not isinstance(effect, Request)), len(effects))
        self._perform(after, effects[:first])
        if before is None:
            # The guardian keeps what it sees of any instrument: told a moment after the request it has missed nothing.
            self._watch(after, ours=True)
            self.saying.wait()
        said = cause if isinstance(cause, str) else type(cause).__name__
        self.saying.tell(self._to.journal, journal.BracketMoved(bracket=after, cause=said))
        self._perform(after, effects[first:])

    def _was_made(self, after: Bracket) -> bool:
        """A commit that failed may have been made all the same: what is on disk says so."""
        try:
            was_made = self._memory.bracket(after.plan.bracket_id) == after
        except MemoryFails:
            return False
        if was_made:
            mark("made-although-it-failed")
        return was_made

    def catch_up(self) -> None:
        """Take in what is on disk and not known here: of its opening nobody could even read whether it was made."""
        with suppress(MemoryFails):  # the next comparison tries again
            for bracket in self._memory.open_brackets():
                if bracket.plan.bracket_id not in self.open:
                    mark("found-on-disk")
                    self.take_in(bracket)
                    self.doubt(bracket.plan.bracket_id)

    def _adopt(self, after: Bracket) -> None:
        bracket_id = after.plan.bracket_id
        for kept in (self.open, self.over):
            kept.pop(bracket_id, None)
        if not after.phase.is_over:
            self.open[bracket_id] = after
            return
        self.over[bracket_id] = after
        spent = [one for one, bracket in self.over.items() if bracket.phase is not Phase.QUARANTINED]
        for old in spent[:-OVER_KEPT]:
            del self.over[old]
        self._watch(after, ours=after.phase is Phase.QUARANTINED)

    def _perform(self, bracket: Bracket, effects: tuple[brackets.Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case brackets.Place() | brackets.PlaceBracket() | brackets.Edit() | brackets.Cancel():
                    self.submit(bracket.plan.instrument, effect, bracket.plan.fill_condition)
                case brackets.Ask(label=label, sent_at=sent_at):
                    self._to.broker.tell(broker.AskLabel(label=label, currency=bracket.plan.currency, sent_at=sent_at))
                case brackets.Wake(at=at):
                    self._wake("wake", bracket, max(0, at - self._now()))
                case brackets.Opened():
                    self._news.opened(bracket)
                case brackets.Closed(traded=traded, reason=reason):
                    self._timers.cancel(f"wake:{bracket.plan.bracket_id}")
                    self._news.closed(bracket, reason, traded=traded)
                    if traded:
                        self._closed(bracket)
                case brackets.Quarantined(why=why):
                    self._quarantined(bracket, why)
                case brackets.Alert():
                    self._news.recorded()
                case _:
                    assert_never(effect)

    def submit(self, instrument: InstrumentName, wish: Request, condition: FillCondition) -> None:
        """Let a request leave. It is on disk already."""
        submit = broker.Submit(intent_id=wish.intent_id, instrument=instrument, wish=wish, fill_condition=condition)
        self._to.broker.tell(submit)

    def remembers(self, write: Callable[[], None]) -> bool:
        """Write; a database that does not take it is said once, and opens nothing until it does again."""
        try:
            write()
        except MemoryFails as failure:
            if self.store_works:
                self._news.store_failing(str(failure))
            self.store_works = False
            return False
        self.store_works = True
        return True

    def _wake(self, name: str, bracket: Bracket, delay_ms: int) -> None:
        bracket_id = bracket.plan.bracket_id
        self._timers.start(f"{name}:{bracket_id}", delay_ms, orders.Wake(bracket_id=bracket_id, at=self._now()))

    def _watch(self, bracket: Bracket, *, ours: bool) -> None:
        self._to.guardian.tell(guardian.Watch(instrument=bracket.plan.instrument, ours=ours))
