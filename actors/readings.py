"""Readings that take several questions: the whole account as a picture, and what became of a label.

Each is a small value stepped by the broker actor: it gives the next question, takes its outcome, and ends in an answer.
"""

from dataclasses import dataclass, field, replace

from brokers import outcomes, requests, resolve
from trading.bracket.messages import Asked, Verdict
from trading.facts import Fill, Holding, LedgerEntry, Order
from trading.marks import mark
from trading.messages import broker, orders
from trading.reconcile import ExchangePicture
from trading.values import BracketId, Currency, LabelText, Milliseconds

VALID_MS = 4_000
"""Past this after it left, no request of ours is started any more, clocks that disagree included."""

RECENT_MS = 60_000
"""The last minute is read in any case."""
PAGES_MAX = 30
AGAIN_MAX = 3
"""So many lost answers one picture outlives: with three in ten lost, hardly any picture would ever be whole without."""
FAR_BACK_MS = 86_400_000
"""So far back a search goes that does not know when its request left."""


@dataclass(slots=True)
class Picture:
    """The account being read: orders first, then positions, then fills."""

    picture_id: int
    since: Milliseconds
    at: Milliseconds
    questions: list[requests.Request]
    orders: tuple[Order, ...] = ()
    holdings: tuple[Holding, ...] = ()
    fills: list[Fill] = field(default_factory=list)
    pages: int = 0
    asked_again: int = 0
    failed: str = ""

    @classmethod
    def begin(
        cls, message: broker.TakePicture, now: Milliseconds, currencies: tuple[Currency, ...], *, ahead_ms: int = 0
    ) -> "Picture":
        """Ask for everything. ``ahead_ms``: how far the exchange's clock, which times are asked on, is before ours.

        Whoever asks goes by the wall clock, which may have been set forward: of what is to come nobody can tell.
        """
        asked = Milliseconds(min(message.since, now - RECENT_MS))
        since = Milliseconds(asked + ahead_ms)
        until = Milliseconds(now + ahead_ms + 3_600_000)
        reads: list[requests.Request] = [requests.GetOpenOrders(), requests.GetPositions()]
        reads += [requests.GetFills(currency=currency, since=since, until=until) for currency in currencies]
        if message.is_deep:  # the recent store forgets after a day, and the archive lags
            old = (requests.GetFills(currency=one, since=since, until=until, historical=True) for one in currencies)
            reads += old
        return cls(picture_id=message.picture_id, since=asked, at=now, questions=reads)

    def take(self, request: requests.Request, outcome: outcomes.Outcome) -> None:
        """Take an answer in. A lost one is asked for again, a few times in a picture; without it the picture fails."""
        is_lost = isinstance(outcome, outcomes.FateUnknown) and outcome.doubt is outcomes.Doubt.NO_ANSWER
        if is_lost and self.asked_again < AGAIN_MAX:
            mark("picture-question-asked-again")
            self.asked_again += 1
            self.questions.insert(0, request)
            return
        if not isinstance(outcome, outcomes.Done):
            self.failed = f"{type(request).__name__} was not answered"
            return
        match outcome.result:
            case outcomes.Orders(orders=orders, strange=strange):
                self.orders = orders
                if strange:
                    self.failed = f"order {strange[0].order_id} speaks unknown words: {strange[0].why}"
            case outcomes.Holdings(holdings=holdings):
                self.holdings = holdings
            case outcomes.Fills(fills=fills, has_more=has_more):
                self.fills += fills
                if has_more and isinstance(request, requests.GetFills):
                    self._next_page(request, fills)
            case _:
                self.failed = f"{type(request).__name__} was answered with something else"

    def _next_page(self, request: requests.GetFills, fills: tuple[Fill, ...]) -> None:
        self.pages += 1
        if self.pages > PAGES_MAX:
            self.failed = "there were more fills than one picture may read"
            return
        last = max((fill.at for fill in fills), default=request.since)
        self.questions.insert(0, replace(request, since=last))

    def done(self) -> ExchangePicture:
        """The picture, whole."""
        fills = {fill.fill_id: fill for fill in self.fills}
        return ExchangePicture(
            orders=self.orders, holdings=self.holdings, fills=tuple(fills.values()), since=self.since, at=self.at
        )


@dataclass(slots=True)
class LedgerPages:
    """The account's book of one trade's time, being read page by page."""

    bracket_id: BracketId
    entries: list[LedgerEntry] = field(default_factory=list)
    pages: int = 0
    failed: str = ""

    @classmethod
    def begin(cls, message: broker.ReadLedger) -> "LedgerPages":
        """Nothing is read yet."""
        return cls(bracket_id=message.bracket_id)

    def take(self, request: requests.GetLedger, outcome: outcomes.Outcome) -> requests.GetLedger | None:
        """Take a page in and give the question for the next one; None at the end."""
        if not isinstance(outcome, outcomes.Done) or not isinstance(outcome.result, outcomes.Ledger):
            self.failed = "the transaction log was not answered"
            return None
        self.pages += 1
        page = outcome.result
        self.entries += page.entries
        if page.continuation is None or not page.entries:
            return None
        if self.pages >= PAGES_MAX or page.continuation == request.continuation:
            self.failed = "the transaction log has more pages than one trade may read"
            return None
        return replace(request, continuation=page.continuation)

    def done(self) -> orders.LedgerRead | orders.LedgerUnread:
        """What the order manager hears of it."""
        if self.failed:
            return orders.LedgerUnread(bracket_id=self.bracket_id, why=self.failed)
        return orders.LedgerRead(bracket_id=self.bracket_id, entries=tuple(self.entries))


def first_page(message: broker.ReadLedger) -> requests.GetLedger:
    """Where the book is opened."""
    return requests.GetLedger(currency=message.currency, since=message.since, until=message.until)


def search_for(
    message: broker.AskLabel, now: Milliseconds, ahead_ms: int, until: Milliseconds | None
) -> resolve.Search:
    """Look for what a label has become, on the exchange's clock, which stands so far ahead of ours.

    ``until`` is its request's own last moment; where that is not known any more, the latest there could have been.
    What was sent later than now was sent before our clock was set back, nobody knows by how much.
    """
    latest = Milliseconds(min(message.sent_at, now) + ahead_ms)
    deadline = Milliseconds(latest + VALID_MS) if until is None else until
    sent_at = latest
    if message.sent_at > now:
        mark("sent-before-the-clock-was-set-back")
        sent_at = Milliseconds(latest - FAR_BACK_MS)
    return resolve.begin((message.label,), message.currency, sent_at=sent_at, deadline=deadline)


def answer_of(label: LabelText, step: resolve.Found | resolve.NeverExisted | resolve.NotYetKnown) -> Asked:
    """What a bracket hears of it."""
    match step:
        case resolve.Found(orders=orders, fills=fills, is_whole=is_whole):
            return Asked(label=label, verdict=Verdict.FOUND, orders=orders, fills=fills, is_whole=is_whole)
        case resolve.NeverExisted():
            return Asked(label=label, verdict=Verdict.NEVER)
        case resolve.NotYetKnown():
            return Asked(label=label, verdict=Verdict.NOT_YET)
