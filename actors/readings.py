"""Readings that take several questions: the whole account as a picture, and what became of a label.

Each is a small value stepped by the broker actor: it gives the next question, takes its outcome, and ends in an answer.
"""

from dataclasses import dataclass, field

from brokers import outcomes, requests, resolve
from trading.bracket.messages import Asked, Verdict
from trading.facts import Fill, Holding, Order
from trading.reconcile import ExchangePicture
from trading.values import Currency, LabelText, Milliseconds

VALID_MS = 4_000
"""Past this after it left, no request of ours is started any more, clocks that disagree included."""

PAGES_MAX = 30


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
    failed: str = ""

    @classmethod
    def begin(
        cls, picture_id: int, since: Milliseconds, now: Milliseconds, currencies: tuple[Currency, ...]
    ) -> "Picture":
        """Ask for everything."""
        until = Milliseconds(now + 3_600_000)
        reads: list[requests.Request] = [requests.GetOpenOrders(), requests.GetPositions()]
        reads += [requests.GetFills(currency=currency, since=since, until=until) for currency in currencies]
        return cls(picture_id=picture_id, since=since, at=now, questions=reads)

    def take(self, request: requests.Request, outcome: outcomes.Outcome) -> None:
        """Take an answer in. One that is missing spoils the picture."""
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
        more = requests.GetFills(currency=request.currency, since=last, until=request.until)
        self.questions.insert(0, more)

    def done(self) -> ExchangePicture:
        """The picture, whole."""
        fills = {fill.fill_id: fill for fill in self.fills}
        return ExchangePicture(
            orders=self.orders, holdings=self.holdings, fills=tuple(fills.values()), since=self.since, at=self.at
        )


def search_for(label: LabelText, currency: Currency, sent_at: Milliseconds) -> resolve.Search:
    """Look for what a label has become; the time is on the exchange's clock."""
    return resolve.begin((label,), currency, sent_at=sent_at, deadline=Milliseconds(sent_at + VALID_MS))


def answer_of(label: LabelText, step: resolve.Found | resolve.NeverExisted | resolve.NotYetKnown) -> Asked:
    """What a bracket hears of it."""
    match step:
        case resolve.Found(orders=orders, fills=fills):
            return Asked(label=label, verdict=Verdict.FOUND, orders=orders, fills=fills)
        case resolve.NeverExisted():
            return Asked(label=label, verdict=Verdict.NEVER)
        case resolve.NotYetKnown():
            return Asked(label=label, verdict=Verdict.NOT_YET)
