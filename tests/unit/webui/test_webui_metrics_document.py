"""docs/metrics.md lists every figure, and Prometheus's own checker finds nothing wrong with their names."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from actors.journal_board import Beat
from actors.journal_rows import strategy_row
from actors.measures import KEPT_MAX, Measures
from persistence.store import Store
from tests.unit.persistence.made import Life
from tests.unit.webui.house import House

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"
BEGIN, END = "<!-- made by a test: begin -->", "<!-- made by a test: end -->"
LABELS_MAX = 40
"""Series of one figure: names from the settings and words of ours; more would be ids."""


def full(store: Store) -> House:
    """A house in which every figure has something to say."""
    Life(store).begins()
    with store.together():
        store._database.sql("UPDATE brackets SET phase = 'closed', net = '0.5'")
    house = House(store)
    house.is_well()
    measures = Measures(lambda: 0.0)
    measures.credits = lambda: {"matching": 16}
    object.__setattr__(house.parts, "measures", measures)
    beat = Beat(at_ms=1, monotonic_ms=1)
    house.shows(
        strategies={"a": strategy_row("a", 1)},
        scores={"orphans": 0},
        funds={"BTC": {"equity": "1.5", "available": "1"}},
        positions={"BTC-PERPETUAL": {"amount": "10", "side": "sell", "mark_price": "1", "instrument": "BTC-PERPETUAL"}},
        events={"alert": 3},
        tick=beat,
        candle=beat,
        reconcile=beat,
        fact=beat,
    )
    house.get("/health")
    return house


def families(house: House) -> list[Metric]:
    return list(text_string_to_metric_families(house.get("/metrics").body.decode()))


def table(found: Iterable[Metric]) -> str:
    lines = ["| name | kind | labels | what it says |", "| --- | --- | --- | --- |"]
    for family in sorted(found, key=lambda family: family.name):
        total = "_total" if family.type == "counter" and not family.name.endswith("_total") else ""
        labels = sorted({f"`{label}`" for sample in family.samples for label in sample.labels if label != "le"})
        lines.append(f"| `{family.name}{total}` | {family.type} | {', '.join(labels)} | {family.documentation} |")
    return "\n".join(lines)


def test_the_document_lists_what_there_is(store: Store) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    wanted = table(families(full(store)))

    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == wanted, f"put this there:\n{wanted}"


def test_every_series_is_few(store: Store) -> None:
    for family in families(full(store)):
        assert len(family.samples) <= LABELS_MAX, family.name


def test_names_follow_the_custom(store: Store) -> None:
    """`promtool` comes with Debian's package prometheus."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here")
    done = subprocess.run(
        [program, "check", "metrics"], input=full(store).get("/metrics").body, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_latencies_are_measured_from_price_to_order_and_from_order_to_answer() -> None:
    now = [0.0]
    measures = Measures(lambda: now[0])
    measures.tick_came("BTC-PERPETUAL", 1)
    now[0] = 0.002
    measures.signalled("wprpfwnxwcba5rnz", "BTC-PERPETUAL", 1)
    measures.order_left(7, "tb1:me:w1:a:wprpfwnxwcba5rnz:e0")
    now[0] = 0.5
    measures.order_answered(7)
    measures.order_answered(7)
    measures.order_left(8, "tb1:me:w1:a:wprpfwnxwcba5rnz:s0")
    measures.order_answered(9)

    assert (sum(measures.tick_to_order.counts), measures.tick_to_order.total_s) == (1, 0.002)
    assert (sum(measures.round_trip.counts), measures.round_trip.total_s) == (1, 0.498)
    assert dict(measures.tick_to_order.buckets())["0.002"] == 1
    assert dict(measures.tick_to_order.buckets())["0.0015"] == 0


def test_what_nothing_comes_of_is_let_go() -> None:
    measures = Measures(lambda: 0.0)
    for number in range(KEPT_MAX * 2):
        measures.tick_came("X", number)
        measures.signalled(str(number), "X", number)
        measures.order_left(number, None)

    kept = (measures._ticks, measures._signals, measures._requests)
    assert [len(each) for each in kept] == [KEPT_MAX] * 3
