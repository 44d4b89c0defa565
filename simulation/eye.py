"""Looks at a world from outside: the exchange's books and the database, never the service. The promises are its judge.

It is told every change of the exchange and every commit, and looks again only when something has changed or when
something that may not last does.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from math import inf
from typing import Any, Final

from exchange.changes import Changes
from exchange.records import Order, Trade
from persistence.store import Store
from simulation.disk import Death
from simulation.exits import Exits
from simulation.failing import Failing
from simulation.knowing import Knowing
from simulation.leaving import Leaving
from simulation.letters import Letters
from simulation.obeyed import LANDS_MS, RECOVERY_MS, Obeyed, Struck
from simulation.signals import Signals
from simulation.silence import Silence
from simulation.sized import Sized
from simulation.truth import Truth
from simulation.world import World
from trading import promises
from trading.bracket import Bracket
from trading.labels import OWNER_MAX, WORKER_MAX, parse, tag
from trading.messages.desk import Answer
from trading.promises import Lasting, Picture, Resting, Violation
from trading.values import ZERO, BracketId, InstrumentName, Leg, OrderId, Side, StrategyName

NEVER: Final = inf
LAST_RESORT_FROM: Final = 80
"""Orders that need no database count from here: a panic while it fails, and from 90 on the guardian's."""
GUARDIANS_FROM: Final = 90
BEFORE_MS: Final = 20_000
GUARDIAN_MS: Final = 4_000
"""While the disk takes nothing only the guardian acts: 1.5 s later than the others would, and when it has looked."""
NEEDLESS_MAX: Final = 6
"""However many faults hide facts: who has had the account read so often knows that it is covered."""
ORPHAN_MARGIN_MS: Final = 30_000
TRIED_MS: Final = 60_000
"""An alert calls somebody and does not stand in for closing: so long after the last fault it excuses no more."""
ABSOLUTE_MS: Final = 150_000
"""However many faults: longer than this only with a critical alert that somebody should come."""


class Broken(Exception):
    """A promise was broken."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(violations[0].sentence)
        self.violations = violations


class Eye:
    """Watches one world over all its lives."""

    def __init__(self, world: World, store: Store, death: Death, *, auto_reconnect: bool, way_ms: int) -> None:
        self._world, self._store, self._death = world, store, death
        self._auto_reconnect, self._way_ms = auto_reconnect, way_ms
        self._who = tag("me", OWNER_MAX), tag(world.options.worker, WORKER_MAX)
        self._is_dirty = True
        self._commits = self._read_at = self._looked_at = -1
        self._explained_by: tuple[Bracket, ...] = ()
        self._entries: dict[BracketId, set[str]] = {}
        self._ours: dict[str, Decimal] = {}
        self._labels: dict[str, str] = {}
        self._by_hand: set[str] = set()
        self._guardians: list[tuple[str, str, str]] = []
        self._needless: Counter[str] = Counter()
        """How often the guardian has closed some of a trade that was covered, by trade."""
        self._obeyed = Obeyed(store, way_ms=way_ms)
        self._leaving, self._signals = Leaving(store), Signals()
        self._exits, self.knowing = Exits(self._who), Knowing()
        self._close_tried: dict[str, int] = {}
        self._unchecked: list[tuple[OrderId, str]] = []
        self._naked, self._orphans = Lasting(), Lasting()
        self._letters, self._truth = Letters(world, store), Truth(world, store)
        self._sized = Sized(world, "main", way_ms=way_ms)
        self._struck_total = 0
        self._silence, self._failing = Silence(world), Failing(store)
        self.struck_at = self._struck_before = self.changed_at = -(10**9)
        self.results = 0
        """Of how many closed trades the result was held against the exchange's own."""
        self.fills: dict[str, list[Trade]] = {}
        self._lines: dict[int, int] = {}
        self._sessions: int | None = None
        """How often one had come or gone when the lines were looked at."""
        self._stands_at: float = NEVER
        """When one that came up has stayed for long enough to count."""
        self._allowed_at: int | None = self._clock
        self.worst_naked_ms = 0
        self.brackets: set[str] = set()
        self.hash = hashlib.sha256()
        world.exchange.recorder = self._changed

    # --- what it is told

    def _changed(self, changes: Changes) -> None:
        self._sized.shown.note(changes, self._clock)
        if not (changes.orders or changes.trades or changes.positions):
            return
        self._is_dirty, self.changed_at = True, self._clock
        for order in changes.orders.values():
            self._order(order)
        for trade in changes.trades:
            self._trade(trade)

    def _order(self, order: Order) -> None:
        line = f"{order.order_id}|{order.order_state}|{order.amount}|{order.filled_amount}|{order.label}|{order.price}"
        self.hash.update(line.encode())
        label = parse(order.label)
        if label is None or order.account != "main" or order.is_dormant or order.label in self._by_hand:
            return
        if order.order_id in self._labels:
            return
        self._labels[order.order_id] = order.label
        if (label.owner, label.worker) != self._who:
            return
        self._exits.placed(order, label)
        if label.leg is Leg.CLOSE:
            self._close_tried[order.instrument_name] = self._clock
        if label.leg is Leg.ENTRY:
            self._obeyed.enters(order.order_id, label, self._clock)
            self._entries.setdefault(label.bracket, set()).add(order.order_id)
        if label.attempt >= GUARDIANS_FROM:
            self._guardians.append((order.order_id, order.instrument_name, label.bracket))
        elif label.attempt < LAST_RESORT_FROM:
            self._unchecked.append((OrderId(order.order_id), order.label))

    def _trade(self, trade: Trade) -> None:
        self.hash.update(f"{trade.trade_id}|{trade.price}|{trade.amount}|{trade.fee}".encode())
        if trade.account != "main":
            return
        name = trade.instrument_name
        label = parse(trade.label)
        if label is not None and (label.owner, label.worker) == self._who and trade.label not in self._by_hand:
            self.fills.setdefault(label.bracket, []).append(trade)
            self._exits.filled(trade, label)
            sign = 1 if trade.direction == "buy" else -1
            self._ours[name] = self._ours.get(name, ZERO) + sign * trade.amount
        else:
            self._truth.by_others(name)

    # --- looking

    @property
    def has_strikes_now(self) -> bool:
        """Whether a fault of the exchange has struck since the last look."""
        injected = self._world.exchange.faults.injected
        total = sum(injected.values()) if injected else 0
        changed, self._struck_total = total != self._struck_total, total
        return changed and total > 0

    def fails(self, name: StrategyName) -> None:
        """A strategy has died: until a person resumes it, it is in ERROR."""
        self._obeyed.fails(name, self._clock)

    def asked(self, command: str, fields: Mapping[str, Any]) -> None:
        """A person presses a button."""
        self._obeyed.asked(command, fields, self._clock)

    def answered(self, command: str, fields: Mapping[str, Any], answer: Answer | None, *, since: int) -> None:
        """What they were told, None if nothing, of what they pressed at that time of the exchange."""
        self._obeyed.answered(command, fields, answer, self._clock, since)
        self._leaving.answered(command, fields, answer)

    def slows(self, ms: int) -> None:
        """For so long everything of the service takes longer."""
        self._obeyed.slow_until = max(self._obeyed.slow_until, self._clock + ms)

    def forgets_failures(self) -> None:
        """The process died, or nothing could be written: what failed before may not be on disk."""
        self._obeyed.failed.clear()

    def by_hand(self, label: str) -> None:
        """An order with this label is a person's own doing, though it looks like ours."""
        self._by_hand.add(label)

    def may_connect(self) -> None:
        """At a start, at the restart of an actor, or because a person wants it a connection may come up."""
        self._allowed_at, self._sessions = self._clock, None

    def strikes(self) -> None:
        """Something goes wrong now."""
        now = self._clock
        if self.struck_at != now:
            self._struck_before, self.struck_at = self.struck_at, now

    @property
    def _clock(self) -> int:
        return self._world.pipe.now

    def look(self) -> tuple[Violation, ...]:
        """What is broken now. Cheap when nothing has changed."""
        if self._world.failed:
            failed = self._failures()
            if failed:
                return failed
        if self.has_strikes_now:
            self.strikes()
            self._silence.note()
        elif self._silence.is_late():
            self.strikes()
        if self._silence.may_end and self._silence.has_ended():
            self.strikes()  # what it was not told meanwhile is still to be found
        stands_at = self._stands_at
        if self._sessions != self._world.exchange.sessions.changes or (stands_at != NEVER and self._clock > stands_at):
            by_itself = self._reconnected()
            if by_itself:
                return by_itself
        if self._obeyed.failed:
            went_on = self._obeyed.went_on(self._clock)
            if went_on:
                return went_on
        is_same = not self._is_dirty and self._commits == self._death.commits
        if is_same and not (self._naked.since or self._orphans.since or self._truth.is_doubtful):
            return ()
        now = self._clock
        if is_same and now == self._looked_at:
            return ()
        self._is_dirty, self._commits, self._looked_at = False, self._death.commits, now
        found = [*promises.double_entries({key: len(ids) for key, ids in self._entries.items() if len(ids) > 1})]
        found += self._obeyed.look(now, Struck(self.struck_at, self._struck_before), self._commits)
        found += self._disk_first()
        found += self._needlessly_closed(now)
        brackets = self._explaining()
        found += self._leaving.look(brackets)
        live = self._world.exchange.engine.accounts["main"].live.values()
        found += self._exits.look(brackets, (one for one in live if one.label not in self._by_hand))
        found += self._signals.look(brackets)
        found += promises.crowded(brackets)
        found += promises.opposite_legs(brackets)
        found += promises.wrong_stops(brackets)
        found += self._sized.look(brackets, now, self.struck_at, is_silent=bool(self._silence))
        picture = self.picture(brackets)
        found += self._covered(picture, now)
        found += self._explained(picture, now)
        found += self.knowing.look(brackets, now, is_able=self.is_served and not self._disk_fails)
        found += self._truth.look(picture, now, self.struck_at, is_served=self.is_served)
        return tuple(found)

    def _disk_first(self) -> tuple[Violation, ...]:
        seen, self._unchecked = self._unchecked, []
        written = set()
        for _, text in seen:
            label = parse(text)
            assert label is not None
            labels = [text]
            if label.leg in {Leg.STOP, Leg.TARGET} and label.attempt == 0:
                head = text.rsplit(":", 1)[0]
                labels.append(f"{head}:e0")
            if any(self._row("SELECT 1 FROM intents WHERE label = ? LIMIT 1", one) for one in labels):
                written.add(text)
        return promises.unrecorded(seen, frozenset(written))

    def _failures(self) -> tuple[Violation, ...]:
        """What failed by itself. The dead write nothing, and of what follows from that nobody hears."""
        failed = tuple(self._world.failed)
        self._world.failed.clear()
        return () if self._death.is_dead else self._failing.faults(failed)

    def _reconnected(self) -> tuple[Violation, ...]:
        """A lost connection stays lost until a person reconnects, unless they switched auto-reconnect on."""
        now, known, sessions = self._clock, self._lines, self._world.exchange.sessions
        lines = [one.id for one in sessions if one.client_id == "paper" and one.is_ws]
        self._lines = {number: known.get(number, now) for number in lines}
        # Until a session comes or goes; one that is open may still log in.
        self._sessions = sessions.changes if all(one.client_id for one in sessions) else None
        allowed, self._stands_at = self._allowed_at, NEVER
        if allowed is not None:
            self._stands_at = min((one + LANDS_MS for one in self._lines.values() if one >= allowed), default=NEVER)
            if now > self._stands_at:
                self._allowed_at, self._stands_at = None, NEVER  # it came up, and stayed: that is used up
        if self._auto_reconnect or allowed is not None or known.keys() >= set(lines):
            return ()
        return (Violation(promise="P5", about="connection", sentence="the lost connection came back by itself"),)

    def _needlessly_closed(self, now: int) -> list[Violation]:
        """The guardian closes what is bare, and nothing else. While faults hide facts it may err on the safe side."""
        seen, self._guardians = self._guardians, []
        if not seen:
            return []
        is_calm = self.struck_at <= now - RECOVERY_MS - BEFORE_MS
        bare = {about for _, about in self._naked.since}
        found = []
        for order_id, instrument, bracket in seen:
            if instrument in bare:
                continue
            self._needless[bracket] += 1
            if is_calm or self._needless[bracket] > NEEDLESS_MAX:
                text = f"the guardian closed what a stop covered: order {order_id}, number {self._needless[bracket]}"
                found.append(Violation(promise="P1", about=order_id, sentence=text))
        return found

    def _row(self, statement: str, *values: Any) -> Any:
        return self._store._database.sql(statement, values).fetchone()  # noqa: SLF001 - looks past the store's own words

    def _explaining(self) -> tuple[Bracket, ...]:
        """Open brackets and those that wait for a person, read anew only after a commit."""
        if self._read_at != self._death.commits:
            self._read_at = self._death.commits
            self._explained_by = (*self._store.open_brackets(), *self._store.brackets.quarantined_brackets())
        return self._explained_by

    def picture(self, brackets: tuple[Bracket, ...] | None = None) -> Picture:
        """Exchange and database, as they are now."""
        account = self._world.exchange.engine.accounts["main"]
        held: dict[InstrumentName, Decimal] = {}
        for name in self._ours:
            ours = self._ours[name] = _part_of(account.amount(name), self._ours[name])
            if ours:
                held[InstrumentName(name)] = ours
        resting = tuple(
            Resting(
                order_id=OrderId(order.order_id),
                instrument=InstrumentName(order.instrument_name),
                side=Side(order.direction),
                left=order.remaining,
                label=order.label,
                is_stop=bool(order.trigger or order.trigger_order_id),
                reduce_only=order.reduce_only,
            )
            for order in account.live.values()
            if not order.is_dormant
        )
        owner, worker = self._who
        open_now = self._explaining() if brackets is None else brackets
        return Picture(owner=owner, worker=worker, held=held, resting=resting, open=open_now)

    @property
    def is_served(self) -> bool:
        """Whether the service is on the line: else what rests is the cover, and nobody can do anything."""
        return any(session.client_id == "paper" and session.is_ws for session in self._world.exchange.sessions)

    def _covered(self, picture: Picture, now: int) -> list[Violation]:
        bare = () if not self.is_served else promises.naked(picture)
        before, self._naked = self._naked, self._naked.step(bare, now)
        broken = []
        for one in bare:
            since = self._naked.since[one.promise, one.about]
            if (one.promise, one.about) not in before.since:
                self._letters.begin(one.about)
            self.worst_naked_ms = max(self.worst_naked_ms, now - since)
            last = max(since, self.struck_at, self._close_tried.get(one.about, since))
            told = now - last <= TRIED_MS and self._told_critical(one.about, since)
            if self._silence:
                late = now - since > RECOVERY_MS
            elif self.struck_at < since - BEFORE_MS:
                alone_ms = GUARDIAN_MS if self._disk_fails else 0
                # Right after a connect the account is read first: four questions, one after the other.
                is_new = since - max(self._lines.values(), default=-(10**9)) < 2 * self._way_ms
                read_ms = 2 * self._way_ms if is_new else 0
                late = now - since > promises.NAKED_MS_MAX + self._way_ms + alone_ms + read_ms
            else:
                late = now - max(since, self.struck_at) > RECOVERY_MS
            if (late and not told) or (now - since > ABSOLUTE_MS and not told):
                text = f"{one.about}: {one.sentence}, for {now - since} ms"
                broken.append(Violation(promise="P1", about=one.about, sentence=text))
        return broken

    @property
    def _disk_fails(self) -> bool:
        return bool(getattr(self._store._database, "trouble", ""))  # noqa: SLF001 - known to simulated disks alone

    def _told_critical(self, instrument: str, since: int) -> bool:
        """Whether somebody was called since it is bare: then it is a person's turn."""
        return self.struck_at >= since - BEFORE_MS and self._letters.has_told(instrument)

    def _explained(self, picture: Picture, now: int) -> list[Violation]:
        lost = () if not self.is_served else promises.orphans(picture)
        self._orphans = self._orphans.step(lost, now)
        limit = self._world.options.reconcile_ms + ORPHAN_MARGIN_MS
        broken = []
        for one in lost:
            since = self._orphans.since[one.promise, one.about]
            if now - max(since, self.struck_at) > limit or now - since > limit + ABSOLUTE_MS:
                text = f"{one.sentence}, for {now - since} ms"
                broken.append(Violation(promise="P2", about=one.about, sentence=text))
        return broken

    def counted(self) -> Counter[str]:
        """What was seen, for the summary."""
        fills = sum(len(fills) for fills in self.fills.values())
        return Counter(brackets=len(self._entries), fills=fills, results=self.results)


def _part_of(position: Decimal, ours: Decimal) -> Decimal:
    """How much of a position is ours at the most: what a person closed of it is gone."""
    if not ours or not position or (ours > 0) != (position > 0):
        return ZERO
    return ours if abs(ours) <= abs(position) else position
