"""Compare what we believe with what the exchange shows, and say what to do about the difference. Pure.

    (database picture, exchange picture) -> report: findings for people, actions for the order manager

Matching goes by order id, then label. What cannot be explained is quarantined, never guessed at; what is not ours
is shown and never touched. A picture is read in several calls while the market moves, and a reading may be old, so
differences of size are only *suspected* at first and acted on when the pictures of several seconds show the same.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.bracket import Bracket, Limits, Phase, Pictured
from trading.bracket.absorb import absorb
from trading.bracket.effects import Severity
from trading.facts import Fill, Holding, Order
from trading.labels import parse
from trading.values import ZERO, BracketId, InstrumentName, Leg, Milliseconds, OrderId

CLOCK_MS = 10_000
"""How far the exchange's clock may stand from ours: our own fills are recognised by label, whatever the time."""

LASTING_MS = 4_000
"""So long a difference must last; a stale reading lasts less."""


@unique
class FindingKind(StrEnum):
    """What was found."""

    MATCHED = "matched"
    GHOST_TRADE = "ghost_trade"
    PARTIAL_CLOSE = "partial_close"
    WRONG_SIZE = "wrong_size"
    SIDE_FLIPPED = "side_flipped"
    MISSING_STOP = "missing_stop"
    MISSING_TARGET = "missing_target"
    ENTRY_NOT_FILLED = "entry_not_filled"
    ORPHAN_PROTECTION = "orphan_protection"
    ORPHAN_POSITION = "orphan_position"
    UNKNOWN_ORDER = "unknown_order"
    OTHER_WORKER = "other_worker"
    OTHER_INSTANCE = "other_instance"
    FOREIGN_ORDER = "foreign_order"
    FOREIGN_POSITION = "foreign_position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a report."""

    kind: FindingKind
    severity: Severity
    instrument: InstrumentName
    sentence: str
    order_ids: tuple[OrderId, ...] = ()
    bracket_id: BracketId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Tell a bracket what the exchange shows of it; it repairs itself."""

    bracket_id: BracketId
    picture: Pictured


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """The exchange holds less than the bracket's fills explain, and it lasts: the rest was closed out of our sight."""

    bracket_id: BracketId
    held: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrphan:
    """An order of ours without a bracket: take it away."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Open nothing on this instrument until a person chose."""

    instrument: InstrumentName
    kind: FindingKind
    why: str
    order_ids: tuple[OrderId, ...] = ()
    position: Decimal = ZERO


Action = CancelOrphan | Refresh | Reduced | Quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePicture:
    """Everything that rests, is held, and was filled since ``since``, read at one time."""

    orders: tuple[Order, ...]
    holdings: tuple[Holding, ...]
    fills: tuple[Fill, ...]
    since: Milliseconds
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePicture:
    """What we believe: the open brackets, and the ids of those that are over."""

    owner: str
    worker: str
    """Both as they stand in labels."""
    open: tuple[Bracket, ...]
    over: frozenset[BracketId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A difference of size that may still be a matter of moments."""

    instrument: InstrumentName
    position: Decimal
    held: Decimal
    since: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a comparison found. ``suspicions`` go into the next one."""

    at: Milliseconds
    findings: tuple[Finding, ...]
    actions: tuple[Action, ...]
    suspicions: tuple[Suspicion, ...]
    holdings: tuple[Holding, ...] = ()
    """The account's positions as they were read."""

    @property
    def is_clean(self) -> bool:
        """Nothing to do and nothing to worry about."""
        quiet = {FindingKind.MATCHED, FindingKind.FOREIGN_ORDER, FindingKind.FOREIGN_POSITION, FindingKind.OTHER_WORKER}
        return all(finding.kind in quiet for finding in self.findings) and not self.suspicions


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
    claimed = {bracket.plan.instrument for bracket in database.open}
    for bracket_id, orders in ours.items():
        _ownerless(run, bracket_id, tuple(orders), positions)
    for instrument, amount in positions.items():
        if instrument not in claimed:
            _unclaimed(run, instrument, amount)
    rank = {CancelOrphan: 0, Quarantine: 1, Refresh: 2, Reduced: 2}
    return Report(
        at=exchange.at,
        findings=tuple(run.findings),
        actions=tuple(sorted(run.actions, key=lambda action: rank[type(action)])),
        suspicions=tuple(run.suspicions),
        holdings=exchange.holdings,
    )


def _sort_order(run: _Run, order: Order, ours: dict[BracketId, list[Order]]) -> None:
    """Whose is it?"""
    label = parse(order.label)
    if label is None or label.owner != run.database.owner:
        sentence = f"order {order.order_id} is not ours and stays untouched"
        run.find(FindingKind.FOREIGN_ORDER, Severity.INFO, order.instrument, sentence, orders=(order,))
    elif label.worker != run.database.worker:
        sentence = f"order {order.order_id} belongs to worker {label.worker}"
        run.find(FindingKind.OTHER_WORKER, Severity.INFO, order.instrument, sentence, orders=(order,))
    else:
        ours.setdefault(label.bracket, []).append(order)


def _compare(run: _Run, bracket: Bracket, orders: tuple[Order, ...], positions: dict[InstrumentName, Decimal]) -> None:
    """One open bracket and what the exchange shows of it."""
    plan = bracket.plan
    position = positions.get(plan.instrument, ZERO)
    fills = tuple(fill for fill in run.exchange.fills if concerns(bracket, fill))
    picture = Pictured(orders=orders, fills=fills, position=position)
    run.actions.append(Refresh(bracket_id=plan.bracket_id, picture=picture))
    seen = absorb(bracket, picture, run.exchange.at, run.limits)
    signed = position * plan.side.sign
    if signed == seen.held:
        _compare_cover(run, seen)
        return
    confirmed = run.lasts(plan.instrument, position, seen.held)
    text = f"the exchange holds {position}, the fills of bracket {plan.bracket_id} explain {seen.held * plan.side.sign}"
    if signed == 0:
        kind, severity = FindingKind.GHOST_TRADE, Severity.WARNING
    elif signed < 0:
        kind, severity = FindingKind.SIDE_FLIPPED, Severity.CRITICAL
    elif signed < seen.held:
        kind, severity = FindingKind.PARTIAL_CLOSE, Severity.WARNING
    else:
        kind, severity = FindingKind.WRONG_SIZE, Severity.ERROR
    run.find(kind, severity, plan.instrument, text, orders=orders, bracket=seen)
    if not confirmed:
        return
    if 0 <= signed < seen.held:
        run.actions.append(Reduced(bracket_id=plan.bracket_id, held=signed))
    else:
        ids = tuple(order.order_id for order in orders)
        run.actions.append(
            Quarantine(instrument=plan.instrument, kind=kind, why=text, order_ids=ids, position=position)
        )


def concerns(bracket: Bracket, fill: Fill) -> bool:
    """Is this fill part of the trade: of one of its orders, or of somebody trading by hand meanwhile?"""
    plan = bracket.plan
    if fill.instrument != plan.instrument or fill.at < bracket.began_at - CLOCK_MS:
        return False
    label = parse(fill.label)
    if label is not None:
        return label.bracket == plan.bracket_id
    # By hand: on the exchange's clock where it has told of a fill of ours, else on ours.
    return fill.at >= min((own.at for own in bracket.fills if bracket.is_own(own)), default=bracket.began_at)


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


def _ownerless(
    run: _Run, bracket_id: BracketId, orders: tuple[Order, ...], positions: dict[InstrumentName, Decimal]
) -> None:
    """Orders that carry our label and belong to no open bracket."""
    for order in orders:
        position = positions.get(order.instrument, ZERO)
        protects = order.reduce_only and position != 0 and (position > 0) == (order.side.sign < 0)
        if bracket_id in run.database.over or not protects:
            known = bracket_id in run.database.over
            kind = FindingKind.ORPHAN_PROTECTION if known else FindingKind.UNKNOWN_ORDER
            text = f"order {order.order_id} carries our label, and no open trade explains it: cancelled"
            run.find(kind, Severity.WARNING, order.instrument, text, orders=(order,))
            run.actions.append(CancelOrphan(order=order))
        else:
            text = f"order {order.order_id} carries our label and protects a position the database does not know"
            run.find(FindingKind.UNKNOWN_ORDER, Severity.ERROR, order.instrument, text, orders=(order,))


def _unclaimed(run: _Run, instrument: InstrumentName, amount: Decimal) -> None:
    """A position on an instrument where we have no open bracket: somebody else's, or ours and forgotten."""
    owner, worker = run.database.owner, run.database.worker
    labels = [parse(fill.label) for fill in run.exchange.fills if fill.instrument == instrument]
    orders = tuple(order for order in run.exchange.orders if order.instrument == instrument)
    labels += [parse(order.label) for order in orders]
    mine = [label for label in labels if label is not None and label.owner == owner and label.worker == worker]
    unknown = [label for label in mine if label.bracket not in run.database.over]
    if not unknown:
        text = f"a position of {amount} that no order of ours explains: not touched"
        run.find(FindingKind.FOREIGN_POSITION, Severity.INFO, instrument, text)
        return
    text = f"a position of {amount} with our labels that the database does not know"
    run.find(FindingKind.ORPHAN_POSITION, Severity.CRITICAL, instrument, text, orders=orders)
    if run.lasts(instrument, amount, ZERO):
        ids = tuple(order.order_id for order in orders if parse(order.label) is not None)
        run.actions.append(
            Quarantine(
                instrument=instrument, kind=FindingKind.ORPHAN_POSITION, why=text, order_ids=ids, position=amount
            )
        )
