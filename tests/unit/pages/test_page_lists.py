"""Lists: filtered, paged without a gap, and the same as a file that a spreadsheet takes as it is."""

import csv
import io

from persistence.steps import Figures
from persistence.store import Store
from tests.unit.pages.filled import AT, fill_house
from tests.unit.pages.reading import Read
from tests.unit.persistence.made import Life
from tests.unit.webui.house import OPERATE, House
from trading.bracket import Phase
from trading.pnl import TradePnl
from trading.values import Currency, StrategyName, exact
from webui.pages import lists, trades, words


def closed(store: Store, number: int, **fields: str) -> str:
    """A trade that is over."""
    life = Life(store, f"s{number}", strategy=StrategyName(fields.get("strategy", "ema")), reason=fields.get("why", ""))
    life.begins()
    life.becomes("closed", phase=Phase.CLOSED)
    net = exact("-0.00000000000000000123")
    zero = exact("0")
    pnl = TradePnl(currency=Currency("BTC"), gross=net, fees=zero, funding=zero, estimated=False)
    store.steps.settle(life.plan.bracket_id, Figures(pnl=pnl))
    return life.plan.bracket_id


def followed(house: House, path: str, prefix: str) -> list[str]:
    """The ids of the rows on every page, by the links a person would press."""
    seen: list[str] = []
    for _ in range(20):
        page = Read(house.get(path, OPERATE).body.decode())
        seen += [each["id"].removeprefix(prefix) for each in page.having("id") if each["id"].startswith(prefix)]
        older = [each["href"] for each in page.having("href") if "before=" in each["href"]]
        if not older:
            return seen
        path = older[0]
    raise AssertionError("no end")


def test_trades_are_paged_without_a_gap(house: House, store: Store) -> None:
    ids = [closed(store, number) for number in range(trades.PAGE * 2 + 1)]

    assert followed(house, "/trades?status=closed", "t-") == ids[::-1]


def test_an_open_trade_has_the_price_of_its_fills(house: House) -> None:
    fill_house(house)

    shown = house.get("/trades?status=open", OPERATE).body.decode()

    assert words.price("65000.5") in shown


def test_trades_are_found_by_strategy_and_status(house: House, store: Store) -> None:
    mine = closed(store, 1, strategy="mine")
    closed(store, 2)

    assert followed(house, "/trades?strategy=mine&status=closed", "t-") == [mine]
    assert followed(house, "/trades?strategy=mine&status=open", "t-") == []
    assert followed(house, "/trades?status=nonsense&before=x", "t-") != []


def test_the_file_holds_the_exact_figures_and_no_formula(house: House, store: Store) -> None:
    closed(store, 1, why='=HYPERLINK("http://example.org")')

    reply = house.get("/trades.csv", OPERATE)
    (row,) = csv.DictReader(io.StringIO(reply.body.decode()))

    assert row["net"] == "-0.00000000000000000123"
    assert row["why"].startswith("'=")
    assert reply.headers["Content-Disposition"].startswith("attachment")


def test_the_log_is_searched_by_words_whatever_their_case(house: House, store: Store) -> None:
    for number in range(lists.EVENTS * 2 + 1):
        store.events.add("alert", "disk", f"Halted {number}", at=AT)
        store.events.add("step", "other", "quiet", at=AT)

    assert len(followed(house, "/events?q=hALTED", "e-")) == lists.EVENTS * 2 + 1
    assert followed(house, "/events?q=nothing+of+it", "e-") == []
    assert len(set(followed(house, "/events", "e-"))) == 2 * (lists.EVENTS * 2 + 1)


def test_comparisons_are_paged_without_a_gap(house: House, store: Store) -> None:
    for number in range(lists.REPORTS + 3):
        store.reports.add(at=AT, trigger=str(number), took_ms=1, findings=[], detail={})

    assert len(set(followed(house, "/reconcile", "c-"))) == lists.REPORTS + 3


def test_a_trade_is_told_from_signal_to_exit_in_the_order_it_happened(house: House) -> None:
    names = fill_house(house)

    page = Read(house.get(f"/trades/{names['trade']}", OPERATE).body.decode()).text

    order = [page.index(word) for word in ("Signal", "Intent", "Fill")]
    assert order == sorted(order)
    assert "on disk before it left" in page


def test_an_open_first_page_follows_and_a_later_or_searched_one_stands_still(house: House) -> None:
    def follows(path: str, region: str) -> bool:
        page = Read(house.get(path, OPERATE).body.decode())
        (found,) = page.having("data-region", region)
        return "data-on" in found or "data-slowly" in found

    assert follows("/trades", "trades_list")
    assert not follows("/trades?before=5", "trades_list")
    assert follows("/events", "events_list")
    assert not follows("/events?q=x", "events_list")
