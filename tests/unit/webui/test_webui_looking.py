"""What is shown is what the journal and the store hold: one shape of lists, money as text, no secret."""

from decimal import Decimal
from typing import Any

import pytest

from actors.journal_rows import strategy_row
from persistence.issues import Finding
from persistence.steps import Figures
from persistence.store import Store
from tests.unit.persistence.made import Life
from tests.unit.webui.house import NOW, House
from trading.bracket import Phase
from trading.facts import Candle
from trading.pnl import TradePnl
from trading.values import Currency, InstrumentName, Milliseconds, StrategyName

AT = Milliseconds(NOW)
LISTS = ["strategies", "trades", "orders", "positions", "events", "issues", "reconciliations"]


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_the_one_shape(house: House, path: str) -> None:
    assert house.get(path).json == {"items": [], "next": None}


WRONG = {
    "trades?limit=0": "limit",
    "trades?limit=501": "limit",
    "trades?limit=x": "limit",
    "trades?limit=-1": "limit",
    "trades?limit=1e2": "limit",
    "trades?limit=%D9%A3": "limit",
    "trades?strategy=%FF&nope=%FF": "nope",
    "status?" + "a=1&" * 30: "query",
    "trades?before=abc": "before",
    "trades?before=" + "9" * 30: "before",
    "trades?status=opne": "status",
    "trades?statsu=open": "statsu",
    "events?limit=99999": "limit",
    "issues?status=closed": "status",
    "reconciliations?limit=no": "limit",
    "orders?limit=5": "limit",
    "status?x=1": "x",
    "candles?instrument=NOPE": "instrument",
    "candles?instrument=": "instrument",
}


@pytest.mark.parametrize(("path", "field"), WRONG.items())
def test_a_wrong_question_is_refused_with_its_place(house: House, path: str, field: str) -> None:
    reply = house.get(path)

    assert (reply.status, reply.error["code"], reply.error["field"]) == (400, "bad_input", field)


@pytest.mark.parametrize("path", ["strategies/x", "trades/x", "issues/1", "issues/x"])
def test_what_nobody_knows_is_not_found(house: House, path: str) -> None:
    reply = house.get(path)

    assert (reply.status, reply.error["code"]) == (404, "not_found")


def closed(store: Store, signal: str, net: str) -> Life:
    """A trade that is over, with its result."""
    life = Life(store, signal)
    life.begins()
    life.becomes("closed", phase=Phase.CLOSED)
    pnl = TradePnl(currency=Currency("BTC"), gross=Decimal(net), fees=Decimal(0), funding=Decimal(0), estimated=False)
    store.steps.settle(life.plan.bracket_id, Figures(pnl=pnl))
    return life


def test_trades_come_page_by_page_without_a_gap(house: House, store: Store) -> None:
    ids = [closed(store, str(number), "1").plan.bracket_id for number in range(5)]
    seen: list[str] = []
    page: dict[str, Any] = {}
    cursor = ""
    for _ in range(3):
        page = house.get(f"trades?limit=2{cursor}").json
        seen += [row["id"] for row in page["items"]]
        cursor = f"&before={page['next']}"

    assert seen == ids[::-1]
    assert page["next"] is None


def test_money_is_text_to_the_last_digit_and_times_are_whole_milliseconds(house: House, store: Store) -> None:
    closed(store, "1", "0.00000000000000000123")

    (row,) = house.get("trades?status=closed").json["items"]

    assert row["pnl"]["net"] == "0.00000000000000000123"
    assert row["stop"] == "60000.5"
    assert isinstance(row["began_at"], int)
    assert not list(_floats(house.get(f"trades/{row['id']}").json))


def test_a_trade_is_told_with_all_that_led_to_it(house: House, store: Store) -> None:
    life = Life(store)
    life.begins()
    life.fills()

    found = house.get(f"trades/{life.plan.bracket_id}").json

    assert [fill["amount"] for fill in found["fills"]] == ["10"]
    assert [request["purpose"] for request in found["requests"]] == ["bracket"]
    assert found["timeline"][0]["kind"] == "bracket_begun"
    assert {"at", "from", "to", "event"} == found["phases"][0].keys()


def test_trades_are_found_by_strategy_and_status(house: House, store: Store) -> None:
    closed(store, "1", "1")
    Life(store, "2", strategy=StrategyName("other")).begins()

    assert [row["strategy"] for row in house.get("trades?strategy=other").json["items"]] == ["other"]
    assert [row["strategy"] for row in house.get("trades?status=open").json["items"]] == ["other"]
    assert house.get("trades?strategy=ema&status=open").json["items"] == []


def test_events_are_found_by_kind_and_subject_and_come_page_by_page(house: House, store: Store) -> None:
    for number in range(3):
        store.events.add("alert", "disk", str(number), at=AT)
    store.events.add("halt_changed", "desk", "halted", at=AT)

    first = house.get("events?kind=alert&limit=2").json
    rest = house.get(f"events?kind=alert&limit=2&before={first['next']}").json

    assert [row["text"] for row in first["items"] + rest["items"]] == ["2", "1", "0"]
    assert rest["next"] is None
    assert [row["kind"] for row in house.get("events?subject=desk").json["items"]] == ["halt_changed"]


def test_open_issues_are_shown_with_their_choices_and_resolved_ones_when_asked(house: House, store: Store) -> None:
    for key in ("a", "b"):
        store.issues.open(Finding(key=key, kind="unknown_order", text=key, actions=("cancel",)), at=AT)
    store.issues.resolve(1, resolution="cancel", by="me", at=AT)

    (row,) = house.get("issues").json["items"]
    assert (row["id"], row["choices"], row["status"]) == ("2", ["cancel"], "open")
    assert house.get("issues/2").json == row
    assert [row["status"] for row in house.get("issues?status=all").json["items"]] == ["open", "resolved"]


def test_reports_are_shown_the_newest_first(house: House, store: Store) -> None:
    for number in range(3):
        store.reports.add(at=AT, trigger=f"run {number}", took_ms=1, findings=[{"kind": "matched"}], detail={})

    first = house.get("reconciliations?limit=2").json

    assert [row["why"] for row in first["items"]] == ["run 2", "run 1"]
    assert [row["why"] for row in house.get(f"reconciliations?before={first['next']}").json["items"]] == ["run 0"]


def order(leg: str, **fields: Any) -> dict[str, Any]:
    row = {
        "order_id": leg,
        "instrument": "BTC-PERPETUAL",
        "leg": leg,
        "is_dormant": False,
        "amount": "10",
        "filled_amount": "0",
        "price": None,
        "trigger_price": "60000",
        "state": "untriggered",
        "updated_at": 1,
    }
    return {**row, **fields}


def test_a_position_shows_the_stop_that_rests_and_not_the_one_that_was_planned(house: House) -> None:
    position = {"instrument": "BTC-PERPETUAL", "side": "buy", "amount": "10", "mark_price": "1"}
    orders = {
        "stop": order("stop"),
        "sleeping": order("target", is_dormant=True),
        "other": order("stop", instrument="ETH-PERPETUAL"),
    }
    house.shows(
        positions={"BTC-PERPETUAL": position}, orders=orders, tickers={"BTC-PERPETUAL": {"mark": "64000", "at": 1}}
    )

    (row,) = house.get("positions").json["items"]

    assert [stop["trigger_price"] for stop in row["stops"]] == ["60000"]
    assert row["targets"] == []
    assert row["mark_price"] == "64000"


def test_a_strategy_is_shown_with_its_trades_and_the_signals_it_was_refused(house: House) -> None:
    house.shows(
        strategies={"a": strategy_row("a", 1)},
        brackets={"b": {"bracket_id": "b", "strategy": "a"}, "c": {"bracket_id": "c", "strategy": "z"}},
        refusals=({"strategy": "a", "code": "halted"}, {"strategy": "z", "code": "halted"}),
    )

    found = house.get("strategies/a").json

    assert [trade["bracket_id"] for trade in found["trades"]] == ["b"]
    assert len(found["refusals"]) == 1
    assert [row["name"] for row in house.get("strategies").json["items"]] == ["a"]


def candle(instrument: str) -> Candle:
    price, at = Decimal(1), Milliseconds(NOW - 60_000)
    return Candle(
        instrument=InstrumentName(instrument),
        minutes=1,
        opened_at=at,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=price,
    )


def test_candles_are_asked_of_an_instrument_that_is_traded_or_watched(house: House) -> None:
    house.settings["strategies"] = {"a": {"strategy": "fasttest", "instrument": "ETH-PERPETUAL", "autostart": True}}
    house.shows(candles={"BTC-PERPETUAL": (candle("BTC-PERPETUAL"),)}, tickers={"SOL_USDC-PERPETUAL": {}})

    assert [len(house.get(f"candles{asked}").json["items"]) for asked in ("", "?instrument=BTC-PERPETUAL")] == [1, 1]
    assert house.get("candles?instrument=ETH-PERPETUAL").json["items"] == [], "of the file, nothing came yet"
    assert house.get("candles?instrument=SOL_USDC-PERPETUAL").json["items"] == []
    assert house.get("candles?instrument=NOPE").error["reason"] == (
        "must be one of BTC-PERPETUAL, ETH-PERPETUAL, SOL_USDC-PERPETUAL"
    )

    house.shows(candles={name: (candle(name),) for name in ("BTC-PERPETUAL", "ETH-PERPETUAL")})
    assert house.get("candles").error["field"] == "instrument", "which of the two?"


def test_the_equity_curve_adds_up_what_closed_trades_made(house: House, store: Store) -> None:
    for signal, net in (("1", "0.1"), ("2", "-0.03")):
        closed(store, signal, net)

    curve = house.get("equity").json["closed_trades"]["BTC"]

    assert [point["total"] for point in curve] == ["0.1", "0.07"]


def test_the_status_tells_the_whole_in_one_answer(house: House) -> None:
    house.is_well()
    house.shows(halt={"reason": "news", "by": "me", "since": 1}, scores={"orphans": 0})

    found = house.get("status").json

    assert found["mode"] == "paper"
    assert found["halt"]["reason"] == "news"
    assert found["scoreboard"] == {"orphans": 0}
    assert found["broker"]["is_up"] is True
    assert found["status"] == "degraded"
    assert found["broker"] == house.get("broker/active").json


def test_settings_are_shown_as_they_were_given(house: House) -> None:
    found = house.get("settings").json

    now = found.pop("now")
    assert found == house.settings
    assert (now["auto_reconnect"], now["language"], now["broker"]) == (False, None, "embedded")
    assert set(now["notifications"].values()) == {"on"}
    risk = {"mode": "percent", "value": "1", "leverage": None, "notional": None, "chosen": False}
    assert house.get("risk-settings").json == risk


def _floats(value: object) -> Any:
    """Every float that is not a whole number: money must never be one."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _floats(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _floats(inner)
    elif isinstance(value, float):
        yield value
