"""What is remembered of trades, to be read: brackets to go on with, and trades for people to look at."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique
from functools import lru_cache
from typing import Any, Final

from peewee import JOIN

from persistence.codec import decode_bracket, decode_request
from persistence.database import Database
from persistence.events import Event, Events, Transition
from persistence.kept import Kept
from persistence.tables_trade import BracketRow, IntentRow, OrderRow
from trading.bracket import Bracket, Phase, Purpose
from trading.bracket.effects import Request
from trading.bracket.state import Fate
from trading.pnl import Known, TradePnl
from trading.values import (
    BracketId,
    Currency,
    InstrumentName,
    IntentId,
    LabelText,
    Leg,
    Milliseconds,
    OrderId,
    OrderState,
    OrderType,
    Side,
    StrategyName,
    WorkerId,
)

PAGE_MAX: Final = 500


@unique
class Which(StrEnum):
    """Trades in which state."""

    OPEN = "open"  # entering, open or closing
    CLOSED = "closed"  # held something and is flat again
    ENDED = "ended"  # never held anything
    QUARANTINED = "quarantined"


_HOLDS: Final = " AND holds = 1"
_PHASES: Final = {
    Which.OPEN: (Phase.ENTERING, Phase.OPEN, Phase.CLOSING),
    Which.CLOSED: (Phase.CLOSED,),
    Which.ENDED: (Phase.ENDED,),
    Which.QUARANTINED: (Phase.QUARANTINED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A bracket as people see it. ``seq`` is the cursor of a list; ``pnl`` is None until something is known."""

    seq: int
    bracket_id: BracketId
    worker: WorkerId
    strategy: StrategyName
    instrument: InstrumentName
    side: Side
    phase: Phase
    holds_instrument: bool
    amount: Decimal
    held: Decimal
    entry: Decimal | None
    stop: Decimal
    target: Decimal
    average_entry: Decimal | None
    exit_price: Decimal | None
    pnl: TradePnl | None
    known: Known | None  # how well, once it is closed
    why: str  # it was entered
    reason: str  # it ended
    began_at: Milliseconds
    opened_at: Milliseconds | None
    closed_at: Milliseconds | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What the closed trades in one coin made, fees paid. A float, to be drawn; `Trade.pnl` has the digits."""

    currency: str
    trades: int
    net: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, the newest first. ``next`` goes into ``before`` of the next call; None at the end."""

    items: tuple[Trade, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIntent:
    """A request that was on disk before it left. ``outcome`` is None while nobody knows."""

    bracket_id: BracketId | None  # None: the cancelling of an orphan
    intent_id: IntentId
    purpose: Purpose
    label: LabelText | None
    order_id: OrderId | None
    request: Request
    fate: Fate
    sent_at: Milliseconds
    valid_until: Milliseconds | None
    outcome: str | None
    detail: str
    settled_at: Milliseconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order as the exchange last told it, with the bracket it belongs to."""

    bracket_id: BracketId
    instrument: InstrumentName
    order_id: OrderId
    label: LabelText
    leg: Leg | None
    side: Side
    type: OrderType
    state: OrderState
    amount: Decimal
    filled_amount: Decimal
    average_price: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    working: bool
    updated_at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One trade with all that led to it and became of it. Its orders and fills are in ``bracket``."""

    trade: Trade
    bracket: Bracket
    intents: tuple[StoredIntent, ...]
    moves: tuple[Transition, ...]
    timeline: tuple[Event, ...]


class Brackets:
    """Reads brackets; `Steps` writes them."""

    def __init__(self, database: Database, *, account: str, worker: str, events: Events) -> None:
        self._database = database
        self._account, self._worker = account, worker
        self._events = events
        self._kept = Kept(database)

    def open_brackets(self, *, all_workers: bool = False) -> list[Bracket]:
        """Give every bracket that is not over, the oldest first."""
        if all_workers:
            return self._read(Which.OPEN, all_workers=True)
        return list(self._kept.read("open", lambda: self._read(Which.OPEN, all_workers=False)))

    def quarantined_brackets(self) -> list[Bracket]:
        """Give the brackets that wait for a person and keep their instrument closed until then."""
        waiting = self._kept.read("waiting", lambda: self._read(Which.QUARANTINED, all_workers=False, more=_HOLDS))
        return list(waiting)

    def knows(self, bracket_id: BracketId) -> bool:
        """Whether there ever was a bracket of this id."""
        query = "SELECT 1 FROM brackets WHERE account = ? AND id = ?"
        return self._database.sql(query, (self._account, bracket_id)).fetchone() is not None

    def newest_ids(self, limit: int) -> frozenset[BracketId]:
        """Which brackets there were of late, over or not. Past peewee: this is asked at every comparison."""

        def look() -> frozenset[BracketId]:
            query = "SELECT id FROM brackets WHERE account = ? ORDER BY seq DESC LIMIT ?"
            return frozenset(row["id"] for row in self._database.all(query, (self._account, limit)))

        return self._kept.read(f"newest {limit}", look)

    def totals(self) -> tuple[Total, ...]:
        """What the closed trades made, one for each coin."""
        query = (
            "SELECT currency, count(*), total(net) FROM brackets WHERE account = ? AND net IS NOT NULL"
            " AND phase = ? GROUP BY currency ORDER BY currency"
        )
        rows = self._database.sql(query, (self._account, Phase.CLOSED.value))
        return tuple(Total(currency=row[0], trades=row[1], net=row[2]) for row in rows)

    def bracket(self, bracket_id: BracketId) -> Bracket | None:
        """Give one bracket as it was last recorded, over or not."""
        # Asked at every signal, so past peewee: building its query takes longer than all the rest.
        query = "SELECT state, format FROM brackets WHERE account = ? AND id = ?"
        row = self._database.sql(query, (self._account, bracket_id)).fetchone()
        return None if row is None else decode_bracket(row[0], row[1])

    def unknown_intents(self) -> tuple[StoredIntent, ...]:
        """Give the requests whose outcome is not known, the oldest first: after a start, all that were in flight."""
        query = _intents().where(
            (IntentRow.account == self._account) & (IntentRow.worker == self._worker) & IntentRow.outcome.is_null()
        )
        return tuple(_intent(row) for row in self._database.rows(query.order_by(IntentRow.sent_at, IntentRow.id)))

    def working_orders(self) -> tuple[StoredOrder, ...]:
        """Give every order that rests or waits, as last told, all workers' of this account."""
        query = (
            OrderRow.select(OrderRow, BracketRow.id.alias("bracket_id"), BracketRow.instrument)
            .join(BracketRow, on=OrderRow.bracket == BracketRow.seq)
            .where((BracketRow.account == self._account) & OrderRow.working)
            .order_by(OrderRow.bracket, OrderRow.updated_at)
        )
        return tuple(_order(row) for row in self._database.rows(query))

    def trades(
        self,
        *,
        which: Which | None = None,
        strategy: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> Page:
        """Give one page of trades, the newest first."""
        limit = max(1, min(limit, PAGE_MAX))
        query = BracketRow.select().where(BracketRow.account == self._account)
        if which is not None:
            query = query.where(_of(which))
        if strategy is not None:
            query = query.where(BracketRow.strategy == strategy)
        if before is not None:
            query = query.where(BracketRow.seq < before)
        rows = self._database.rows(query.order_by(BracketRow.seq.desc()).limit(limit + 1))
        items = tuple(_trade(row) for row in rows[:limit])
        return Page(items=items, next=items[-1].seq if len(rows) > limit else None)

    def story(self, bracket_id: BracketId) -> Story | None:
        """Give one trade whole, as it was at one moment."""
        with self._database.picture():
            row = self._database.row(self._one(bracket_id))
            if row is None:
                return None
            query = _intents().where(IntentRow.bracket == row["seq"]).order_by(IntentRow.sent_at, IntentRow.id)
            return Story(
                trade=_trade(row),
                bracket=decode_bracket(row["state"], row["format"]),
                intents=tuple(_intent(one) for one in self._database.rows(query)),
                moves=self._events.moves("bracket", bracket_id),
                timeline=self._events.of(bracket_id),
            )

    def _read(self, which: Which, *, all_workers: bool, more: str = "") -> list[Bracket]:
        """Past peewee: this is asked at every comparison and at every step of a strategy."""
        phases = ", ".join(f"'{phase.value}'" for phase in _PHASES[which])
        whose = "" if all_workers else " AND worker = ?"
        rows = self._database.all(
            f"SELECT state, format FROM brackets WHERE account = ?{whose} AND phase IN ({phases}){more} ORDER BY seq",  # noqa: S608
            (self._account,) if all_workers else (self._account, self._worker),
        )
        return [_decoded(row["state"], row["format"]) for row in rows]

    def _one(self, bracket_id: BracketId) -> Any:
        return BracketRow.select().where((BracketRow.account == self._account) & (BracketRow.id == bracket_id))


@lru_cache(maxsize=64)
def _decoded(state: str, number: int) -> Bracket:
    """Read often, changed seldom; nobody can change what is given."""
    return decode_bracket(state, number)


def _of(which: Which) -> Any:
    return BracketRow.phase.in_([phase.value for phase in _PHASES[which]])


def _intents() -> Any:
    return IntentRow.select(IntentRow, BracketRow.id.alias("bracket_id")).join(
        BracketRow, JOIN.LEFT_OUTER, on=IntentRow.bracket == BracketRow.seq
    )


def _trade(row: dict[str, Any]) -> Trade:
    pnl = None
    if row["gross"] is not None:
        pnl = TradePnl(
            currency=Currency(row["currency"]),
            gross=row["gross"],
            fees=row["fees"],
            funding=row["funding"],
            estimated=row["estimated"],
        )
    return Trade(
        seq=row["seq"],
        bracket_id=row["id"],
        worker=row["worker"],
        strategy=row["strategy"],
        instrument=row["instrument"],
        side=Side(row["side"]),
        phase=Phase(row["phase"]),
        holds_instrument=row["holds"],
        amount=row["amount"],
        held=row["held"],
        entry=row["entry"],
        stop=row["stop"],
        target=row["target"],
        average_entry=row["average_entry"],
        exit_price=row["exit_price"],
        pnl=pnl,
        known=None if row["result"] is None else Known(row["result"]),
        why=row["why"],
        reason=row["reason"],
        began_at=row["began_at"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        version=row["version"],
    )


def _intent(row: dict[str, Any]) -> StoredIntent:
    for name in ("account", "worker", "bracket"):
        del row[name]
    row["intent_id"] = row.pop("id")
    row["purpose"], row["fate"] = Purpose(row["purpose"]), Fate(row["fate"])
    row["request"] = decode_request(row["request"])
    return StoredIntent(**row)


def _order(row: dict[str, Any]) -> StoredOrder:
    del row["bracket"]
    row["leg"] = None if row["leg"] is None else Leg(row["leg"])
    row["side"], row["type"], row["state"] = Side(row["side"]), OrderType(row["type"]), OrderState(row["state"])
    return StoredOrder(**row)
