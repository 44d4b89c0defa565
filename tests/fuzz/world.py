"""One fuzzing run: a seed, an exchange, clients of every kind, thousands of frames; and what must hold throughout."""

import random
from collections import Counter
from typing import Any, Final, Literal

import msgspec

from exchange.encoding import BadFrameError, decode, encode
from exchange.errors import MESSAGES
from exchange.exchange import Close, Exchange, Send
from exchange.faults import FaultSettings
from exchange.settings import FeedSettings, Limits, Settings
from exchange.switches import POSITIONS, Switches
from tests.fuzz import frames, mutations
from tests.fuzz.books import Books
from tests.schema.desk import START_MS, open_exchange

Json = dict[str, Any]

PROFILES: Final[tuple[Literal["none", "light", "rough", "all"], ...]] = ("none", "none", "light", "rough", "all")
CHECK_EVERY: Final = 500  # frames
# Left out: 11094 is "something broke inside", and nothing may.
CODES: Final = frozenset(MESSAGES) - {11094}


class Broken(AssertionError):
    """Something that must always hold did not. The message says how to see it again."""


class World:
    """Everything here is drawn from the seed, so the same seed and count do the same again."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._rng = random.Random(f"{seed}:fuzz")
        rng = self._rng
        switches = msgspec.convert({name: rng.choice(positions) for name, positions in POSITIONS.items()}, Switches)
        self._has_credits = rng.random() < 0.2
        limits = Limits(credits=self._has_credits, tier=1)
        faults = FaultSettings(profile=rng.choice(PROFILES))
        self._is_faulty = faults.profile != "none"
        feed = FeedSettings(profile=rng.choice(("calm", "lively", "wild")), step_ms=1000)
        self.exchange: Exchange = open_exchange(
            Settings(seed=seed, switches=switches, limits=limits, feed=feed, faults=faults),
            START_MS,
        )
        self.books = Books(self.exchange.engine)
        self.exchange.recorder = self.books.record
        self.now_ms = START_MS
        self.sent = 0
        self.outcomes: Counter[str] = Counter()
        self._frames = frames.Frames(rng, self.exchange.engine)
        self._sessions: dict[str, int] = {}
        self._asked: Counter[tuple[int, str]] = Counter()  # (session, id) of frames that could be answered
        self._answered: Counter[tuple[int, str]] = Counter()
        self._last: list[bytes | str] = []
        self._http_session = -1
        self._http_answers = 0
        for who in ("paper", "person", "observer", "nobody"):
            self._open(who)

    def run(self, count: int) -> None:
        """Send so many frames, with time passing between them; check on the way and at the end."""
        while self.sent < count:
            self._one()
            if self.sent % CHECK_EVERY == 0:
                self._check()
        self._check()
        self._still_answers()

    # -- one frame

    def _open(self, who: str) -> None:
        session = self.exchange.connect(self.now_ms, address=who)
        self._sessions[who] = session
        if who != "nobody":
            grant = {"grant_type": "client_credentials", "client_id": who, "client_secret": who}
            self._send(session, encode({"jsonrpc": "2.0", "id": 0, "method": "public/auth", "params": grant}))

    def _one(self) -> None:
        rng = self._rng
        self.sent += 1
        who = rng.choices(("paper", "person", "observer", "nobody"), (60, 25, 5, 10))[0]
        number = self.sent if rng.random() < 0.97 else rng.randint(1, self.sent)
        request = self._frames.request(number)
        if rng.random() < 0.1:
            self._call(mutations.http_call(rng, request, who))
        else:
            self._send(self._sessions[who], mutations.mangled(rng, request))
        if rng.random() < (0.5 if self._has_credits else 0.05):
            self._wait(rng.choice((1, 50, 1000, 1000, 3000)))
        elif rng.random() < 0.0005:
            self._wait(rng.choice((60_000, 600_000)))
        elif rng.random() < 0.001:
            self._move()

    def _move(self) -> None:
        """A gap: resting orders, triggers and liquidations meet it."""
        market = self._rng.choice(list(self.exchange.engine.markets.values()))
        factor = self._rng.choice((0.97, 0.99, 1.01, 1.03))
        price = round(float(market.mark_price) * factor / float(market.spec.tick_size)) * market.spec.tick_size
        self.exchange.set_price(market.spec.instrument_name, price, hold=False, now_ms=self.now_ms)
        self._collect()

    def _send(self, session: int, frame: bytes | str) -> None:
        self._last = [*self._last[-4:], frame]
        try:
            message = decode(frame)
        except (BadFrameError, RecursionError):
            message = None
        if isinstance(message, dict) and "id" in message:
            self._asked[session, repr(message["id"])] += 1
        try:
            self.exchange.receive_frame(session, frame, self.now_ms)
        except Exception as error:
            raise self._broken(f"{type(error).__name__}: {error}") from error
        self._collect()

    def _call(self, call: mutations.HttpCall) -> None:
        """One HTTP request on a connection of its own: exactly one answer, whatever it was."""
        self._last = [*self._last[-4:], repr(call)]
        session = self.exchange.connect(self.now_ms, transport="http", address="http")
        self._http_answers = 0
        self._http_session = session
        try:
            self.exchange.receive_http(session, *call, self.now_ms)
        except Exception as error:
            raise self._broken(f"{type(error).__name__}: {error}") from error
        self._collect()
        if self._http_answers != 1 and not self._is_faulty:
            raise self._broken(f"{self._http_answers} answers to an HTTP request")
        self.exchange.disconnected(session, self.now_ms)

    def _wait(self, ms: int) -> None:
        self.now_ms += ms
        try:
            self.exchange.advance(self.now_ms)
        except Exception as error:
            raise self._broken(f"as time passed, {type(error).__name__}: {error}") from error
        self._collect()

    def _collect(self) -> None:
        for item in self.exchange.drain():
            if isinstance(item, Close):
                self._closed(item)
            elif isinstance(item, Send):
                self._received(item)

    def _closed(self, item: Close) -> None:
        self.outcomes[f"closed {item.code}"] += 1
        for who, session in list(self._sessions.items()):
            if session == item.session_id:
                self.exchange.disconnected(session, self.now_ms)
                self._open(who)

    def _received(self, item: Send) -> None:
        message = item.message
        encode(message)  # whatever leaves can be written as JSON
        if "method" in message:
            self.outcomes["notification"] += 1
            return
        if item.session_id == self._http_session:
            self._http_answers += 1
        elif "id" in message:
            key = item.session_id, repr(message["id"])
            self._answered[key] += 1
            if self._answered[key] > self._asked[key] and not self._is_faulty:  # a fault may say things twice
                raise self._broken(f"more replies than requests for id {message['id']!r}")
        if "error" in message:
            code = message["error"]["code"]
            self.outcomes[f"error {code}"] += 1
            if code not in CODES and not (code == 11094 and self._is_faulty):  # a fault may pretend to be one
                raise self._broken(f"an answer with {message['error']}")
        else:
            self.outcomes["result"] += 1
            self._remember(message["result"])

    def _remember(self, result: object) -> None:
        """Ids and tokens to be used in later requests."""
        if not isinstance(result, dict):
            return
        order = result.get("order", result)
        if isinstance(order, dict) and isinstance(order.get("order_id"), str):
            self._frames.order_ids += [order["order_id"], *order.get("oto_order_ids", [])]
        if isinstance(result.get("refresh_token"), str):
            self._frames.tokens.append(result["refresh_token"])

    # -- what must hold

    def _check(self) -> None:
        found = self.books.check()
        if found:
            raise self._broken("; ".join(found[:5]))

    def _still_answers(self) -> None:
        """After all that: a fresh client is served, and with everything cancelled nothing is tied up."""
        self.exchange.clear_faults()
        self.exchange.set_maintenance(on=False, now_ms=self.now_ms)
        self._wait(120_000)
        self._open("paper")
        session = self._sessions["paper"]
        before = self.outcomes["result"]
        for method in ("public/test", "private/cancel_all"):
            self._send(session, encode({"jsonrpc": "2.0", "id": method, "method": method, "params": {}}))
            self._wait(200)
        if self.outcomes["result"] != before + 2:
            raise self._broken("it does not answer any more")
        self._check()

    def _broken(self, what: str) -> Broken:
        shown = "\n".join(f"    {frame[:600]!r}" for frame in self._last)
        again = f"python -m tests.fuzz --seed {self.seed} --frames {self.sent}"
        return Broken(f"{what}\n  seed {self.seed}, frame {self.sent}; again: {again}\n  the last frames:\n{shown}")
