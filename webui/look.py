"""Everything that only looks: the board for what is now, the store for what was."""

from typing import Any, Final

import bottle

from actors.journal import event_row
from actors.journal_board import Picture
from persistence.brackets import Trade, Which
from trading.values import BracketId, plain
from webui import health, views
from webui.answers import json_answer, listed, missing, wrong
from webui.bodies import (
    ID_MAX,
    LIST_MAX,
    CandlesQuery,
    EventsQuery,
    IssuesQuery,
    NoQuery,
    PageQuery,
    TradesQuery,
)
from webui.chosen import Chosen
from webui.parts import Parts
from webui.stream import Streams

CURVE_MAX: Final = 2_000  # closed trades in an equity curve


class Look:
    """Answers that change nothing."""

    def __init__(self, parts: Parts, streams: Streams, chosen: Chosen) -> None:
        self._parts, self._streams, self._chosen = parts, streams, chosen

    @property
    def _picture(self) -> Picture:
        return self._parts.board.picture

    def status(self, _asked: NoQuery) -> bottle.HTTPResponse:
        picture, about = self._picture, self._parts.about
        examined = health.examine(self._parts)
        return json_answer(
            {
                "status": examined["status"],
                "reasons": examined["reasons"],
                "mode": about.mode,
                "version": about.version,
                "worker": about.worker,
                "account": about.account,
                "started_at": about.started_at,
                "now": self._parts.clock.now_ms(),
                "broker": self._broker(),
                "reconciled": picture.reconciled,
                "progress": examined["progress"],
                "halt": picture.halt,
                "scoreboard": picture.scores,
                "strategies": health.count_strategies(picture),
                "positions": len(picture.positions),
                "orders": len(picture.orders),
                "trades_open": len(picture.brackets),
                "issues": len(picture.issues),
                "funds": list(picture.funds.values()),
                "tickers": list(picture.tickers.values()),
                "last_report": picture.last_report,
                "alerts": list(reversed(picture.alerts)),
                "refusals": list(reversed(picture.refusals)),
                "streams": self._streams.open_now,
            }
        )

    def strategies(self, _asked: NoQuery) -> bottle.HTTPResponse:
        return json_answer(listed([row for _, row in sorted(self._picture.strategies.items())]))

    def strategy(self, _asked: NoQuery, name: str) -> bottle.HTTPResponse:
        picture = self._picture
        row = picture.strategies.get(name)
        if row is None:
            raise missing("strategy", name)
        trades = [bracket for bracket in picture.brackets.values() if bracket["strategy"] == name]
        refusals = [refusal for refusal in reversed(picture.refusals) if refusal["strategy"] == name]
        return json_answer({**row, "trades": trades, "refusals": refusals})

    def trades(self, asked: TradesQuery) -> bottle.HTTPResponse:
        page = self._parts.store.trades(
            which=asked.status, strategy=asked.strategy, limit=asked.limit, before=asked.before
        )
        return json_answer(listed([views.trade_row(trade) for trade in page.items], page.next))

    def trade(self, _asked: NoQuery, name: str) -> bottle.HTTPResponse:
        story = self._parts.store.trade(BracketId(name))
        if story is None:
            raise missing("trade", name)
        return json_answer(views.story_row(story))

    def orders(self, _asked: NoQuery) -> bottle.HTTPResponse:
        rows = sorted(self._picture.orders.values(), key=lambda row: (row["instrument"], row["updated_at"]))
        return json_answer(listed(rows))

    def positions(self, _asked: NoQuery) -> bottle.HTTPResponse:
        return json_answer(listed(views.position_rows(self._picture)))

    def events(self, asked: EventsQuery) -> bottle.HTTPResponse:
        rows = self._parts.store.events.newest(
            limit=asked.limit + 1, before=asked.before, kind=asked.kind, subject=asked.subject, words=asked.q
        )
        shown = [event_row(event) for event in rows[: asked.limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > asked.limit else None))

    def issues(self, asked: IssuesQuery) -> bottle.HTTPResponse:
        if asked.status == "open":
            return json_answer(listed([views.issue_row(issue) for issue in self._parts.store.issues.still_open()]))
        rows = self._parts.store.issues.newest(limit=asked.limit + 1, before=asked.before)
        shown = [views.issue_row(issue) for issue in rows[: asked.limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > asked.limit else None))

    def issue(self, _asked: NoQuery, name: str) -> bottle.HTTPResponse:
        issue = self._parts.store.issues.get(int(name)) if is_number(name) else None
        if issue is None:
            raise missing("issue", name)
        return json_answer(views.issue_row(issue))

    def reconciliations(self, asked: PageQuery) -> bottle.HTTPResponse:
        rows = self._parts.store.reports.newest(limit=asked.limit + 1, before=asked.before)
        shown = [views.report_row(report) for report in rows[: asked.limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > asked.limit else None))

    def broker(self, _asked: NoQuery) -> bottle.HTTPResponse:
        return json_answer(self._broker())

    def risk(self, _asked: NoQuery) -> bottle.HTTPResponse:
        return json_answer(self._chosen.risk())

    def settings(self, _asked: NoQuery) -> bottle.HTTPResponse:
        return json_answer(self._chosen.settings())

    def candles(self, asked: CandlesQuery) -> bottle.HTTPResponse:
        """The newest closed candles, the oldest first."""
        picture = self._picture
        known = picture.candles
        there_are = {*known, *picture.tickers, *picture.positions, *self._chosen.instruments()}
        is_clear = len(known) <= 1 if asked.instrument is None else asked.instrument in there_are
        if not is_clear:
            raise wrong("instrument", f"must be one of {', '.join(sorted(there_are)) or 'nothing yet'}")
        candles = known.get(asked.instrument or next(iter(known), ""), ())
        return json_answer(listed([views.candle_row(candle) for candle in candles[-asked.limit :]]))

    def equity(self, _asked: NoQuery) -> bottle.HTTPResponse:
        """What closed trades made, one curve for each coin, and what the account is worth now."""
        curves: dict[str, list[dict[str, Any]]] = {}
        totals: dict[str, Any] = {}
        for trade in self._closed():
            pnl = trade.pnl
            if pnl is not None and trade.closed_at is not None:
                totals[pnl.currency] = totals.get(pnl.currency, 0) + pnl.net
                point = {"at": trade.closed_at, "net": plain(pnl.net), "total": plain(totals[pnl.currency])}
                curves.setdefault(pnl.currency, []).append(point)
        return json_answer({"funds": list(self._picture.funds.values()), "closed_trades": curves})

    def _closed(self) -> list[Trade]:
        """The closed trades, the one that ended first first."""
        found: list[Trade] = []
        before: int | None = None
        while len(found) < CURVE_MAX:
            page = self._parts.store.trades(which=Which.CLOSED, limit=LIST_MAX, before=before)
            found += page.items
            before = page.next
            if before is None:
                break
        return sorted(found, key=lambda trade: (trade.closed_at or 0, trade.seq))

    def _broker(self) -> dict[str, Any]:
        link, fact = self._picture.connection, self._picture.fact
        now = self._parts.clock.monotonic_ms()
        return {
            **self._parts.about.broker,
            "auto_reconnect": self._chosen.auto_reconnect(),
            "is_up": link.is_up,
            "is_wanted": health.is_wanted(self._parts),
            "reason": link.reason,
            "since": link.since_ms,
            "last_message_s": None if fact is None else fact.age_s(now),
        }


def is_number(text: str) -> bool:
    """Whether this can be the id of a row."""
    return text.isascii() and text.isdigit() and int(text[:20]) < ID_MAX
