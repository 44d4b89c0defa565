"""Is what we hold covered by resting stops? The guardian's eyes: exchange facts of one instrument, nothing else.

A position is ours when our labels are on its orders or fills. A fill that is newer than the last reported position
counts at once, so that cover is asked for before the position report arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from trading.bracket.effects import Place
from trading.facts import Fill, Holding, Order
from trading.labels import OWNER_MAX, WORKER_MAX, Label, parse, tag
from trading.marks import mark
from trading.reconcile import ExchangePicture
from trading.values import (
    ZERO,
    FillId,
    InstrumentName,
    IntentId,
    LabelText,
    Leg,
    OrderId,
    OrderState,
    OrderType,
    Side,
    WorkerId,
)

FILLS_KEPT = 200
OVER_KEPT = 50
IN_VAIN = 3
"""After so many closes that were done and left as much bare as before, another would take the same away again."""
ATTEMPT_FIRST = 90
"""The guardian's own closing orders count from here; the order manager never gets so far."""

_AT_WORK = frozenset({OrderState.OPEN, OrderState.UNTRIGGERED})
_STOPS = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One instrument as the guardian sees it. Times are monotonic milliseconds."""

    instrument: InstrumentName
    who: tuple[str, str] | None = None
    """Owner and worker as they stand in our labels; None: any label of our shape is ours."""
    is_ours: bool = False
    position: Decimal = ZERO
    by_hand: Decimal = ZERO
    """What others bought (sold: negative) of it while it was ours, by hand or as another worker: not ours to close."""
    orders: tuple[Order, ...] = ()
    over: tuple[OrderId, ...] = ()
    """Orders that have ended: a reply that was overtaken by the push of their end brings none of them back."""
    fill_ids: tuple[FillId, ...] = ()
    label: Label | None = None
    """The last label of ours that was seen here: whose trade it is."""
    claimed: Decimal = ZERO
    """So much of it is ours at least, as the order manager says."""
    naked_since: int | None = None
    asked_at: int | None = None
    """When the account was asked for, to be sure that it is so."""
    told_at: int | None = None
    acted_at: int | None = None
    acted: int = 0
    closes: tuple[tuple[Decimal, Decimal], ...] = ()
    """The last closes: what was held then, and how much of it was to be closed."""

    @property
    def cover(self) -> Decimal:
        """What resting stops on the other side would close."""
        side = Side.SELL if self.position > 0 else Side.BUY
        return sum(
            (
                order.amount - order.filled_amount
                for order in self.orders
                if order.side is side and order.reduce_only and (order.type in _STOPS or order.trigger_order_id)
            ),
            ZERO,
        )

    @property
    def uncovered(self) -> Decimal:
        """How much of our part of the position no stop would close."""
        added = self.by_hand if self.position > 0 else -self.by_hand
        held = abs(self.position)
        ours = max(held - max(ZERO, added), min(held, self.claimed))
        return max(ZERO, ours - self.cover)

    @property
    def closes_in_vain(self) -> bool:
        """Whether closing was done and has changed nothing: guardian and order manager differ on whose the rest is."""
        held = [*(abs(position) for position, _ in self.closes), abs(self.position)]
        return len(self.closes) == IN_VAIN and all(
            amount == self.uncovered == before - after
            for (_, amount), before, after in zip(self.closes, held, held[1:], strict=False)
        )

    def closing(self, amount: Decimal, now: int) -> "Watch":
        """Note that so much is being closed."""
        closes = (*self.closes, (self.position, amount))[-IN_VAIN:]
        return replace(self, acted_at=now, acted=self.acted + 1, closes=closes)


Change = Callable[[Watch], Watch]


def with_order(watch: Watch, order: Order) -> Watch:
    """Take a picture of an order in; an ended one leaves, and does not come back."""
    is_over = order.order_id in watch.over
    if order.state in _AT_WORK:
        return watch if is_over else _seen(watch, order)
    watch = _seen(watch, order)
    return watch if is_over else replace(watch, over=(*watch.over, order.order_id)[-OVER_KEPT:])


def _seen(watch: Watch, order: Order) -> Watch:
    rest = tuple(one for one in watch.orders if one.order_id not in {order.order_id, order.trigger_order_id})
    working = order.state in _AT_WORK and not order.is_dormant
    return _named(replace(watch, orders=(*rest, order) if working else rest), order.label)


def with_fill(watch: Watch, fill: Fill) -> Watch:
    """Count a fill, once."""
    if fill.fill_id in watch.fill_ids:
        mark("fill-told-twice")
        return watch
    seen = (*watch.fill_ids, fill.fill_id)[-FILLS_KEPT:]
    moved = fill.amount * fill.side.sign
    # Also where we hold nothing yet: what others open beside an entry of ours that rests is theirs.
    hand = watch.by_hand + (ZERO if _mine(watch, fill.label) else moved)
    return _named(_held(replace(watch, by_hand=hand, fill_ids=seen), watch.position + moved), fill.label)


def _held(watch: Watch, position: Decimal) -> Watch:
    """Where nothing is held, nothing of it is anybody's."""
    return replace(watch, position=position, by_hand=watch.by_hand if position else ZERO)


def with_position(watch: Watch, holding: Holding) -> Watch:
    """The exchange's own word on the position."""
    return _held(watch, holding.amount)


def with_picture(watch: Watch, picture: ExchangePicture) -> Watch:
    """The exchange, whole: it replaces what was known."""
    held = [one.amount for one in picture.holdings if one.instrument == watch.instrument]
    cleared = _held(replace(watch, orders=()), held[0] if held else ZERO)
    fills = tuple(fill for fill in picture.fills if fill.instrument == watch.instrument)
    seen = tuple(fill.fill_id for fill in fills if fill.fill_id not in cleared.fill_ids)
    for fill in sorted(fills, key=lambda fill: fill.at):
        cleared = _named(cleared, fill.label)
    for order in picture.orders:  # after the fills: what rests belongs to the trade that is open now
        if order.instrument == watch.instrument:
            cleared = _seen(cleared, order)
    ours = any(fill.fill_id in seen and _mine(watch, fill.label) for fill in fills)
    # Where nothing was held and nothing of ours was filled since, all that is held now is somebody else's.
    hand = _by_hand(cleared, fills) if watch.position or ours else cleared.position
    return replace(cleared, by_hand=hand, fill_ids=(*cleared.fill_ids, *seen)[-FILLS_KEPT:])


def _by_hand(watch: Watch, fills: tuple[Fill, ...]) -> Decimal:
    """What others hold of it, where our entry is in the picture: all that the fills of our trade do not explain."""
    if watch.label is None or not watch.position:
        return watch.by_hand
    named = [(fill, _mine(watch, fill.label)) for fill in fills]
    own = [(fill, label) for fill, label in named if label and label.bracket == watch.label.bracket]
    # Not any fill of the trade: a picture that begins later has its exits alone, and not what was added before them.
    if not any(label.leg is Leg.ENTRY for _, label in own):
        return watch.by_hand
    return watch.position - sum((fill.amount * fill.side.sign for fill, _ in own), ZERO)


def _named(watch: Watch, text: LabelText) -> Watch:
    label = _mine(watch, text)
    return watch if label is None or label == watch.label else replace(watch, label=label)


def _mine(watch: Watch, text: LabelText) -> Label | None:
    """The label, if it is one of ours."""
    label = parse(text)
    return label if label is not None and watch.who in {None, (label.owner, label.worker)} else None


def look(watch: Watch, now: int) -> Watch:
    """Note since when a position of ours is without full cover."""
    naked = watch.is_ours and watch.label is not None and watch.uncovered > 0
    if not naked:
        return replace(watch, naked_since=None, asked_at=None, told_at=None, acted_at=None)
    return watch if watch.naked_since is not None else replace(watch, naked_since=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMaker:
    """Makes the guardian's own orders, recognisable as the trade's."""

    owner: str
    worker: WorkerId

    @property
    def who(self) -> tuple[str, str]:
        """Owner and worker as they stand in our labels."""
        return tag(self.owner, OWNER_MAX), tag(self.worker, WORKER_MAX)

    def close(self, watch: Watch, now_ms: int) -> Place | None:
        """Close what is not covered; None when the position is another worker's."""
        label = watch.label
        if label is None or (label.owner, label.worker) != self.who:
            return None
        attempt = ATTEMPT_FIRST + watch.acted % 10
        text = LabelText(str(replace(label, leg=Leg.CLOSE, attempt=attempt)))
        return Place(
            intent_id=IntentId(f"guardian:{watch.instrument}:{now_ms}"),
            leg=Leg.CLOSE,
            label=text,
            side=Side.SELL if watch.position > 0 else Side.BUY,
            amount=watch.uncovered,
            type=OrderType.MARKET,
            reduce_only=True,
        )
