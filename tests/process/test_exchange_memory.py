"""An exchange remembers: whatever it has answered is still true after a kill and a new start in the same directory."""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from exchange import journal as journal_module
from exchange.changes import Changes
from exchange.clock import Moment
from exchange.journal import Journal
from exchange.market import Market
from exchange.recording import replay
from exchange.records import Counters, Row, Wallet
from exchange.remembered import JOURNAL, SNAPSHOT
from exchange.request_log import FILE, RotatingFile
from tests.process.exchange_client import DEADLINE_S, Client, Exchange, Start, eventually

pytestmark = pytest.mark.process

PERPETUAL = "BTC-PERPETUAL"


def picture(exchange: Exchange) -> dict[str, Any]:
    """What an account holder can see and would miss."""
    with exchange.connect() as client:
        client.login()
        orders = {
            order["order_id"]: (order["order_state"], order["amount"], order.get("filled_amount"), order["label"])
            for order in client.call("private/get_open_orders")
        }
        positions = {
            position["instrument_name"]: (position["size"], position["average_price"])
            for position in client.call("private/get_positions")
            if position["size"]
        }
        trades = client.call("private/get_user_trades_by_currency", currency="BTC", count=1000, sorting="asc")
        log = client.call(
            "private/get_transaction_log", currency="BTC", start_timestamp=0, end_timestamp=4_000_000_000_000, count=250
        )
        return {
            "orders": orders,
            "positions": positions,
            "trades": [
                (trade["trade_id"], trade["price"], trade["amount"], trade["fee"]) for trade in trades["trades"]
            ],
            "log": sorted((row["id"], row["type"], row["change"]) for row in log["logs"]),
        }


def trade_a_little(client: Client) -> list[str]:
    """Orders of several kinds; returns the ids of those that rest."""
    client.login()
    mark = client.call("public/ticker", instrument_name=PERPETUAL)["mark_price"]
    far = int(mark * Decimal("0.995"))
    common: dict[str, Any] = {"instrument_name": PERPETUAL, "amount": 100}
    client.call("private/buy", **common, type="market", label="entry")
    resting = client.call("private/buy", **common, type="limit", price=far, label="resting")
    stop = client.call(
        "private/sell",
        **common,
        type="stop_market",
        trigger="mark_price",
        trigger_price=int(mark * Decimal("0.9")),
        reduce_only=True,
        label="stop",
    )
    client.call("private/buy", **common, type="limit", price=far - 10, label="gone")
    client.call("private/cancel_by_label", label="gone")
    return [resting["order"]["order_id"], stop["order"]["order_id"]]


def hold_prices(exchange: Exchange) -> None:
    exchange.post("/admin/price", {"instrument_name": PERPETUAL, "price": 64000, "hold": True})


def test_a_kill_loses_nothing_that_was_answered(start: Start, tmp_path: Path) -> None:
    first = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    hold_prices(first)
    with first.connect() as client:
        resting = trade_a_little(client)
    before = picture(first)
    first.kill()

    second = start("--admin", "--quiet", "--data-dir", str(tmp_path))

    assert set(resting) <= set(before["orders"])
    assert before["positions"]
    assert picture(second) == before


def test_an_order_answered_just_before_the_kill_is_there_afterwards(start: Start, tmp_path: Path) -> None:
    """Each kill comes at the very moment the reply has come."""
    placed: list[str] = []
    for attempt in range(4):
        exchange = start("--admin", "--quiet", "--data-dir", str(tmp_path))
        with exchange.connect() as client:
            client.login()
            shown = {order["order_id"] for order in client.call("private/get_open_orders")}
            assert set(placed) <= shown
            for number in range(4):
                answer = client.call(
                    "private/buy",
                    instrument_name=PERPETUAL,
                    amount=10,
                    type="limit",
                    price=63500 - number,
                    label=str(attempt),
                )
                placed.append(answer["order"]["order_id"])
            exchange.kill()

    assert len(set(placed)) == len(placed) == 16, "an order id was given twice"


def test_a_dormant_bracket_survives_and_its_children_come_alive_afterwards(start: Start, tmp_path: Path) -> None:
    first = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    hold_prices(first)
    with first.connect() as client:
        client.login()
        leg: dict[str, Any] = {"direction": "sell", "amount": 100, "reduce_only": True}
        client.call(
            "private/buy",
            instrument_name=PERPETUAL,
            amount=100,
            type="limit",
            price=63800,
            label="entry",
            linked_order_type="one_triggers_one_cancels_other",
            trigger_fill_condition="incremental",
            otoco_config=[
                leg | {"type": "stop_market", "trigger": "mark_price", "trigger_price": 62000, "label": "stop"},
                leg | {"type": "limit", "price": 66000, "label": "target"},
            ],
        )
    first.kill()

    second = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    second.post("/admin/price", {"instrument_name": PERPETUAL, "price": 63700, "hold": True})
    with second.connect() as client:
        client.login()

        def legs() -> bool:
            live = client.call("private/get_open_orders")
            return {"stop", "target"} == {order["label"] for order in live if order["order_state"] != "cancelled"}

        eventually(legs, "stop and target are live")


def test_an_orderly_stop_and_a_new_start_keep_everything_and_ids_go_on(start: Start, tmp_path: Path) -> None:
    first = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    hold_prices(first)
    with first.connect() as client:
        ids = trade_a_little(client)
    before = picture(first)
    assert first.stop() == 0

    second = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    assert picture(second) == before
    with second.connect() as client:
        assert not set(trade_a_little(client)) & set(ids)


def test_prices_and_time_go_on_from_where_they_stood(start: Start, tmp_path: Path) -> None:
    first = start("--admin", "--quiet", "--data-dir", str(tmp_path), "--speed", "50")
    first.post("/admin/price", {"instrument_name": PERPETUAL, "price": 50000, "hold": True})
    first.post("/admin/clock", {"skip_ms": 3_600_000})
    with first.connect() as client:
        before_ms = client.call("public/get_time")
    first.kill()

    second = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    with second.connect() as client:
        assert client.call("public/get_time") >= before_ms
        mark = client.call("public/ticker", instrument_name=PERPETUAL)["mark_price"]
    assert abs(mark / 50000 - 1) < Decimal("0.02")


def test_a_torn_last_line_is_ignored_and_a_torn_middle_is_refused(start: Start, tmp_path: Path) -> None:
    first = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    hold_prices(first)
    with first.connect() as client:
        trade_a_little(client)
    before = picture(first)
    first.kill()
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'[{"row":"order","account":"ma')

    second = start("--admin", "--quiet", "--data-dir", str(tmp_path))
    assert picture(second) == before
    second.kill()
    lines = (tmp_path / SNAPSHOT).read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:20] + b"\n"
    (tmp_path / SNAPSHOT).write_bytes(b"".join(lines))

    with pytest.raises(AssertionError, match=r"snapshot\.jsonl is damaged in line 3"):
        start("--data-dir", str(tmp_path))


def test_a_journal_of_another_generation_is_ignored(start: Start, tmp_path: Path) -> None:
    """A kill between the new snapshot and the new journal leaves such a pair; the snapshot has it all."""
    first = start("--quiet", "--data-dir", str(tmp_path))
    with first.connect() as client:
        trade_a_little(client)
    first.kill()
    old = (tmp_path / JOURNAL).read_bytes()
    second = start("--quiet", "--data-dir", str(tmp_path))
    with second.connect() as client:
        client.login().call("private/cancel_all")
    assert second.stop() == 0
    (tmp_path / JOURNAL).write_bytes(old)

    third = start("--quiet", "--data-dir", str(tmp_path))
    assert picture(third)["orders"] == {}, "orders that were cancelled came back"


def test_fresh_starts_over_and_sets_the_old_files_aside(start: Start, tmp_path: Path) -> None:
    first = start("--quiet", "--data-dir", str(tmp_path))
    with first.connect() as client:
        trade_a_little(client)
    first.stop()

    second = start("--quiet", "--data-dir", str(tmp_path), "--fresh")

    seen = picture(second)
    assert (seen["orders"], seen["positions"], seen["trades"]) == ({}, {}, [])
    kept = sorted(path.name.split(".")[0] for path in tmp_path.glob("*.jsonl.*"))
    assert kept == ["journal", "snapshot"]


def test_two_exchanges_never_share_a_directory(start: Start, tmp_path: Path) -> None:
    first = start("--quiet", "--data-dir", str(tmp_path))

    with pytest.raises(
        AssertionError, match=f"another exchange \\(process {first.process.pid} {first.ws_url}\\) is using"
    ):
        start("--quiet", "--data-dir", str(tmp_path))

    with first.connect() as client:
        assert client.call("public/get_time")
    first.kill()
    start("--quiet", "--data-dir", str(tmp_path))


def place_without_end(client: Client, acknowledged: list[str]) -> None:
    while True:
        answer = client.call("private/buy", instrument_name=PERPETUAL, amount=10, type="limit", price=63500)
        acknowledged.append(answer["order"]["order_id"])
        client.call("private/cancel", order_id=acknowledged[-1])


def test_a_full_disk_stops_trading_and_nothing_unwritten_is_acknowledged(
    start: Start, tmp_path: Path, no_credits: str
) -> None:
    """A limit on the size of files stands in for the full disk: writing past it fails the same way."""
    exchange = start("--admin", "--quiet", "--settings", no_credits, "--data-dir", str(tmp_path), file_blocks_max=96)
    acknowledged: list[str] = []
    with exchange.connect() as client:
        client.login()
        with pytest.raises(ConnectionClosed) as broken_off:
            place_without_end(client, acknowledged)
    assert broken_off.value.rcvd is None, "the reply that could not be written down must not be replaced by words"

    eventually(lambda: "cannot write in" in exchange.output(), "it says so")
    exchange.kill()
    assert acknowledged
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.jsonl")).decode()
    assert [order_id for order_id in acknowledged if f'"{order_id}"' not in written] == []


class Purse:
    """The least that a journal can be the memory of."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.markets: dict[str, Market] = {}
        self.wallet = Wallet(account="main", currency="BTC")

    def image(self) -> Iterator[Row]:
        yield self.wallet

    def receive(self, amount: int) -> Changes:
        self.wallet.balance = Decimal(amount)
        changes = Changes()
        changes.wallets["main", "BTC"] = self.wallet
        return changes


def test_the_journal_is_renewed_when_it_gets_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "JOURNAL_BYTES_MAX", 2000)
    purse = Purse()
    journal = Journal(tmp_path, pytest.fail)
    journal.begin(purse, lambda: Moment(wall_ms=1, now_ms=1))
    for number in range(1, 101):
        journal.record(purse.receive(number))
        journal.tick()
    size = (tmp_path / JOURNAL).stat().st_size
    journal.close()

    assert size < 4000
    again = Journal(tmp_path, pytest.fail)
    assert [row.balance for row in again.load() if isinstance(row, Wallet)] == [Decimal(100)]
    again.close()


@pytest.mark.parametrize(
    ("speed", "down_ms", "resumed_ms"),
    [(1.0, 300, 5_000_300), (1.0, 86_400_000, 87_400_000), (50.0, 300, 5_015_000), (50.0, 9_000, 5_100_000)],
    ids=["skipped ahead", "the wall has overtaken it", "fast, just killed", "fast, killed a while ago"],
)
def test_time_goes_on_after_all_that_may_have_been_told(speed: float, down_ms: int, resumed_ms: int) -> None:
    """The last moment was noted at wall time 1 000 000, when the exchange showed 5 000 000."""
    moment = Moment(wall_ms=1_000_000, now_ms=5_000_000, speed=speed)

    assert moment.resumed_ms(1_000_000 + down_ms) == resumed_ms


def test_a_record_of_what_came_in_makes_the_same_run_again(start: Start, tmp_path: Path) -> None:
    exchange = start("--admin", "--quiet", "--record", str(tmp_path / "record.jsonl"))
    with exchange.connect() as client:
        trade_a_little(client)
        shown = {order["order_id"] for order in client.call("private/get_open_orders")}
    assert exchange.stop() == 0

    again = replay(tmp_path / "record.jsonl")

    assert {order.order_id for order in again.engine.open_orders(again.engine.accounts["main"])} == shown


def test_what_it_keeps_is_for_its_owner_alone(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    usual = os.umask(0o022)
    try:
        exchange = start("--data-dir", str(folder))
    finally:
        os.umask(usual)
    with exchange.connect() as client:
        trade_a_little(client)
    assert exchange.stop() == 0

    rights = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert rights.pop("exchange") == 0o700
    assert len(rights) >= 4
    assert set(rights.values()) == {0o600}, rights


def test_a_log_that_others_could_read_is_taken_back(tmp_path: Path) -> None:
    for name in (FILE, f"{FILE}.1"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)

    RotatingFile(tmp_path).write("private/buy\n")

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_requests_are_logged_readably_and_without_secrets(start: Start, tmp_path: Path) -> None:
    exchange = start("--data-dir", str(tmp_path))
    with exchange.connect() as client:
        client.login()
        client.call("private/buy", instrument_name=PERPETUAL, amount=10, type="limit", price=63500, label="seen")
        token = client.call("public/auth", grant_type="client_credentials", client_id="paper", client_secret="paper")
    exchange.get("/api/v2/private/get_positions", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert exchange.stop() == 0

    log = (tmp_path / "requests.log").read_text()
    printed = exchange.process.stdout and exchange.output()
    assert "private/buy BTC-PERPETUAL limit amount=10 price=63500 label=seen -> ok" in log
    assert "paper " in log
    assert "client_secret" not in log
    assert token["access_token"] not in log
    assert token["refresh_token"] not in log
    eventually(lambda: "label=seen" in exchange.output(), "the same is printed", DEADLINE_S)
    assert printed is not None
    assert json.dumps(token["access_token"]) not in exchange.output()
