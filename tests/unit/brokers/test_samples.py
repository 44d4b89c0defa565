"""Messages of the real exchange go through the parser without an exception and without losing a digit.

They are kept beside the checkout, not in it: somebody else's captures are not ours to hand on.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from brokers import requests as ask
from brokers import wire
from brokers.deribit import account, login, market, orders
from brokers.deribit.desk import read_error
from brokers.deribit.results import result
from brokers.facts import StrangeOrder, Unreadable
from tests.unit.brokers.venue import BTC, BUY, Line
from tools import repository
from trading.errors import BadInput
from trading.facts import Order
from trading.values import Currency, LabelText, Milliseconds, OrderId

SAMPLES = repository.ROOT.parent / "shared" / "deribit" / "samples"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no captured messages lie beside this checkout")


def samples(*families: str) -> list[Any]:
    """Give the files of some methods or channels as parameters; at least one, so that a typing error is seen."""
    found = sorted(
        path for path in SAMPLES.glob("*/*.json") if path.name.split("__")[0].removesuffix(".result") in families
    )
    assert found or not SAMPLES.is_dir(), f"no sample of {families}"
    return [pytest.param(path, id=path.stem) for path in found]


def body(path: Path) -> Any:
    """Give what the message is about: the result, or the object itself where it was kept bare."""
    raw = path.read_bytes()
    message = wire.decode(raw if raw.lstrip().startswith(b"{") else b'{"result":' + raw + b"}")
    return message.get("result", message)


class Literal(str):
    """A number's own text, so that comparing it compares digits."""

    __slots__ = ()


def literals(raw: bytes) -> Any:
    """Read JSON with every number as its text; the standard library's reader, so that ours is not its own judge."""
    return json.loads(raw, parse_float=Literal, parse_int=Literal)


def numbers(value: Any) -> Iterator[Any]:
    """Give every number in a decoded message in order."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, Literal | int | Decimal | float) and not isinstance(value, bool):
        yield value


def digits(number: Any) -> tuple[int, ...]:
    """Give a number's digits with the zeros at its end."""
    return Decimal(str(number)).as_tuple().digits


EVERY_FILE = [pytest.param(path, id=path.stem) for path in sorted(SAMPLES.glob("*/*.json"))]


@pytest.mark.parametrize("path", EVERY_FILE)
def test_every_number_survives_reading_and_writing_with_all_its_digits(path: Path) -> None:
    raw = path.read_bytes()
    if not raw.lstrip().startswith(b"{"):
        raw = b'{"result":' + raw + b"}"

    written = wire.encode(wire.decode(raw))

    before, after = list(numbers(literals(raw))), list(numbers(literals(written)))
    assert [Decimal(number) for number in before] == [Decimal(number) for number in after]
    assert [digits(number) for number in before] == [digits(number) for number in after]
    assert not any(isinstance(number, float) for number in numbers(wire.decode(raw)))


# --- parsed values hold the wire's digits --------------------------------------------------------------------


def held(value: Any) -> Iterator[Decimal]:
    """Give every Decimal in a parsed value."""
    if isinstance(value, Decimal):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from held(getattr(value, field.name))
    elif isinstance(value, tuple):
        for inner in value:
            yield from held(inner)
    else:
        assert not isinstance(value, float), "a binary float got in"
        assert isinstance(value, int | str | Enum | bool | None), f"{type(value)} in a parsed value"


def assert_digits_kept(parsed: Any, raw: bytes) -> None:
    """Every Decimal must be a number of the message to the last digit, or 0 for what was not there."""
    told = {digits(number) for number in numbers(literals(raw))}
    # Some captures write numbers as strings; those count as the wire's digits too.
    told |= {digits(text) for text in re.findall(r'"(-?\d+(?:\.\d+)?)"', raw.decode())}
    strangers = [number for number in held(parsed) if number and digits(number) not in told]
    assert strangers == []


def same(raw: Any, key: str, value: Decimal | None) -> None:
    """A field holds exactly what the wire said."""
    if key in raw and isinstance(raw[key], int | Decimal) and value is not None:
        assert str(value) == str(Decimal(raw[key])), key


CURRENCY, LABEL = Currency("BTC"), LabelText("x")
START, END = Milliseconds(0), Milliseconds(1)
ANSWERS: dict[str, ask.Writing | ask.Reading] = {
    "private_buy": BUY,
    "private_sell": BUY,
    "private_edit": ask.EditOrder(order_id=OrderId("1"), amount=Decimal(1), reduce_only=True),
    "private_cancel": ask.CancelOrder(order_id=OrderId("1")),
    "private_get_open_orders": ask.GetOpenOrders(),
    "private_get_order_state": ask.GetOrder(order_id=OrderId("1")),
    "private_get_order_state_by_label": ask.GetOrdersByLabel(currency=CURRENCY, label=LABEL),
    "private_get_order_history_by_instrument": ask.GetOrderHistory(currency=CURRENCY),
    "private_get_user_trades_by_currency": ask.GetFills(currency=CURRENCY, since=START, until=END),
    "private_get_user_trades_by_instrument_and_time": ask.GetFills(currency=CURRENCY, since=START, until=END),
    "private_get_positions": ask.GetPositions(),
    "private_get_position": ask.GetPositions(),
    "private_get_account_summary": ask.GetAccountSummary(currency=CURRENCY),
    "private_get_account_summaries": ask.GetAccountSummary(currency=CURRENCY),
    "private_get_transaction_log": ask.GetLedger(currency=CURRENCY, since=START, until=END),
    "public_get_instruments": ask.GetInstruments(currency=CURRENCY),
    "public_get_instrument": ask.GetInstrument(instrument=BTC),
    "public_ticker": ask.GetTicker(instrument=BTC),
    "public_get_order_book": ask.GetTicker(instrument=BTC),
    "public_get_tradingview_chart_data": ask.GetCandles(instrument=BTC, minutes=1, since=START, until=END),
}


def answer_cases() -> list[Any]:
    return [pytest.param(family, *case.values, id=case.id) for family in ANSWERS for case in samples(family)]


@pytest.mark.parametrize(("family", "path"), answer_cases())
def test_every_answer_is_read_with_its_digits(family: str, path: Path) -> None:
    parsed = result(ANSWERS[family], body(path), Milliseconds(1_800_000_000_000))

    assert_digits_kept(parsed, path.read_bytes())


@pytest.mark.parametrize(
    "path",
    samples(
        "object.order_oto_primary",
        "object.order_oto_secondary",
        "object.order_trigger",
        "private_get_open_orders",
        "private_get_order_state",
        "private_cancel",
        "user.orders",
    ),
)
def test_every_order_is_known_by_its_words_and_holds_the_wires_numbers(path: Path) -> None:
    raw = body(path)
    raw = raw["params"]["data"] if "params" in raw else raw
    for one in raw if isinstance(raw, list) else [raw]:
        found = orders.order(one)
        assert not isinstance(found, StrangeOrder), found
        assert isinstance(found, Order)
        assert (found.order_id, found.label, found.instrument) == (
            one["order_id"],
            one.get("label", ""),
            one["instrument_name"],
        )
        for key in ("amount", "filled_amount", "average_price", "price", "trigger_price"):
            same(one, key, getattr(found, key))


@pytest.mark.parametrize("path", samples("object.order_trigger"))
def test_an_untriggered_stop_of_the_real_exchange_has_no_price(path: Path) -> None:
    found = orders.order(body(path))

    assert isinstance(found, Order)
    assert found.price is None
    assert found.filled_amount == 0
    assert found.trigger_price is not None


@pytest.mark.parametrize("path", samples("object.order_oto_secondary"))
def test_a_dormant_child_of_the_real_exchange_is_dormant(path: Path) -> None:
    found = orders.order(body(path))

    assert isinstance(found, Order)
    assert found.is_dormant


@pytest.mark.parametrize("path", samples("object.user_trade", "private_get_user_trades_by_currency", "user.trades"))
def test_every_fill_holds_the_wires_numbers(path: Path) -> None:
    raw = body(path)
    raw = raw["params"]["data"] if "params" in raw else raw
    raw = raw.get("trades", [raw]) if isinstance(raw, dict) else raw
    for one in raw:
        found = orders.fill(one)
        for key in ("amount", "price", "fee", "profit_loss"):
            same(one, key, getattr(found, key))


CHANNELS = (
    "ticker",
    "chart.trades",
    "user.changes",
    "user.orders",
    "user.trades",
    "user.portfolio",
    "user.lock",
    "platform_state",
    "platform_state.public_methods_state",
)


@pytest.mark.parametrize("path", samples(*CHANNELS))
def test_every_push_of_our_channels_is_read_with_its_digits(path: Path) -> None:
    line = Line().connects()
    line.forgets()

    line.hears(wire.decode(path.read_bytes()))
    line.hears(wire.decode(path.read_bytes()))

    assert line.told(Unreadable) == []
    for item in line.news:
        assert_digits_kept(item, path.read_bytes())


@pytest.mark.parametrize("path", samples("ticker"))
def test_every_ticker_holds_the_wires_prices(path: Path) -> None:
    raw = wire.decode(path.read_bytes())["params"]["data"]

    found = market.ticker(raw)

    for key, value in (
        ("best_bid_price", found.bid),
        ("best_ask_price", found.ask),
        ("last_price", found.last),
        ("mark_price", found.mark),
        ("index_price", found.index),
    ):
        same(raw, key, value)


@pytest.mark.parametrize("path", samples("error", "heartbeat"))
def test_every_error_and_heartbeat_passes_through_a_ready_connection(path: Path) -> None:
    line = Line().connects()
    message = wire.decode(path.read_bytes())

    line.hears(message)

    assert line.told(Unreadable) == []
    if "error" in message:
        assert read_error(message["error"])[0] == message["error"]["code"]


@pytest.mark.parametrize("path", samples("public_auth"))
def test_the_published_login_answer_is_a_grant(path: Path) -> None:
    assert login.read_grant(body(path), Milliseconds(0)).until == 31_536_000_000


PARSERS: tuple[Callable[[Any], Any], ...] = (
    orders.order,
    orders.orders,
    orders.placed,
    orders.cancelled,
    orders.fill_page,
    orders.triggerings,
    lambda raw: account.summary(raw, CURRENCY),
    account.ledger,
    market.instruments,
    market.ticker_detail,
)


@pytest.mark.parametrize("path", EVERY_FILE)
def test_no_message_of_any_kind_makes_a_parser_raise_anything_but_bad_input(path: Path) -> None:
    raw = json.loads(path.read_bytes(), parse_float=Decimal)
    for parse in PARSERS:
        for part in (raw, raw.get("result") if isinstance(raw, dict) else None):
            try:
                parse(part)
            except BadInput:
                continue
