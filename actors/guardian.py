"""The guardian: watches P1 by exchange facts alone, whatever strategies and order manager believe.

It acts late, when the order manager had its whole window and a position of ours is still without a stop: it closes
what is not covered, at market, reduce-only, and says so until the position is covered or gone. It needs no database.
Before that it has the account read: an exchange that tells nothing any more may hold a stop which nobody heard of.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final, assert_never

from actors.address import Address
from actors.base import Actor
from actors.clock import Clock
from actors.timers import Timers
from trading import cover
from trading.bracket.effects import Severity
from trading.marks import mark
from trading.messages import broker, guardian, journal, notices, orders, reconciler
from trading.reconcile import ExchangePicture
from trading.values import FillCondition, InstrumentName, IntentId, Milliseconds

LOOK_MS = 200
RECENT_MAX = 300
ASK_AFTER_MS, ASK_AGAIN_MS = 1_000, 2_000
"""Bare for so long: the account is read. Not waited for: what is bare in the end is closed all the same."""
ASKS: Final = "the guardian sees a position without its stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianSettings:
    """When to act."""

    naked_ms_max: int
    act_after_ms: int
    """Later than the order manager's own window, so that two do not close the same position at once."""
    again_ms: int = 5_000
    alert_every_ms: int = 30_000


class Guardian(Actor):
    """Independent of the order manager, but for one word: which instruments are ours."""

    def __init__(
        self,
        *,
        clock: Clock,
        timers: Timers,
        to_broker: Address[broker.Message],
        to_notifier: Address[notices.Message],
        to_journal: Address[journal.Message],
        to_orders: Address[orders.Message],
        to_reconciler: Address[reconciler.Message],
        settings: GuardianSettings,
        label: cover.LabelMaker,
    ) -> None:
        super().__init__()
        self._clock, self._timers, self._settings, self._label = clock, timers, settings, label
        self._to_broker, self._to_notifier, self._to_journal = to_broker, to_notifier, to_journal
        self._to_orders = to_orders  # for the record alone: what it does never waits for them
        self._to_reconciler = to_reconciler
        self._who = label.who
        self._is_up = self._is_looking = False
        self._recent: deque[tuple[int, InstrumentName, cover.Change]] = deque(maxlen=RECENT_MAX)
        self._watches: dict[InstrumentName, cover.Watch] = {}
        self._naked_ms_total = 0

    def on_start(self) -> None:
        """Begin to look."""
        self._look_later()

    def on_receive(self, message: guardian.Message) -> None:
        """One line for each message."""
        match message:
            case guardian.Look():
                self._is_looking = False
                self._look()
                self._look_later()
            case guardian.OrderChanged(order=order):
                self._told(order.instrument, lambda watch: cover.with_order(watch, order))
            case guardian.OrderFilled(fill=fill):
                self._told(fill.instrument, lambda watch: cover.with_fill(watch, fill))
            case guardian.PositionChanged(holding=holding):
                self._told(holding.instrument, lambda watch: cover.with_position(watch, holding))
            case guardian.PictureTaken(picture=picture, began_ms=began_ms):
                self._pictured(picture, began_ms)
            case guardian.ConnectionChanged(is_up=is_up):
                self._is_up = is_up
            case guardian.Watch(instrument=instrument, ours=ours, claimed=claimed):
                known = self._watches.get(instrument, cover.Watch(instrument=instrument, who=self._who))
                self._watches[instrument] = replace(known, is_ours=ours or known.position != 0, claimed=claimed)
                self._look_later()
            case guardian.Release(instrument=instrument):
                self._watches.pop(instrument, None)
            case _:
                assert_never(message)

    def _told(self, instrument: InstrumentName, change: cover.Change) -> None:
        """Something was pushed: it counts now, and again over a picture whose reading began before it."""
        self._recent.append((self._clock.monotonic_ms(), instrument, change))
        self._update(instrument, change)

    def _pictured(self, picture: ExchangePicture, began_ms: int) -> None:
        """Take the account in, whole. It was read in several calls: what was pushed meanwhile is newer."""
        shown = {one.instrument for one in picture.holdings} | {one.instrument for one in picture.orders}
        newer = [(instrument, change) for heard, instrument, change in self._recent if heard >= began_ms]
        moved = {instrument for instrument, _ in newer}
        for name in sorted({*self._watches, *shown}):
            by_hand = self._watches[name].by_hand if name in self._watches and name in moved else None
            self._update(name, lambda watch: cover.with_picture(watch, picture))
            if by_hand is not None:  # position and fills of this picture are not of one moment
                self._watches[name] = replace(self._watches[name], by_hand=by_hand)
        for instrument, change in newer:
            mark("push-newer-than-picture")
            self._update(instrument, change)

    def _update(self, instrument: InstrumentName, change: cover.Change) -> None:
        known = self._watches.get(instrument, cover.Watch(instrument=instrument, who=self._who))
        self._watches[instrument] = change(known)
        self._look_later()

    def _look_later(self) -> None:
        """While anything of ours is bare there is something to look at."""
        if self._is_looking or not any(watch.is_ours and watch.uncovered for watch in self._watches.values()):
            return
        self._is_looking = True
        look = guardian.Look(at=Milliseconds(self._clock.now_ms() + LOOK_MS))
        self._timers.start("look", LOOK_MS, look, background=True)

    def _look(self) -> None:
        """Is anything of ours without a stop, and for how long?"""
        now = self._clock.monotonic_ms()
        for name, watch in tuple(self._watches.items()):
            if not self._is_up:
                self._watches[name] = replace(watch, naked_since=None)
                continue
            seen = cover.look(watch, now)
            if seen.naked_since is not None:
                if now - seen.naked_since > self._settings.naked_ms_max:
                    self._naked_ms_total += LOOK_MS
                    self._to_journal.tell(journal.Scored(scores={"naked_ms": self._naked_ms_total}))
                    is_new = now - seen.naked_since <= self._settings.naked_ms_max + LOOK_MS
                    self._to_orders.tell(orders.WasNaked(ms=LOOK_MS, is_new=is_new))
                seen = self._act(self._makes_sure(seen, now), now)
            self._watches[name] = seen

    def _makes_sure(self, watch: cover.Watch, now: int) -> cover.Watch:
        """Have the account read while there is time."""
        assert watch.naked_since is not None
        since = watch.naked_since + ASK_AFTER_MS if watch.asked_at is None else watch.asked_at + ASK_AGAIN_MS
        if now < since:
            return watch
        mark("guardian-has-the-account-read")
        self._to_reconciler.tell(reconciler.Run(why=ASKS))
        return replace(watch, asked_at=now)

    def _act(self, watch: cover.Watch, now: int) -> cover.Watch:
        """Close what is not covered; say it until it is over."""
        settings = self._settings
        assert watch.naked_since is not None
        naked_ms = now - watch.naked_since
        if naked_ms < settings.act_after_ms:
            return watch
        if watch.told_at is None or now - watch.told_at >= settings.alert_every_ms:
            text = f"{watch.instrument}: {watch.uncovered} held without a stop for {naked_ms / 1000:.1f} s"
            if watch.closes_in_vain:
                text += ". Closing as much several times has changed nothing: look whose it is"
            self._to_notifier.tell(
                notices.Notice(
                    severity=Severity.CRITICAL,
                    kind="naked_position",
                    text=text,
                    key=f"naked:{watch.instrument}",  # each attempt is about the same trouble
                    at=Milliseconds(self._clock.now_ms()),
                )
            )
            watch = replace(watch, told_at=now)
        if watch.closes_in_vain:
            mark("guardian-closes-in-vain")
        elif watch.acted_at is None or now - watch.acted_at >= settings.again_ms:
            wish = self._label.close(watch, self._clock.now_ms())
            if wish is not None:
                mark("guardian-closes")
                self._to_broker.tell(
                    broker.Submit(
                        intent_id=IntentId(wish.intent_id),
                        instrument=watch.instrument,
                        wish=wish,
                        fill_condition=FillCondition.FIRST_HIT,
                    )
                )
            watch = watch.closing(watch.uncovered, now)
        return watch
