"""Dying at every point where something is written or sent. Here a sample; `make crash-points` walks them all."""

from collections import Counter
from random import Random

import pytest

from brokers.transport import Listener, Message
from brokers.watched_transport import WatchedTransport
from tests.simulation.crash_walk import CASES, Case, Watcher, deaths, dies_at, points
from tests.simulation.service_scene import INVERSE
from trading.bracket import Mode

DEATHS_OF_A_LIFE = 1
ENTRY = "tb1:me:w1:fast:wprpfwnxwcba5rnz:e0"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_death_at_any_point_of_this_life_breaks_no_promise(case: Case) -> None:
    for name, nth in Random(f"crash points:{case}").sample(deaths(case), DEATHS_OF_A_LIFE):
        dies_at(case, name, nth)


@pytest.mark.parametrize("what", ["before", "after"])
@pytest.mark.parametrize(
    ("mode", "name"),
    [
        (Mode.NATIVE, "commit:step:begin>place_bracket"),
        (Mode.NATIVE, "send:private/{along}:entry"),
        (Mode.SEQUENTIAL, "commit:step:begin>place_entry"),
        (Mode.SEQUENTIAL, "send:private/{along}:entry"),
        (Mode.SEQUENTIAL, "commit:step:request_done>opened>place_stop"),
        (Mode.SEQUENTIAL, "send:private/{against}:stop"),
        (Mode.SEQUENTIAL, "send:private/{against}:target"),
    ],
)
def test_a_death_around_what_opens_a_trade_breaks_no_promise(mode: Mode, name: str, what: str) -> None:
    """The points that cost others their money, never left to a sample."""
    case = Case(life="exits", mode=mode, instrument=INVERSE)
    found = points(case)
    sides = ("buy", "sell") if f"send:private/buy:entry:{what}" in found else ("sell", "buy")
    dies_at(case, f"{name.format(along=sides[0], against=sides[1])}:{what}", 1)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_the_list_of_points_has_every_request_and_every_step_twice_and_every_reply(mode: Mode) -> None:
    found: Counter[str] = Counter()
    for case in CASES:
        if case.mode is mode and case.instrument == INVERSE:
            found.update(points(case))
    for name, count in found.items():
        if name.endswith(":before"):
            assert found[name.removesuffix("before") + "after"] == count, name
    for method in ("private/buy", "private/sell", "private/cancel", "private/edit"):
        assert any(name.startswith(f"send:{method}") for name in found), method
        assert any(name.startswith(f"reply:{method}") for name in found), method
    assert "commit:Halts.halt:before" in found
    assert any(name.startswith("commit:") and "orphan" in name for name in found)
    assert "push:user.changes" in found


def test_a_point_that_is_not_reached_fails_the_walk() -> None:
    with pytest.raises(AssertionError, match=r"commit:nothing:before was not reached a 1\. time"):
        dies_at(CASES[0], "commit:nothing:before", 1)


def test_the_same_life_passes_the_same_points() -> None:
    assert points(CASES[0]) == points(CASES[0])


class _Line:
    """A transport that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.listener: Listener | None = None

    def open(self, listener: Listener) -> None:
        self.listener = listener
        listener.opened()

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def close(self, reason: str = "closed by us") -> None:
        assert self.listener is not None
        self.listener.closed(reason)


class _Heard:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def opened(self) -> None:
        self.told.append("opened")

    def received(self, message: Message) -> None:
        self.told.append(message)

    def garbled(self, raw: str, why: str) -> None:
        self.told.append((raw, why))

    def closed(self, reason: str) -> None:
        self.told.append(reason)


def test_a_watched_line_hands_everything_on_and_names_what_is_sent_and_answered() -> None:
    line, heard = _Line(), _Heard()
    passed: list[str] = []
    watched = WatchedTransport(line, passed.append)
    watched.open(heard)
    entry = {"id": 4, "method": "private/buy", "params": {"label": ENTRY}}
    watched.send(entry)
    reply = {"id": 4, "result": {}}
    push = {"method": "subscription", "params": {"channel": "user.changes.any.any.raw", "data": {}}}
    ticker = {"method": "subscription", "params": {"channel": "ticker.BTC-PERPETUAL.100ms", "data": {}}}
    assert line.listener is not None
    for message in (reply, reply, push, ticker):
        line.listener.received(message)
    line.listener.garbled("{", "no JSON")
    watched.close("enough")
    assert line.sent == [entry]
    assert heard.told == ["opened", reply, reply, push, ticker, ("{", "no JSON"), "enough"]
    assert passed == [
        "send:private/buy:entry:before",
        "send:private/buy:entry:after",
        "reply:private/buy:entry",
        "push:user.changes",
    ]


def test_a_request_does_not_leave_when_the_service_dies_before_it() -> None:
    line = _Line()
    watcher = Watcher("send:private/buy:entry:before")
    watcher.is_armed = True
    with pytest.raises(BaseException, match="send:private/buy"):
        WatchedTransport(line, watcher).send({"id": 4, "method": "private/buy", "params": {"label": ENTRY}})
    assert not line.sent
