"""Everything that only looks: the board for what is now, the store for what was."""

from collections.abc import Callable
from typing import Any, Final

import bottle

from actors.journal import event_row
from actors.journal_board import Picture
from persistence.brackets import Trade, Which
from trading.values import BracketId, plain
from webui import health, views
from webui.answers import LIST_MAX, json_answer, listed, missing, number, query, wrong
from webui.parts import Parts
from webui.stream import Streams

PAGE_SIZE: Final = 50
CURVE_MAX: Final = 2_000  # closed trades in an equity curve
_ID_MAX: Final = 10**17
_PAGED: Final = {"limit": None, "before": None}


def mount(app: bottle.Bottle, api: str, parts: Parts, streams: Streams) -> None:
    """Put every address of this module into the application."""
    look = Look(parts, streams)
    addresses: dict[str, Callable[..., Any]] = {
        "status": look.status,
        "strategies": look.strategies,
        "strategies/<name>": look.strategy,
        "trades": look.trades,
        "trades/<name>": look.trade,
        "orders": look.orders,
        "positions": look.positions,
        "events": look.events,
        "issues": look.issues,
        "issues/<name>": look.issue,
        "reconciliations": look.reconciliations,
        "broker/active": look.broker,
        "risk-settings": look.risk,
        "settings": look.settings,
        "equity": look.equity,
    }
    for path, handler in addresses.items():
        app.get(f"{api}/{path}", callback=handler)


class Look:
    """Answers that change nothing."""

    def __init__(self, parts: Parts, streams: Streams) -> None:
        self._parts, self._streams = parts, streams

    @property
    def _picture(self) -> Picture:
        return self._parts.board.picture

    def status(self) -> bottle.HTTPResponse:
        query({})
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

    def strategies(self) -> bottle.HTTPResponse:
        query({})
        return json_answer(listed([row for _, row in sorted(self._picture.strategies.items())]))

    def strategy(self, name: str) -> bottle.HTTPResponse:
        picture = self._picture
        row = picture.strategies.get(name)
        if row is None:
            raise missing("strategy", name)
        trades = [bracket for bracket in picture.brackets.values() if bracket["strategy"] == name]
        refusals = [refusal for refusal in reversed(picture.refusals) if refusal["strategy"] == name]
        return json_answer({**row, "trades": trades, "refusals": refusals})

    def trades(self) -> bottle.HTTPResponse:
        found = query({"status": None, "strategy": None, **_PAGED})
        limit, before = _page(found)
        which = None
        if "status" in found:
            try:
                which = Which(found["status"])
            except ValueError:
                raise wrong("status", f"must be one of {', '.join(Which)}") from None
        page = self._parts.store.trades(which=which, strategy=found.get("strategy"), limit=limit, before=before)
        return json_answer(listed([views.trade_row(trade) for trade in page.items], page.next))

    def trade(self, name: str) -> bottle.HTTPResponse:
        story = self._parts.store.trade(BracketId(name))
        if story is None:
            raise missing("trade", name)
        return json_answer(views.story_row(story))

    def orders(self) -> bottle.HTTPResponse:
        query({})
        rows = sorted(self._picture.orders.values(), key=lambda row: (row["instrument"], row["updated_at"]))
        return json_answer(listed(rows))

    def positions(self) -> bottle.HTTPResponse:
        query({})
        return json_answer(listed(views.position_rows(self._picture)))

    def events(self) -> bottle.HTTPResponse:
        found = query({"kind": None, "subject": None, **_PAGED})
        limit, before = _page(found)
        rows = self._parts.store.events.newest(
            limit=limit + 1, before=before, kind=found.get("kind"), subject=found.get("subject")
        )
        shown = [event_row(event) for event in rows[:limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > limit else None))

    def issues(self) -> bottle.HTTPResponse:
        found = query({"status": None, **_PAGED})
        limit, before = _page(found)
        status = found.get("status", "open")
        if status == "open":
            return json_answer(listed([views.issue_row(issue) for issue in self._parts.store.issues.still_open()]))
        if status != "all":
            raise wrong("status", "must be one of open, all")
        rows = self._parts.store.issues.newest(limit=limit + 1, before=before)
        shown = [views.issue_row(issue) for issue in rows[:limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > limit else None))

    def issue(self, name: str) -> bottle.HTTPResponse:
        issue = self._parts.store.issues.get(int(name)) if is_number(name) else None
        if issue is None:
            raise missing("issue", name)
        return json_answer(views.issue_row(issue))

    def reconciliations(self) -> bottle.HTTPResponse:
        limit, before = _page(query(_PAGED))
        rows = self._parts.store.reports.newest(limit=limit + 1, before=before)
        shown = [views.report_row(report) for report in rows[:limit]]
        return json_answer(listed(shown, shown[-1]["id"] if len(rows) > limit else None))

    def broker(self) -> bottle.HTTPResponse:
        query({})
        return json_answer(self._broker())

    def risk(self) -> bottle.HTTPResponse:
        query({})
        return json_answer(self._parts.about.settings.get("risk", {}))

    def settings(self) -> bottle.HTTPResponse:
        query({})
        return json_answer(self._parts.about.settings)

    def equity(self) -> bottle.HTTPResponse:
        """What closed trades made, one curve for each coin, and what the account is worth now."""
        query({})
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
            "is_up": link.is_up,
            "is_wanted": health.is_wanted(self._parts),
            "reason": link.reason,
            "since": link.since_ms,
            "last_message_s": None if fact is None else fact.age_s(now),
        }


def is_number(text: str) -> bool:
    """Whether this can be the id of a row."""
    return text.isascii() and text.isdigit() and int(text[:20]) < _ID_MAX


def _page(found: dict[str, str]) -> tuple[int, int | None]:
    limit = number(found, "limit", least=1, most=LIST_MAX, default=PAGE_SIZE)
    assert limit is not None
    return limit, number(found, "before", least=1, most=_ID_MAX)
