"""What can be asked without changing anything: from the board for what is now, from the store for what was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from decimal import Decimal
from typing import Any, Final

from actors.clock import Clock
from actors.journal_board import Board, Picture
from persistence.brackets import Trade, Which
from persistence.store import Store
from tradebaas.telegram import words
from tradebaas.telegram.commands import help_text
from trading.news import lasted
from trading.values import Milliseconds

DAY_MS: Final = 86_400_000
DAYS_MAX: Final = 400
LOG_MAX: Final = 50
TRADES_MAX: Final = 2_000  # looked through for a sum; past it, that is said
PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is fixed for the life of the process."""

    mode: str
    version: str
    worker: str
    broker: str
    started_at: int
    zone: tzinfo = UTC


class Look:
    """Answers that change nothing. Used by one thread at a time; a store that cannot be read raises `Unavailable`."""

    def __init__(
        self,
        *,
        facts: Facts,
        board: Board,
        store: Store,
        clock: Clock,
        health: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        """``health`` examines the service as `/health` does."""
        self._facts, self._board, self._store, self._clock, self._health = facts, board, store, clock, health

    @property
    def _picture(self) -> Picture:
        return self._board.picture

    def status(self) -> str:
        """All of it at a glance."""
        picture, facts, now = self._picture, self._facts, self._clock.now_ms()
        states = [row["state"] for row in picture.strategies.values()]
        alerts = self._store.outbox.insisting()
        lines = [
            f"{facts.mode.upper()}, worker {facts.worker}, up for {lasted(now - facts.started_at)}",
            self._link(),
            "HALT: " + str(picture.halt["reason"]) if picture.halt is not None else "not halted",
            "strategies: " + (", ".join(f"{states.count(one)} {one}" for one in sorted(set(states))) or "none"),
            f"{len(picture.positions)} positions, {len(picture.orders)} orders, {len(picture.brackets)} open trades",
            f"{len(picture.issues)} issues wait for you, {len(alerts)} alerts for /ack",
            *(
                f"account: {row['equity']} {row['currency']}, {row['available']} free"
                for row in picture.funds.values()
                if Decimal(row["equity"])
            ),
        ]
        broken = {name: value for name, value in picture.scores.items() if value}
        lines.append("promises: " + (", ".join(f"{name} {value}" for name, value in broken.items()) or "all kept"))
        return "\n".join(lines)

    def positions(self) -> str:
        """What is held."""
        picture, now = self._picture, self._clock.now_ms()
        by_instrument = {row["instrument"]: row for row in picture.brackets.values()}
        rows = (
            words.position(row, picture.orders.values(), by_instrument.get(name), picture.tickers.get(name), now)
            for name, row in sorted(picture.positions.items())
        )
        return words.listed("Positions" + self._stale(), rows, "nothing is held")

    def orders(self) -> str:
        """What rests."""
        rows = sorted(self._picture.orders.values(), key=lambda row: (row["instrument"], row["updated_at"]))
        return words.listed("Orders" + self._stale(), map(words.order, rows), "nothing rests on the exchange")

    def strategies(self) -> str:
        """Each strategy."""
        now = self._clock.now_ms()
        rows = (words.strategy(row, now) for _, row in sorted(self._picture.strategies.items()))
        return words.listed("Strategies", rows, "there are none")

    def names(self) -> tuple[str, ...]:
        """What the strategies are called."""
        return tuple(sorted(self._picture.strategies))

    def issues(self) -> str:
        """What needs a person."""
        zone = self._facts.zone
        rows = (
            f"{issue.finding.instrument or ''} {issue.finding.kind} since {words.moment(issue.opened_at, zone)}:"
            f" {issue.finding.text}"
            for issue in self._store.issues.still_open()
        )
        return words.listed("Issues; decide on the page", rows, "nothing waits for your decision")

    def pnl(self, days: int | None = None) -> str:
        """What closed trades made."""
        now = self._clock.now_ms()
        spans = (1, 7, 30) if days is None else (min(max(days, 1), DAYS_MAX),)
        closed, is_all = self._closed(now - max(spans) * DAY_MS)
        lines = []
        for span in spans:
            since = now - span * DAY_MS
            lines.append(f"{span} d: {words.results(_nets(closed, since, now))}")
        if not is_all:
            lines.append(f"only the newest {TRADES_MAX} trades were counted")
        return words.listed("Result of closed trades, fees and funding included", lines, "")

    def log(self, lines: int | None = None) -> str:
        """The newest events."""
        zone = self._facts.zone
        events = self._store.events.newest(limit=min(max(lines or 10, 1), LOG_MAX))
        rows = (f"{words.moment(event.at, zone)} {event.kind} {event.subject}: {event.text}" for event in events)
        return words.listed("Events, the newest first", rows, "nothing has happened yet")

    def health(self) -> str:
        """Whether it does what it is for."""
        if self._health is None:
            return "nobody can say"
        seen = self._health()
        progress = seen["progress"]
        ages = [f"{name.removesuffix('_s').replace('_', ' ')}: {_age(progress[name])}" for name in _AGES]
        reasons = [f"{'FAILS' if each['fails'] else 'note'}: {each['sentence']}" for each in seen["reasons"]]
        database = f"database: {seen['services']['database']}"
        return "\n".join([f"Health: {seen['status']}", self._link(), database, *ages, *reasons])

    def version(self) -> str:
        """Which version runs."""
        facts = self._facts
        since = words.moment(facts.started_at, facts.zone)
        return f"Tradebaas {facts.version}\n{facts.mode}, {facts.broker}, worker {facts.worker}, since {since}"

    def help(self) -> str:
        """Every command."""
        return help_text()

    def daily(self) -> str:
        """The last 24 hours."""
        now = Milliseconds(self._clock.now_ms())
        return self.summary(None, Milliseconds(now - DAY_MS), now)

    def summary(self, day: date | None, since: Milliseconds, until: Milliseconds) -> str:
        """What happened between two moments, and how things are now: the daily summary, also of a quiet day."""
        picture, facts = self._picture, self._facts
        closed, _ = self._closed(since)
        nets = _nets(closed, since, until)
        head = "The last 24 hours" if day is None else f"Daily summary, {day.isoformat()}"
        lines = [
            f"{head}: {facts.mode.upper()}, worker {facts.worker}",
            words.results(nets),
            *words.extremes(nets),
            self._link(),
            "HALT: " + str(picture.halt["reason"]) if picture.halt is not None else "not halted",
            *(
                f"account: {row['equity']} {row['currency']}"
                for row in picture.funds.values()
                if Decimal(row["equity"])
            ),
            f"{len(picture.positions)} positions, {len(picture.orders)} orders",
            *(f"{row['name']}: {row['state']}" for _, row in sorted(picture.strategies.items())),
            f"{len(picture.issues)} issues wait for you, {len(self._store.outbox.insisting())} alerts for /ack",
        ]
        gap = until - since - DAY_MS
        if gap > DAY_MS // 2:
            lines.append(f"this covers {lasted(until - since)}: nothing was told in between")
        return "\n".join(lines)

    def _link(self) -> str:
        link, fact = self._picture.connection, self._picture.fact
        if not link.is_up:
            return f"NOT connected to {self._facts.broker}: {link.reason}"
        age = "" if fact is None else f", last message {_age(fact.age_s(self._clock.monotonic_ms()))} ago"
        compared = "" if self._picture.reconciled else ", not compared yet"
        return f"connected to {self._facts.broker}{age}{compared}"

    def _stale(self) -> str:
        """What stands here is as old as the connection: said in the heading."""
        return "" if self._picture.connection.is_up else " as last seen: NOT connected"

    def _closed(self, since: int) -> tuple[list[Trade], bool]:
        """Closed trades back to a moment; False when there were too many to count them all.

        The list is by beginning: a whole page that ended before is taken for the end of what can matter.
        """
        found: list[Trade] = []
        before: int | None = None
        while len(found) < TRADES_MAX:
            page = self._store.trades(which=Which.CLOSED, limit=PAGE, before=before)
            found += page.items
            before = page.next
            if before is None or all((trade.closed_at or 0) < since for trade in page.items):
                return found, True
        return found, False


_AGES: Final = ("last_tick_s", "last_candle_s", "last_reconcile_s")


def _nets(trades: list[Trade], since: int, until: int) -> list[tuple[str, Decimal]]:
    return [
        (trade.pnl.currency, trade.pnl.net)
        for trade in trades
        if trade.pnl is not None and trade.closed_at is not None and since <= trade.closed_at < until
    ]


def _age(seconds: float | None) -> str:
    return "never" if seconds is None else lasted(int(seconds * 1000))
