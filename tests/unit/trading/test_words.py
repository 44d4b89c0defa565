"""The small words everything else is made of: sides, states, numbers, errors, messages."""

import ast
import importlib
import json
import pkgutil
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

import trading
from trading.errors import BadInput, ConfigError, Refused, TradingError, Unavailable
from trading.messages import broker, desk, guardian, notices, orders, reconciler, strategy, supervision
from trading.values import InstrumentState, OrderState, OrderType, Side, exact, plain

PACKAGE = Path(trading.__file__).parent
FORBIDDEN = {"time", "datetime", "random", "secrets", "uuid", "threading", "asyncio", "socket", "sqlite3", "queue"}
RECEIVERS = [broker, desk, guardian, notices, orders, reconciler, strategy]


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(trading.__path__, "trading.")
    return [importlib.import_module(module.name) for module in found]


def test_a_side_knows_its_opposite_and_its_sign() -> None:
    assert Side("buy").opposite is Side.SELL
    assert Side("sell").opposite is Side.BUY
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


def test_only_open_and_untriggered_orders_may_still_do_something() -> None:
    assert {state for state in OrderState if state.is_working} == {OrderState.OPEN, OrderState.UNTRIGGERED}


def test_order_types_know_whether_they_trigger_and_whether_they_have_a_price() -> None:
    assert {kind for kind in OrderType if not kind.is_trigger} == {
        OrderType.MARKET,
        OrderType.LIMIT,
        OrderType.MARKET_LIMIT,
    }
    assert {kind for kind in OrderType if kind.has_price} == {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_LIMIT,
    }


def test_a_new_word_for_an_instruments_state_does_not_trade() -> None:
    """The exchange renamed these states in January 2026."""
    assert InstrumentState("frozen") is InstrumentState.UNKNOWN


@pytest.mark.parametrize("raw", ["1.5", 3, Decimal("1E-8"), "3.5e-4", "-0"], ids=repr)
def test_a_number_is_taken_exactly(raw: object) -> None:
    assert exact(raw) == Decimal(str(raw))


@pytest.mark.parametrize("raw", [1.5, True, None, "", "market_price", "NaN", "Infinity", [], b"1"], ids=repr)
def test_what_is_no_exact_number_is_refused(raw: object) -> None:
    with pytest.raises(BadInput) as caught:
        exact(raw)
    assert caught.value.raw == raw


PLAIN = {"1.500": "1.5", "1E-8": "0.00000001", "100": "100", "1E+3": "1000", "0.000": "0", "-2.50": "-2.5"}


@pytest.mark.parametrize(("number", "text"), PLAIN.items(), ids=PLAIN)
def test_a_number_is_written_for_people(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_the_tree_of_errors_is_the_one_in_its_docstring() -> None:
    for family in (Unavailable, BadInput, ConfigError):
        assert issubclass(family, TradingError)
    assert not issubclass(Refused, BaseException)


def test_a_configuration_error_tells_all_problems() -> None:
    error = ConfigError(["no key", "no room"])
    assert error.problems == ("no key", "no room")
    assert str(error) == "no key\nno room"


def test_bad_input_shows_where_it_came_from_but_not_all_of_it() -> None:
    error = BadInput("not a frame", "x" * 10_000)
    assert error.raw == "x" * 10_000
    assert str(error).startswith("not a frame: 'xxx")
    assert len(str(error)) < 600


def test_every_value_is_frozen_slotted_and_by_keyword() -> None:
    seen = 0
    for module in modules():
        for thing in vars(module).values():
            if isinstance(thing, type) and is_dataclass(thing) and thing.__module__ == module.__name__:
                seen += 1
                settings = thing.__dataclass_params__  # type: ignore[attr-defined]
                assert settings.frozen, thing
                assert "__slots__" in vars(thing), thing
                assert all(field.kw_only for field in fields(thing)), thing
    assert seen > 30


@pytest.mark.parametrize("receiver", RECEIVERS, ids=lambda module: module.__name__)
def test_the_closed_union_has_every_message_of_its_module(receiver: ModuleType) -> None:
    declared = {
        thing
        for thing in vars(receiver).values()
        if isinstance(thing, type) and is_dataclass(thing) and thing.__module__ == receiver.__name__
    }
    passed_on = {getattr(receiver, name) for name in getattr(receiver, "__all__", ())}
    others = passed_on | set(get_args(supervision.Notice))
    assert set(get_args(receiver.Message)) - others == declared - {desk.Answer}


@pytest.mark.parametrize("receiver", RECEIVERS, ids=lambda module: module.__name__)
def test_a_message_says_what_repeating_it_does_and_holds_nothing_that_changes(receiver: ModuleType) -> None:
    words = ("again", "repeat", "already", "same", "twice", "ignored")
    for message in set(get_args(receiver.Message)) - set(get_args(supervision.Notice)):
        assert any(word in message.__doc__.lower() for word in words), message
        for name, kind in get_type_hints(message).items():
            assert kind not in {list, dict, set, bytearray, float}, f"{message}.{name}"


def test_the_trade_imports_nothing_that_knows_the_world() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in FORBIDDEN, f"{file.name} imports {name}"


def test_enums_are_written_as_the_exchange_writes_them() -> None:
    assert json.dumps([Side.BUY, OrderType.STOP_MARKET]) == '["buy", "stop_market"]'
