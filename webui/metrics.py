"""The figures Prometheus collects: read from the board and the tree at the moment somebody asks, kept nowhere else.

docs/metrics.md says what each means; a test holds the two together. Labels are names from the settings or words of
ours, never ids: however long it runs, there are no more of them.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final

import bottle
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from actors.journal_board import Picture
from actors.measures import Measures
from persistence.errors import StoreUnavailable
from supervisor.health import TreeState
from trading.lifecycle import State
from trading.messages.supervision import Phase
from trading.values import Side
from webui.parts import Parts
from webui.stream import Streams

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Counts:
    """How many requests were answered, by the kind of the answer. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_class: Counter[str] = Counter()

    def answered(self, status: int) -> None:
        """Count one."""
        with self._lock:
            self._by_class[f"{status // 100}xx"] += 1

    def by_class(self) -> dict[str, int]:
        """Give all counts."""
        with self._lock:
            return dict(self._by_class)


def registry(parts: Parts, streams: Streams, counts: Counts) -> CollectorRegistry:
    """Make a registry of our own, so that two services in one process do not mix."""
    made = CollectorRegistry(auto_describe=False)
    ProcessCollector(namespace="tradebaas", registry=made)
    made.register(_Figures(parts, streams, counts))
    return made


def answer(made: CollectorRegistry) -> bottle.HTTPResponse:
    """Answer `/metrics`."""
    return bottle.HTTPResponse(generate_latest(made), 200, {"Content-Type": CONTENT_TYPE})


class _Figures(Collector):
    """Everything there is to say, new at every question."""

    def __init__(self, parts: Parts, streams: Streams, counts: Counts) -> None:
        self._parts, self._streams, self._counts = parts, streams, counts

    def collect(self) -> Iterator[Metric]:
        about, picture = self._parts.about, self._parts.board.picture
        build = {"version": about.version, "mode": about.mode, "worker": about.worker}
        yield InfoMetricFamily("tradebaas_build", "What runs here.", value=build)
        yield _gauge("tradebaas_start_timestamp_seconds", "When the process started.", about.started_at / 1000)
        yield from _trading(picture)
        yield from _money(self._parts, picture)
        yield from _latencies(self._parts.measures)
        yield from _tree(self._parts.tree())
        requests = CounterMetricFamily("tradebaas_http_requests", "Requests answered.", labels=["status"])
        for status, count in sorted(self._counts.by_class().items()):
            requests.add_metric([status], count)
        yield requests
        yield _gauge("tradebaas_streams_open", "Event streams open now.", self._streams.open_now)
        dropped = "Event streams dropped because they did not keep up."
        yield CounterMetricFamily("tradebaas_streams_dropped", dropped, value=self._parts.subscribers.dropped)


def _trading(picture: Picture) -> Iterator[Metric]:
    yield _gauge("tradebaas_broker_connected", "1 while the connection is up.", picture.connection.is_up)
    yield _gauge("tradebaas_broker_wanted", "1 while the connection is wanted.", picture.connection.is_wanted)
    yield _gauge("tradebaas_reconciled", "1 once database and exchange were compared.", picture.reconciled)
    yield _gauge("tradebaas_halted", "1 while HALT holds.", picture.halt is not None)
    yield _gauge("tradebaas_issues_open", "Findings that need a person.", len(picture.issues))
    yield _gauge("tradebaas_brackets_open", "Brackets that are not over.", len(picture.brackets))
    yield _gauge("tradebaas_positions_open", "Positions that are not flat.", len(picture.positions))
    yield _gauge("tradebaas_orders_working", "Orders that rest or wait.", len(picture.orders))
    yield _gauge("tradebaas_events_unsaved", "Events the database did not take.", picture.unsaved)
    for name, beat, text in (
        ("tick", picture.tick, "When the last price came."),
        ("candle", picture.candle, "When the last closed candle came."),
        ("reconcile", picture.reconcile, "When database and exchange were last compared."),
        ("fact", picture.fact, "When anything last came from the exchange."),
    ):
        if beat is not None:
            yield _gauge(f"tradebaas_last_{name}_timestamp_seconds", text, beat.at_ms / 1000)
    scores = GaugeMetricFamily("tradebaas_score", "The promises; all should be 0.", labels=["score"])
    for score, value in sorted(picture.scores.items()):
        scores.add_metric([score], value)
    yield scores
    states = GaugeMetricFamily("tradebaas_strategies", "Strategies in each state.", labels=["state"])
    for state in State:
        states.add_metric([state.value], sum(row["state"] == state.value for row in picture.strategies.values()))
    yield states
    events = CounterMetricFamily("tradebaas_events", "Events written since the start.", labels=["kind"])
    for kind, count in sorted(picture.events.items()):
        events.add_metric([kind], count)
    yield events


def _money(parts: Parts, picture: Picture) -> Iterator[Metric]:
    """In coins, as floats: to be drawn, not to be reckoned with."""
    for name, text in {"equity": "What the account is worth.", "available": "What is free for new orders."}.items():
        funds = GaugeMetricFamily(f"tradebaas_account_{name}_coins", text, labels=["currency"])
        for currency, row in sorted(picture.funds.items()):
            funds.add_metric([currency], float(row[name]))
        yield funds
    held = GaugeMetricFamily("tradebaas_position_amount", "What is held; short is negative.", labels=["instrument"])
    for instrument, row in sorted(picture.positions.items()):
        held.add_metric([instrument], float(row["amount"]) * (1 if row["side"] == Side.BUY.value else -1))
    yield held
    closed = CounterMetricFamily(
        "tradebaas_trades_closed", "Trades closed since the database was made.", labels=["currency"]
    )
    made = GaugeMetricFamily(
        "tradebaas_profit_realized_coins", "What closed trades made, fees paid.", labels=["currency"]
    )
    try:
        for total in parts.store.brackets.totals():
            closed.add_metric([total.currency], total.trades)
            made.add_metric([total.currency], total.net)
    except StoreUnavailable:
        return  # an absent figure says that it is not known; a zero would lie
    yield from (closed, made)


def _latencies(measures: Measures | None) -> Iterator[Metric]:
    if measures is None:
        return
    for name, text, histogram in (
        ("tick_to_order", "From a price on the socket to the bracket's order on the socket.", measures.tick_to_order),
        ("order_round_trip", "From an order, edit or cancel to its answer.", measures.round_trip),
        ("commit", "One step of a bracket, until it is on disk.", measures.commit),
    ):
        family = HistogramMetricFamily(f"tradebaas_{name}_seconds", text)
        family.add_metric([], buckets=histogram.buckets(), sum_value=histogram.total_s)
        yield family
    left = GaugeMetricFamily("tradebaas_credits_left", "Requests the exchange would take now.", labels=["pool"])
    for pool, count in sorted(measures.credits().items()):
        left.add_metric([pool], count)
    yield left


def _tree(tree: TreeState) -> Iterator[Metric]:
    up = GaugeMetricFamily("tradebaas_actor_up", "1 while the actor runs.", labels=["actor"])
    waiting = GaugeMetricFamily("tradebaas_actor_inbox_messages", "Messages that wait.", labels=["actor"])
    oldest = GaugeMetricFamily("tradebaas_actor_inbox_oldest_seconds", "How long the oldest waits.", labels=["actor"])
    handled = CounterMetricFamily("tradebaas_actor_handled", "Messages handled by this incarnation.", labels=["actor"])
    restarts = CounterMetricFamily("tradebaas_actor_restarts", "Restarts since the start.", labels=["actor"])
    lost = CounterMetricFamily("tradebaas_actor_lost", "Messages told while it was not there.", labels=["actor"])
    for child in tree.children:
        up.add_metric([child.id], float(child.phase is Phase.RUNNING))
        waiting.add_metric([child.id], child.pulse.inbox_depth)
        oldest.add_metric([child.id], (child.pulse.oldest_ms or 0) / 1000)
        handled.add_metric([child.id], child.pulse.handled)
        restarts.add_metric([child.id], child.restarts)
        lost.add_metric([child.id], child.lost)
    yield from (up, waiting, oldest, handled, restarts, lost)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
