"""What the broker reads of the account: pictures, what became of a label, the book. Nothing here changes anything.

Each is asked one question after the other. What is not answered is said to be so; nobody waits for ever.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from actors import readings
from actors.address import Address
from brokers import outcomes, requests, resolve
from brokers.port import Broker
from trading.bracket.effects import Place, PlaceBracket, Request
from trading.messages import broker, guardian, journal, orders, reconciler
from trading.values import Currency, LabelText, Milliseconds

UNTIL_KEPT: Final = 200

Take = Callable[[outcomes.Outcome], None]


class Listeners(Protocol):
    """Whom readings are told; the broker's own addresses fit."""

    @property
    def orders(self) -> Address[orders.Message]:
        """The order manager."""
        ...

    @property
    def reconciler(self) -> Address[reconciler.Message]:
        """The reconciler."""
        ...

    @property
    def guardian(self) -> Address[guardian.Message]:
        """The guardian."""
        ...

    @property
    def journal(self) -> Address[journal.Message]:
        """The journal."""
        ...


class Readings:
    """The readings under way."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        base_ms: int,
        connection: Broker,
        read: Callable[[requests.Request, Take], None],
        read_funds: Callable[[], None],
        to: Listeners,
        currencies: tuple[Currency, ...],
    ) -> None:
        """``read`` puts a question and brings its outcome back; ``read_funds`` asks what the account is worth.

        ``base_ms``: how far ``now`` is before the monotonic clock.
        """
        self._base_ms = base_ms
        self._now, self._broker, self._read, self._to = now, connection, read, to
        self._currencies, self._read_funds = currencies, read_funds
        self._searches: dict[LabelText, resolve.Search] = {}
        self._searching: dict[LabelText, None] = {}  # one after the other: together they would starve of credit
        self._picture: readings.Picture | None = None
        self._until: OrderedDict[LabelText, Milliseconds] = OrderedDict()

    def sent(self, wish: Request, until: Milliseconds) -> None:
        """Remember the last moment at which the exchange may begin with what has just left."""
        if isinstance(wish, Place | PlaceBracket):
            legs = (wish,) if isinstance(wish, Place) else (wish.entry, wish.stop, wish.target)
            for leg in legs:
                self._until[leg.label] = until
            while len(self._until) > UNTIL_KEPT:
                self._until.popitem(last=False)

    def forget(self) -> None:
        """The connection is gone, and every answer with it."""
        self._searching.clear()
        self._searches.clear()
        self._picture = None

    # --- the whole account

    def take_picture(self, message: broker.TakePicture) -> None:
        """Read everything; a newer picture ends an older one."""
        now = self._now()
        server = self._broker.server_at_least(now)
        ahead_ms = 0 if server is None else server - now
        self._picture = readings.Picture.begin(message, now, self._currencies, ahead_ms=ahead_ms)
        self._read_on(self._picture)

    def _read_on(self, picture: readings.Picture) -> None:
        if picture is not self._picture:
            return
        if picture.failed or not picture.questions:
            self._picture = None
            self._show(picture)
            return
        question = picture.questions.pop(0)

        def take(outcome: outcomes.Outcome) -> None:
            picture.take(question, outcome)
            self._read_on(picture)

        self._read(question, take)

    def _show(self, picture: readings.Picture) -> None:
        if picture.failed:
            failed = reconciler.PictureFailed(picture_id=picture.picture_id, why=picture.failed)
            self._to.reconciler.tell(failed)
            return
        whole = picture.done()
        self._to.guardian.tell(guardian.PictureTaken(picture=whole, began_ms=whole.at - self._base_ms))
        self._to.reconciler.tell(reconciler.PictureTaken(picture_id=picture.picture_id, picture=whole))
        self._to.journal.tell(journal.PictureTaken(picture=whole))
        # Not part of it; but trades are sized by the equity, and what tells of it may have fallen silent.
        self._read_funds()

    # --- what became of a label

    def ask(self, message: broker.AskLabel, *, is_up: bool) -> None:
        """Look for a label; a search under way is not begun twice."""
        label = message.label
        if label in self._searching:
            return
        now = self._now()
        server = self._broker.server_at_least(now)
        if server is None or not is_up:
            self._to.orders.tell(readings.answer_of(label, resolve.NotYetKnown(until=now, why="not connected")))
            return
        if label not in self._searches:
            self._searches[label] = readings.search_for(message, now, server - now, self._until.get(label))
        self._searching[label] = None
        if next(iter(self._searching)) == label:
            self._search_on(label)

    def _search_on(self, label: LabelText) -> None:
        server = self._broker.server_at_least(self._now())
        if server is None:
            self._searching.clear()
            return
        search, step = resolve.next_step(self._searches[label], server)
        self._searches[label] = search
        if isinstance(step, resolve.Ask):
            query = step.query

            def take(outcome: outcomes.Outcome) -> None:
                self._searches[label] = resolve.answered(self._searches[label], query, outcome)
                self._search_on(label)

            self._read(query, take)
            return
        self._searching.pop(label, None)
        if not isinstance(step, resolve.NotYetKnown):
            del self._searches[label]
        self._to.orders.tell(readings.answer_of(label, step))
        following = next(iter(self._searching), None)
        if following is not None:
            self._search_on(following)

    # --- the book

    def read_ledger(self, message: broker.ReadLedger) -> None:
        """Read the account's book, page by page."""
        self._turn(readings.LedgerPages.begin(message), readings.first_page(message))

    def _turn(self, pages: readings.LedgerPages, question: requests.GetLedger) -> None:
        def take(outcome: outcomes.Outcome) -> None:
            following = pages.take(question, outcome)
            if following is not None:
                self._turn(pages, following)
            else:
                self._to.orders.tell(pages.done())

        self._read(question, take)
