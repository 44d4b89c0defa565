"""What a comparison asks for: orphans are cancelled, and what cannot be explained waits for a person.

What the person chooses is begun at once, and resolved when a later comparison shows that it has come to pass.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from actors.memory import Memory, MemoryFails, Waiting
from actors.order_adopting import Adopting
from actors.order_market import OrderSettings
from actors.order_news import Addresses, News
from actors.order_steps import Steps
from actors.timers import Timers
from trading import bracket as brackets
from trading.bracket import Bracket, Phase
from trading.facts import Order
from trading.findings import CancelOrphan, Quarantine, Report
from trading.labels import OWNER_MAX, WORKER_MAX, parse, tag
from trading.marks import mark
from trading.messages import guardian, journal, orders, reconciler
from trading.values import InstrumentName, IntentId, Milliseconds, OrderId

VERIFY_MS: Final = 2_000
OUT: Final = frozenset({"close", "cancel"})
"""Choices that end it: what rests is taken away, and what is held cannot stay without it."""


class Issues:
    """Instruments that wait for a person, and orders of ours that no trade explains."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        timers: Timers,
        memory: Memory,
        steps: Steps,
        adopting: Adopting,
        to: Addresses,
        news: News,
        settings: OrderSettings,
    ) -> None:
        self._now, self._timers, self._memory, self._steps = now, timers, memory, steps
        self._adopting, self._to, self._news, self._settings = adopting, to, news, settings
        self._orphans: set[OrderId] = set()
        self._waiting: dict[InstrumentName, Waiting] = {}

    # --- what is known

    @property
    def orphans(self) -> int:
        """How many orders of ours rest without a trade."""
        return len(self._orphans)

    def why(self, instrument: InstrumentName) -> str | None:
        """Why nothing may open on it."""
        waiting = self._waiting.get(instrument)
        return None if waiting is None else waiting.why

    def load(self) -> None:
        """Take up what waited for a person in the last life, and what they chose."""
        for waiting in self._memory.waiting():
            known = self._waiting.get(waiting.instrument)
            if known is None or known.chosen is None:
                self._waiting[waiting.instrument] = waiting
            if waiting.behind:
                self._to.guardian.tell(guardian.Watch(instrument=waiting.instrument, ours=True))

    def ended(self, order: Order) -> None:
        """An order does not rest any more."""
        self._orphans.discard(order.order_id)

    def given_up(self, bracket: Bracket, why: str) -> None:
        """A bracket waits for a person; its issue is on disk with the step."""
        mark("given-up-for-a-person")
        plan = bracket.plan
        self._waiting[plan.instrument] = Waiting(instrument=plan.instrument, why=why, behind=(plan.bracket_id,))
        self._to.journal.tell(journal.IssueOpened(instrument=plan.instrument, why=why))

    # --- what a comparison asks for

    def cancel_orphan(self, order: Order) -> None:
        """An order of ours that no trade explains."""
        intent_id = IntentId(f"orphan:{order.order_id}:{self._now()}")  # each try is a request of its own
        if self._steps.remembers(lambda: self._memory.record_orphan(order, intent_id, at=self._now())):
            wish = brackets.Cancel(intent_id=intent_id, order_id=order.order_id)
            self._steps.submit(order.instrument, wish, self._settings.fill_condition)
            self._news.recorded()

    def quarantine(self, action: Quarantine) -> None:
        """Open nothing on the instrument until a person chose; then do what they chose."""
        self._to.guardian.tell(guardian.Watch(instrument=action.instrument, ours=True, claimed=action.claimed))
        waiting = self._waiting.get(action.instrument)
        if waiting is not None:
            if waiting.chosen in {"adopt", *OUT} and action.adoption is not None:
                bracket_id = self._adopting.adopt(action.adoption)
                if bracket_id is not None and waiting.chosen in OUT:
                    self._steps.tell(bracket_id, brackets.Close(reason=f"resolved: {waiting.chosen}"))
            return
        if self._is_left(action):
            mark("left-to-a-person-before")
            return
        if self._steps.remembers(lambda: self._memory.open_issue(action, at=self._now())):
            self._waiting[action.instrument] = Waiting(
                instrument=action.instrument, why=action.why, behind=action.bracket_ids if action.adoption else ()
            )
            self._news.recorded()
            self._to.journal.tell(journal.IssueOpened(instrument=action.instrument, why=action.why))

    def _is_left(self, action: Quarantine) -> bool:
        """Was the very same thing left to the person already?"""
        with suppress(MemoryFails):
            return self._memory.is_left(action)
        return False

    # --- what a person chose

    def chosen(self, message: orders.ResolveIssue) -> None:
        """Begin what a person chose. Chosen already, it is begun once more and changes nothing."""
        instrument, choice, by = message.instrument, message.choice, message.by
        waiting = self._waiting.get(instrument)
        if waiting is None:
            return
        if not self._steps.remembers(lambda: self._memory.choose(instrument, choice, by=by, at=self._now())):
            return
        self._waiting[instrument] = replace(waiting, chosen=choice, by=by)
        self._begin(self._waiting[instrument])
        self.verify()

    def _begin(self, waiting: Waiting) -> None:
        """Do it. Begun already, it changes nothing: after a crash nobody knows whether it was."""
        if waiting.chosen == "ignore":
            self._leave(waiting)
            return
        for bracket in (*self._steps.given_up, *tuple(self._steps.open.values())):
            if bracket.plan.instrument == waiting.instrument:
                is_adopted = waiting.chosen == "adopt"
                wish = brackets.Adopt() if is_adopted else brackets.Close(reason=f"resolved: {waiting.chosen}")
                self._steps.tell(bracket.plan.bracket_id, wish)

    def _leave(self, waiting: Waiting) -> None:
        """It is the person's from now on: nothing of it is touched, closed or covered by us any more."""
        if not self._resolved(waiting, "ignore"):
            return
        for bracket in self._steps.given_up:
            if bracket.plan.instrument == waiting.instrument:
                self._steps.forget(bracket.plan.bracket_id)
        if waiting.behind:
            self._to.guardian.tell(guardian.Release(instrument=waiting.instrument))

    def verify(self) -> None:
        """Look whether what was chosen has come to pass."""
        if any(waiting.chosen for waiting in self._waiting.values()):
            self._to.reconciler.tell(reconciler.Run(why="a person chose"))

    def compared(self, report: Report) -> None:
        """These and no others are orphans now; and what was chosen is resolved by what the exchange shows."""
        self._orphans = {action.order.order_id for action in report.actions if isinstance(action, CancelOrphan)}
        for waiting in tuple(self._waiting.values()):
            outcome = self._outcome(waiting, report)
            if outcome is not None:
                mark("choice-has-come-to-pass")
                self._resolved(waiting, outcome)
            elif waiting.chosen is not None:
                self._begin(waiting)
        if any(waiting.chosen for waiting in self._waiting.values()):
            self._timers.start("verify", VERIFY_MS, orders.VerifyIssues())

    def _outcome(self, waiting: Waiting, report: Report) -> str | None:
        """What has become of a choice; None while it has not come to pass."""
        name = waiting.instrument
        here = [bracket for bracket in self._steps.open.values() if bracket.plan.instrument == name]
        stays = any(isinstance(one, Quarantine) and one.instrument == name for one in report.actions)
        is_given_up = any(bracket.plan.instrument == name for bracket in self._steps.given_up)
        if waiting.chosen is None or stays or is_given_up:
            return None
        if waiting.chosen == "adopt" and any(
            bracket.phase is Phase.OPEN and 0 < bracket.held <= bracket.cover for bracket in here
        ):
            return "adopt"
        if here or any(self._is_ours(order) for order in report.orders if order.instrument == name):
            return None
        return waiting.chosen if waiting.chosen in OUT else "closed"

    def _is_ours(self, order: Order) -> bool:
        label, settings = parse(order.label), self._settings
        mine = tag(settings.owner, OWNER_MAX), tag(settings.worker, WORKER_MAX)
        return label is not None and (label.owner, label.worker) == mine

    def _resolved(self, waiting: Waiting, outcome: str) -> bool:
        name, by = waiting.instrument, waiting.by
        if not self._steps.remembers(lambda: self._memory.resolve_issue(name, outcome, by=by, at=self._now())):
            return False
        self._waiting.pop(name, None)
        self._to.journal.tell(journal.IssueResolved(instrument=name, choice=outcome))
        return True
