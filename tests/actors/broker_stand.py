"""A broker actor with a connection that says what a test puts into its mouth, and everyone around it."""

from collections.abc import Mapping

from actors.broker import Addresses, BrokerActor
from actors.broker_ears import Ears
from brokers import facts, outcomes, requests
from brokers.port import News
from brokers.transport import Listener, Message
from tests.actors.test_guardian_reconciler import Ear, Watch
from tests.unit.trading.bracket_facts import NAME, T0, label
from trading.bracket import Cancel, Edit, Place
from trading.errors import Unavailable
from trading.messages import broker
from trading.values import (
    ZERO,
    Currency,
    FillCondition,
    Leg,
    Milliseconds,
    OrderId,
)

BTC = Currency("BTC")
STRANGE = facts.StrangeOrder(
    order_id=OrderId("x"),
    label=label(Leg.STOP),
    instrument=NAME,
    side="up",
    type="?",
    state="?",
    amount=ZERO,
    why="a side nobody knows",
)


class Line:
    """A connection that says what a test puts into its mouth."""

    def __init__(self) -> None:
        self.asked: list[requests.Request] = []
        self.heard: list[str] = []
        self.news: list[News] = []
        self.server: int | None = int(T0) + 500
        self.is_open = True

    def connect(self, listener: Listener) -> bool:
        assert isinstance(listener, Ears)
        self.heard.append("connect")
        return self.is_open

    def disconnect(self, reason: str) -> None:
        self.heard.append(f"disconnect: {reason}")

    def submit(self, request: requests.Request, now: Milliseconds) -> int:
        assert now == T0
        if not self.is_open:
            raise Unavailable("no line")
        self.asked.append(request)
        return len(self.asked)

    def opened(self, now: Milliseconds) -> None:
        self.heard.append(f"opened {now}")

    def received(self, message: Message, now: Milliseconds) -> None:
        self.heard.append(f"received {message} {now}")

    def garbled(self, raw: str, why: str, now: Milliseconds) -> None:
        self.heard.append(f"garbled {raw} {why} {now}")

    def closed(self, reason: str) -> None:
        self.heard.append(f"closed {reason}")

    def tick(self, now: Milliseconds) -> None:
        self.heard.append(f"tick {now}")

    def wake_at(self) -> Milliseconds | None:
        return None

    def take(self) -> list[News]:
        told, self.news = self.news, []
        return told

    def server_at_least(self, now: Milliseconds) -> Milliseconds | None:
        assert now == T0
        return None if self.server is None else Milliseconds(self.server)

    server_now = server_at_least

    def credits_left(self, now: Milliseconds) -> Mapping[str, int]:
        return {"matching": int(now)}


class Stand:
    """The actor and everyone around it."""

    def __init__(self) -> None:
        self.line, self.watch = Line(), Watch()
        self.orders, self.reconciler, self.guardian, self.desk = Ear(), Ear(), Ear(), Ear()
        self.journal, self.notifier, self.strategy, self.own = Ear(), Ear(), Ear(), Ear()
        self.actor = BrokerActor(
            clock=self.watch,
            timers=self.watch,
            own=self.own,
            connection=self.line,  # type: ignore[arg-type]
            currencies=(BTC,),
            to=Addresses(
                orders=self.orders,
                reconciler=self.reconciler,
                guardian=self.guardian,
                desk=self.desk,
                journal=self.journal,
                notifier=self.notifier,
                strategies=lambda _: (self.strategy,),
            ),
        )

    def hears(self, *news: News) -> None:
        """The exchange says something."""
        self.line.news += news
        self.actor.on_receive(broker.TellInstruments())

    def submits(self, wish: Place | Edit | Cancel) -> None:
        self.actor.on_receive(
            broker.Submit(intent_id=wish.intent_id, instrument=NAME, wish=wish, fill_condition=FillCondition.FIRST_HIT)
        )

    def answers(self, result: outcomes.Result, ref: int = 0) -> None:
        ref = ref or len(self.line.asked)
        self.hears(outcomes.Done(ref=ref, request=self.line.asked[ref - 1], result=result))

    def doubts(self, doubt: outcomes.Doubt = outcomes.Doubt.NO_ANSWER) -> None:
        ref = len(self.line.asked)
        self.hears(outcomes.FateUnknown(ref=ref, request=self.line.asked[-1], doubt=doubt, why="silence"))
