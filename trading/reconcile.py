"""Compare what we believe with what the exchange shows, and say what to do about the difference. Pure.

    (database picture, exchange picture) -> report: findings for people, actions for the order manager

Matching goes by order id, then label. What cannot be explained is quarantined, never guessed at; what is not ours
is shown and never touched. A picture is read in several calls while the market moves, and a reading may be old, so
differences of size are only *suspected* at first and acted on when the pictures of several seconds show the same.
"""

from dataclasses import replace
from decimal import Decimal

from trading.bracket import Bracket, Limits, Phase, Pictured
from trading.bracket.absorb import absorb
from trading.bracket.effects import Severity
from trading.facts import Fill, Order
from trading.findings import (
    Action,
    Adopt,
    CancelOrphan,
    DatabasePicture,
    ExchangePicture,
    Finding,
    FindingKind,
    Quarantine,
    Reduced,
    Refresh,
    Report,
    Suspicion,
)
from trading.labels import OWNER_MAX, WORKER_MAX, Label, parse, tag
from trading.marks import mark
from trading.values import ZERO, BracketId, InstrumentName, Leg, plain

__all__ = [
    "Action",
    "Adopt",
    "CancelOrphan",
    "DatabasePicture",
    "ExchangePicture",
    "Finding",
    "FindingKind",
    "Quarantine",
    "Reduced",
    "Refresh",
    "Report",
    "Suspicion",
    "concerns",
    "reconcile",
]

LASTING_MS = 4_000
"""So long a difference must last; a stale reading lasts less."""


class _Run:
    """A comparison under way."""

    def __init__(
        self,
        database: DatabasePicture,
        exchange: ExchangePicture,
        suspected: tuple[Suspicion, ...],
        limits: Limits,
    ) -> None:
        self.database, self.exchange, self.suspected, self.limits = database, exchange, suspected, limits
        self.findings: list[Finding] = []
        self.actions: list[Action] = []
        self.suspicions: list[Suspicion] = []

    def find(
        self,
        kind: FindingKind,
        severity: Severity,
        instrument: InstrumentName,
        sentence: str,
        *,
        orders: tuple[Order, ...] = (),
        bracket: Bracket | None = None,
    ) -> None:
        self.findings.append(
            Finding(
                kind=kind,
                severity=severity,
                instrument=instrument,
                sentence=sentence,
                order_ids=tuple(order.order_id for order in orders),
                bracket_id=None if bracket is None else bracket.plan.bracket_id,
            )
        )

    def lasts(self, instrument: InstrumentName, position: Decimal, held: Decimal) -> bool:
        """Note a difference; True when every picture has shown the same for long enough."""
        seen = ((one.instrument, one.position, one.held, one.since) for one in self.suspected)
        same = (since for *what, since in seen if what == [instrument, position, held])
        since = next(same, self.exchange.at)
        self.suspicions.append(Suspicion(instrument=instrument, position=position, held=held, since=since))
        return self.exchange.at - since >= LASTING_MS


def reconcile(
    database: DatabasePicture,
    exchange: ExchangePicture,
    suspected: tuple[Suspicion, ...] = (),
    limits: Limits | None = None,
) -> Report:
    """Compare. Actions come in the order cancel, alert, restore."""
    run = _Run(database, exchange, suspected, Limits() if limits is None else limits)
    ours: dict[BracketId, list[Order]] = {}
    for order in exchange.orders:
        _sort_order(run, order, ours)
    positions = {holding.instrument: holding.amount for holding in exchange.holdings if holding.amount}
    for bracket in database.open:
        _compare(run, bracket, tuple(ours.pop(bracket.plan.bracket_id, ())), positions)
    for bracket in database.given_up:
        _wait_for_a_person(run, bracket, tuple(ours.pop(bracket.plan.bracket_id, ())), positions)
    claimed = {bracket.plan.instrument for bracket in (*database.open, *database.given_up)}
    explained = {
        order.order_id
        for instrument, amount in positions.items()
        if instrument not in claimed
        for order in _unclaimed(run, instrument, amount)
    }
    for bracket_id, orders in ours.items():
        _ownerless(run, bracket_id, tuple(order for order in orders if order.order_id not in explained))
    rank = {CancelOrphan: 0, Quarantine: 1, Adopt: 2, Refresh: 2, Reduced: 2}
    return Report(
        at=exchange.at,
        findings=tuple(run.findings),
        actions=tuple(sorted(run.actions, key=lambda action: rank[type(action)])),
        suspicions=tuple(run.suspicions),
        holdings=exchange.holdings,
        orders=exchange.orders,
    )


def _sort_order(run: _Run, order: Order, ours: dict[BracketId, list[Order]]) -> None:
    """Whose is it?"""
    label = parse(order.label)
    if label is not None and label.bracket in run.database.released:
        mark("order-left-to-a-person")
        sentence = f"order {order.order_id} was left to you"
        run.find(FindingKind.FOREIGN_ORDER, Severity.INFO, order.instrument, sentence, orders=(order,))
    elif label is None or label.owner != run.database.owner:
        mark("foreign-order-left-alone")
        sentence = f"order {order.order_id} is not ours and stays untouched"
        run.find(FindingKind.FOREIGN_ORDER, Severity.INFO, order.instrument, sentence, orders=(order,))
    elif label.worker != run.database.worker:
        mark("order-of-another-worker-left-alone")
        sentence = f"order {order.order_id} belongs to worker {label.worker}"
        run.find(FindingKind.OTHER_WORKER, Severity.INFO, order.instrument, sentence, orders=(order,))
    else:
        ours.setdefault(label.bracket, []).append(order)


def _compare(run: _Run, bracket: Bracket, orders: tuple[Order, ...], positions: dict[InstrumentName, Decimal]) -> None:
    """One open bracket and what the exchange shows of it."""
    plan = bracket.plan
    position = positions.get(plan.instrument, ZERO)
    fills = tuple(fill for fill in run.exchange.fills if concerns(bracket, fill, shown=run.exchange.fills))
    picture = Pictured(orders=orders, fills=fills, position=position)
    run.actions.append(Refresh(bracket_id=plan.bracket_id, picture=picture))
    seen = absorb(bracket, picture, run.exchange.at, run.limits)
    signed = position * plan.side.sign
    if signed == seen.held:
        _compare_cover(run, seen)
        return
    confirmed = run.lasts(plan.instrument, position, seen.held)
    explained = plain(seen.held * plan.side.sign)
    text = f"the exchange holds {plain(position)}, the fills of bracket {plan.bracket_id} explain {explained}"
    if signed == 0:
        mark("ghost-trade")
        kind, severity = FindingKind.GHOST_TRADE, Severity.WARNING
    elif signed < 0:
        mark("side-flipped")
        kind, severity = FindingKind.SIDE_FLIPPED, Severity.CRITICAL
    elif signed < seen.held:
        mark("less-held-than-told")
        kind, severity = FindingKind.PARTIAL_CLOSE, Severity.WARNING
    else:
        mark("more-held-than-told")
        kind, severity = FindingKind.WRONG_SIZE, Severity.ERROR
    run.find(kind, severity, plan.instrument, text, orders=orders, bracket=seen)
    if not confirmed:
        return
    if 0 <= signed < seen.held:
        run.actions.append(Reduced(bracket_id=plan.bracket_id, held=signed))
    else:
        mark("wrong-size-quarantined")
        ids = tuple(order.order_id for order in orders)
        run.actions.append(
            Quarantine(
                instrument=plan.instrument,
                kind=kind,
                why=text,
                order_ids=ids,
                position=position,
                bracket_ids=(plan.bracket_id,),
                choices=("close", "ignore"),
            )
        )


def concerns(bracket: Bracket, fill: Fill, *, shown: tuple[Fill, ...] = ()) -> bool:
    """Is this fill part of the trade: of one of its orders, or of others meanwhile, by hand or as another worker?

    What others did counts from our first fill on, known or ``shown`` beside it, all on the exchange's clock. Our own
    clock says nothing of it: it may stand an hour before the exchange's, or behind.
    """
    if fill.instrument != bracket.plan.instrument:
        return False
    whose = _trade_of(bracket, fill)
    if whose is not None:
        return whose == bracket.plan.bracket_id
    own = [one.at for one in bracket.fills if bracket.is_own(one)]
    own += [one.at for one in shown if _trade_of(bracket, one) == bracket.plan.bracket_id]
    return bool(own) and fill.at >= min(own)


def _trade_of(bracket: Bracket, fill: Fill) -> BracketId | None:
    """Which trade of the same worker a fill belongs to, by its label."""
    plan, label = bracket.plan, parse(fill.label)
    if label is None or (label.owner, label.worker) != (tag(plan.owner, OWNER_MAX), tag(plan.worker, WORKER_MAX)):
        return None
    return label.bracket


def _compare_cover(run: _Run, bracket: Bracket) -> None:
    """The size agrees; do stop and target?"""
    plan, held = bracket.plan, bracket.held
    if held > 0 and bracket.cover < held:
        text = f"{held - bracket.cover} of {held} is without a stop"
        run.find(FindingKind.MISSING_STOP, Severity.ERROR, plan.instrument, text, bracket=bracket)
    elif held > 0 and bracket.phase is Phase.OPEN and not bracket.live(Leg.TARGET):
        run.find(FindingKind.MISSING_TARGET, Severity.WARNING, plan.instrument, "no target rests", bracket=bracket)
    elif held == 0 and bracket.phase is Phase.ENTERING:
        text = "the entry has not filled yet"
        run.find(FindingKind.ENTRY_NOT_FILLED, Severity.INFO, plan.instrument, text, bracket=bracket)
    else:
        run.find(FindingKind.MATCHED, Severity.INFO, plan.instrument, "as it should be", bracket=bracket)


def _ownerless(run: _Run, bracket_id: BracketId, orders: tuple[Order, ...]) -> None:
    """Orders that carry our label and that nothing explains."""
    for order in orders:
        known = bracket_id in run.database.over
        kind = FindingKind.ORPHAN_PROTECTION if known else FindingKind.UNKNOWN_ORDER
        text = f"order {order.order_id} carries our label, and no open trade explains it: cancelled"
        run.find(kind, Severity.WARNING, order.instrument, text, orders=(order,))
        mark("orphan-protection-cancelled" if known else "unknown-order-cancelled")
        run.actions.append(CancelOrphan(order=order))


def _wait_for_a_person(
    run: _Run, bracket: Bracket, orders: tuple[Order, ...], positions: dict[InstrumentName, Decimal]
) -> None:
    """One that was given up: what protects stays while anything is held, nothing of it buys more."""
    plan = bracket.plan
    position = positions.get(plan.instrument, ZERO)
    text = f"bracket {plan.bracket_id} waits for you: {bracket.reason}; the exchange holds {plain(position)}"
    run.find(FindingKind.GIVEN_UP, Severity.ERROR, plan.instrument, text, orders=orders, bracket=bracket)
    for order in orders:
        label = parse(order.label)
        protects = order.reduce_only and position * order.side.sign < 0
        if not protects and not order.is_dormant and not (label is not None and label.leg is Leg.CLOSE):
            run.actions.append(CancelOrphan(order=order))


def _unclaimed(run: _Run, instrument: InstrumentName, amount: Decimal) -> tuple[Order, ...]:
    """A position without a trade in the database. Gives the orders of ours that have their place beside it.

    Every request is on disk before it leaves, so a trade that is unknown is no matter of moments: it was forgotten.
    """
    labels = _forgotten(run, instrument)
    if not labels:
        mark("foreign-position-left-alone")
        text = f"a position of {amount} that no order of ours explains: not touched"
        run.find(FindingKind.FOREIGN_POSITION, Severity.INFO, instrument, text)
        return ()
    orders = tuple(one for one in run.exchange.orders if one.instrument == instrument)
    named = {order.order_id: parse(order.label) for order in orders}
    own = tuple(order for order in orders if (label := named[order.order_id]) and label.bracket in labels)
    held = {one: _held(run, label, instrument) for one, label in labels.items()}
    behind = [one for one, amount_of in held.items() if amount_of * amount > 0]
    text = f"a position of {amount} with our labels that the database does not know"
    run.find(FindingKind.ORPHAN_POSITION, Severity.CRITICAL, instrument, text, orders=own)
    if len(behind) == 1:
        mark("forgotten-trade-found")
        adoption = _adoption(run, labels[behind[0]], instrument, own)
        run.actions.append(adoption)
        return adoption.orders
    if run.lasts(instrument, amount, ZERO):
        mark("orphan-position-quarantined")
        run.actions.append(
            Quarantine(
                instrument=instrument,
                kind=FindingKind.ORPHAN_POSITION,
                why=text,
                order_ids=tuple(order.order_id for order in own),
                position=amount,
                bracket_ids=tuple(labels),
                choices=("adopt", "cancel", "close", "ignore"),
                claimed=abs(sum((held[one] for one in behind), ZERO)),
                adoption=replace(_adoption(run, _likeliest(labels, own), instrument, own), is_whole=True),
            )
        )
    return tuple(order for order in own if order.reduce_only and order.side.sign * amount < 0)


def _forgotten(run: _Run, instrument: InstrumentName) -> dict[BracketId, Label]:
    """Trades of ours on this instrument that the database has never heard of, by the labels that name them."""
    database = run.database
    texts = [fill.label for fill in run.exchange.fills if fill.instrument == instrument]
    texts += [order.label for order in run.exchange.orders if order.instrument == instrument]
    known = database.over | database.released
    return {
        label.bracket: label
        for label in (parse(text) for text in texts)
        if label is not None
        and (label.owner, label.worker) == (database.owner, database.worker)
        and label.bracket not in known
    }


def _fills_of(run: _Run, label: Label, instrument: InstrumentName) -> tuple[Fill, ...]:
    """A forgotten trade's own fills, and what a person did on the instrument since it began."""
    here = [fill for fill in run.exchange.fills if fill.instrument == instrument]
    named = [(fill, parse(fill.label)) for fill in here]
    began = min((fill.at for fill, one in named if one is not None and one.bracket == label.bracket), default=None)
    if began is None:
        return ()
    return tuple(
        fill
        for fill, one in named
        if (one is not None and one.bracket == label.bracket) or (one is None and fill.at >= began)
    )


def _held(run: _Run, label: Label, instrument: InstrumentName) -> Decimal:
    """What a forgotten trade holds by its own fills, signed."""
    own = (fill for fill in _fills_of(run, label, instrument) if parse(fill.label) is not None)
    return sum((fill.amount * fill.side.sign for fill in own), ZERO)


def _likeliest(labels: dict[BracketId, Label], own: tuple[Order, ...]) -> Label:
    """Of several trades that may be behind a position the one that still has orders, else the one heard of last."""
    resting = (label for order in own if (label := parse(order.label)) and label.bracket in labels)
    return next(resting, list(labels.values())[-1])


def _adoption(run: _Run, label: Label, instrument: InstrumentName, own: tuple[Order, ...]) -> Adopt:
    holding = next(one for one in run.exchange.holdings if one.instrument == instrument)
    orders = tuple(order for order in own if (one := parse(order.label)) and one.bracket == label.bracket)
    return Adopt(holding=holding, label=label, orders=orders, fills=_fills_of(run, label, instrument))
