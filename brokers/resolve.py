"""What became of a request nobody answered: a search by label through every place where a trace could be.

Picture a letter that may or may not have been delivered. Finding it anywhere settles the matter at once. Not finding
it proves nothing while it may still be on its way; only a whole search begun after its deadline does.

    unknown -> ask every place -> found: orders, fills
                               -> an order without all its fills: ask for those of that order, then found
                               -> nothing, begun after the deadline: it never existed
                               -> nothing yet, or a place did not answer: wait, then ask every place again
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from brokers import requests as ask
from brokers.facts import StrangeOrder
from brokers.outcomes import Done, Fills, Orders, Outcome, Triggering, Triggerings
from trading.facts import Fill, Order
from trading.marks import mark
from trading.values import Currency, LabelText, Milliseconds, OrderId

MARGIN_MS = 6_000  # past the deadline: a request may sit in the engine's lock for 5 s
RETRY_MS = 1_000
SKEW_MS = 2_000  # fills are looked for from a little before the request
RECENT_MS = 25 * 60_000  # closed orders stay in the recent store for 30 minutes; older ones need the archive too
PAGES_MAX = 40  # of one search; a strategy with more orders in half an hour has other troubles

Query = (
    ask.GetOrdersByLabel
    | ask.GetOpenOrdersByLabel
    | ask.GetFills
    | ask.GetFillsOfOrder
    | ask.GetTriggerHistory
    | ask.GetOrderHistory
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search under way. ``labels`` are the order's own and those of its legs."""

    labels: tuple[LabelText, ...]
    currency: Currency
    sent_at: Milliseconds
    """When the request left, on the exchange's clock."""
    deadline: Milliseconds
    """Its ``valid_until``: after this the exchange no longer starts it."""
    begun_at: Milliseconds | None = None
    """When the present round began; None before the first."""
    questions: tuple[Query, ...] = ()
    pages: int = 0
    missed: str = ""
    """Why this round proves nothing: a place that did not answer."""
    orders: tuple[Order, ...] = ()
    strange: tuple[StrangeOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    triggerings: tuple[Triggering, ...] = ()
    asked_for: frozenset[OrderId] = frozenset()
    """Orders whose fills were asked for one by one."""

    @property
    def has_found(self) -> bool:
        """Whether there is a trace that says enough. That something triggered does not tell what rests now."""
        return bool(self.orders or self.strange or self.fills or (self.triggerings and not self.missed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Put this question, and bring its outcome to ``answered``."""

    query: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """It took effect. Orders hold the latest picture of each id; a triggered order has two."""

    orders: tuple[Order, ...]
    strange: tuple[StrangeOrder, ...]
    fills: tuple[Fill, ...]
    triggerings: tuple[Triggering, ...]
    is_whole: bool
    """Whether every place answered: only then is an order that is not among these gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverExisted:
    """Proven: it did not take effect, and no longer can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYetKnown:
    """Nothing found, nothing proven: come back when the exchange's clock has certainly passed ``until``."""

    until: Milliseconds
    why: str


Step = Ask | Found | NeverExisted | NotYetKnown


def begin(labels: Iterable[LabelText], currency: Currency, *, sent_at: Milliseconds, deadline: Milliseconds) -> Search:
    """Begin to look for a request. Without a deadline of its own, give a moment by which it must have arrived."""
    wanted = tuple(dict.fromkeys(labels))
    assert wanted, "there is nothing to look for without a label"
    return Search(labels=wanted, currency=currency, sent_at=sent_at, deadline=deadline)


def next_step(search: Search, server_at_least: Milliseconds) -> tuple[Search, Step]:
    """Say what to do next. The time is one the exchange's clock has certainly passed."""
    if search.begun_at is None:
        search = _begin_round(search, server_at_least)
    if not search.questions:
        search = _ask_for_missing_fills(search)
    if search.questions:
        return search, Ask(query=search.questions[0])
    if search.has_found:
        return search, Found(
            orders=search.orders,
            strange=search.strange,
            fills=search.fills,
            triggerings=search.triggerings,
            is_whole=not search.missed,
        )
    assert search.begun_at is not None, "a round without a beginning"
    if search.missed:
        mark("search-not-whole")
        until = Milliseconds(server_at_least + RETRY_MS)
        return replace(search, begun_at=None), NotYetKnown(until=until, why=search.missed)
    proven_at = Milliseconds(search.deadline + MARGIN_MS)
    if search.begun_at > proven_at:
        return search, NeverExisted()
    return replace(search, begun_at=None), NotYetKnown(until=Milliseconds(proven_at + 1), why="it may still arrive")


def _begin_round(search: Search, now: Milliseconds) -> Search:
    since = Milliseconds(search.sent_at - SKEW_MS)
    until = Milliseconds(now + 60_000)
    questions: list[Query] = []
    for label in search.labels:
        questions.append(ask.GetOrdersByLabel(currency=search.currency, label=label))
        questions.append(ask.GetOpenOrdersByLabel(currency=search.currency, label=label))
    questions.append(ask.GetFills(currency=search.currency, since=since, until=until))
    questions.append(ask.GetTriggerHistory(currency=search.currency))
    if now - search.sent_at > RECENT_MS:
        mark("archive-asked")
        # The recent store forgets and the archive lags: only both together have no gap.
        questions.append(ask.GetOrderHistory(currency=search.currency))
        questions.append(ask.GetOrderHistory(currency=search.currency, historical=True))
        questions.append(ask.GetFills(currency=search.currency, since=since, until=until, historical=True))
    return replace(search, begun_at=now, questions=tuple(questions), pages=0, missed="")


def _ask_for_missing_fills(search: Search) -> Search:
    """Fills that no span of time has shown are asked for by their order.

    When the request left we remember by our own clock. If that was set meanwhile, fills may lie outside of the span.
    """
    seen: defaultdict[OrderId, Decimal] = defaultdict(Decimal)
    for fill in search.fills:
        seen[fill.order_id] += fill.amount
    lacking = [one.order_id for one in search.orders if one.filled_amount > seen[one.order_id]]
    new = [order_id for order_id in lacking if order_id not in search.asked_for]
    if not new:
        return search
    mark("fills-asked-for-by-order")
    questions = [ask.GetFillsOfOrder(order_id=one, historical=is_old) for one in new for is_old in (False, True)]
    return replace(search, questions=tuple(questions), asked_for=search.asked_for | frozenset(new))


def answered(search: Search, query: Query, outcome: Outcome) -> Search:
    """Take the outcome of a question; one that is not open any more changes nothing."""
    if query not in search.questions:
        return search
    search = replace(search, questions=tuple(question for question in search.questions if question != query))
    if not isinstance(outcome, Done):
        return replace(search, missed=f"{type(query).__name__} was not answered")
    match outcome.result:
        case Orders(orders=orders, strange=strange):
            search = _with_orders(search, orders, strange)
            if isinstance(query, ask.GetOrderHistory) and len(orders) + len(strange) >= query.count:
                oldest = min((order.updated_at for order in orders), default=search.sent_at)
                more = replace(query, offset=query.offset + query.count)
                return _ask_on(search, more, is_needed=oldest >= search.sent_at - SKEW_MS)
        case Fills(fills=fills, has_more=has_more):
            search = _with_fills(search, fills)
            if isinstance(query, ask.GetFills) and has_more:
                last = max((fill.at for fill in fills), default=query.since)
                return _ask_on(search, replace(query, since=last), is_needed=True)
        case Triggerings(entries=entries, continuation=continuation):
            search = _with_triggerings(search, entries)
            if isinstance(query, ask.GetTriggerHistory) and continuation is not None and entries:
                oldest = min(entry.at for entry in entries)
                more_history = replace(query, continuation=continuation)
                return _ask_on(search, more_history, is_needed=oldest >= search.sent_at - SKEW_MS)
        case _:
            return replace(search, missed=f"{type(query).__name__} was answered with something else")
    return search


def _ask_on(search: Search, query: Query, *, is_needed: bool) -> Search:
    """Ask for the next page, within the bound. A page that leads back to itself would never end."""
    if not is_needed:
        return search
    if search.pages >= PAGES_MAX or query in search.questions:
        return replace(search, missed="there were more pages than one search may read")
    return replace(search, pages=search.pages + 1, questions=(query, *search.questions))


def _with_orders(search: Search, orders: tuple[Order, ...], strange: tuple[StrangeOrder, ...]) -> Search:
    known = {order.order_id: order for order in search.orders}
    for order in orders:
        seen = known.get(order.order_id)
        if order.label in search.labels and (seen is None or order.updated_at >= seen.updated_at):
            known[order.order_id] = order
    odd = {order.order_id: order for order in (*search.strange, *strange) if order.label in search.labels}
    return replace(search, orders=tuple(known.values()), strange=tuple(odd.values()))


def _with_fills(search: Search, fills: tuple[Fill, ...]) -> Search:
    """Keep our fills. Some fills carry no label: then the ids of the orders found tell whose they are."""
    ids = {order.order_id for order in search.orders}
    ours = (fill for fill in fills if fill.label in search.labels or fill.order_id in ids)
    return replace(search, fills=tuple({fill.fill_id: fill for fill in (*search.fills, *ours)}.values()))


def _with_triggerings(search: Search, entries: tuple[Triggering, ...]) -> Search:
    ours = (entry for entry in entries if entry.label in search.labels)
    return replace(search, triggerings=tuple(dict.fromkeys((*search.triggerings, *ours))))
