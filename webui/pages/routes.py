"""Where each view is, and what every answer of the page has in common."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import bottle
import msgspec

from persistence.errors import StoreUnavailable
from webui import sessions
from webui.answers import header
from webui.chosen import Chosen
from webui.gate import current
from webui.pages import assets, render
from webui.pages.asking import Asking, Region, query_of_page
from webui.pages.doors import Doors
from webui.pages.figures import Curves
from webui.pages.lists import Lists
from webui.pages.login import LANGUAGE_COOKIE, language
from webui.pages.overview import Overview
from webui.pages.settings import SettingsView
from webui.pages.strategies import Strategies
from webui.pages.texts import TABLES, Words
from webui.pages.top import Top
from webui.pages.trades import Story, Trades
from webui.parts import Parts
from webui.stream import Streams

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REGIONS_HEADER: Final = "X-Regions"
_YEAR_S: Final = 31_536_000
_SPOKEN: Final = (
    "stale", "stale_why", "fresh", "done", "refused", "not_known", "not_known_why", "asking", "type_word", "logged_out",
    "confirm", "cancel", "busy", "reload", "too_many", "unreachable", "saved", "kept", "key_may",
    "key_lacks", "key_exceeds", "unit_s", "unit_min", "unit_h",
    "unit_d",
)  # fmt: skip
"""What the script says by itself."""

KINDS: Final = (
    "alert", "bracket_changed", "child_changed", "child_crowded", "child_failed", "close_wanted", "command",
    "connection_changed", "entry_ended", "fill", "fill_seen", "funds", "halt_changed", "issue_opened", "issue_resolved",
    "label_asked", "messages_lost", "old_incarnation_spoke", "order_changed", "order_seen", "parameters_changed",
    "pictured", "position_changed", "reconciled", "reduced", "request_done", "request_refused", "request_unknown",
    "risk_changed", "scoreboard", "service_stopped", "settings_changed", "signal_refused", "step", "strategy_decided",
    "strategy_status_changed", "ticker", "time_passed", "trade_closed", "trade_opened", "trade_quarantined",
    "trade_released",
)  # fmt: skip
"""The events a page listens to; a stream has no way to ask for all of them."""


def mount(app: bottle.Bottle, parts: Parts, streams: Streams) -> None:
    """Put the page into the application."""
    del streams  # the script opens the stream by its address
    pages = Pages(app, parts)
    addresses: dict[str, Callable[..., bottle.HTTPResponse]] = {
        "/": pages.overview,
        "/strategies": pages.strategies,
        "/strategies/<name:path>": pages.strategy,
        "/trades": pages.trades,
        "/trades.csv": pages.export,
        "/trades/<name:path>": pages.trade,
        "/orders": pages.orders,
        "/events": pages.events,
        "/reconcile": pages.reconcile,
        "/issues": pages.issues,
        "/settings": pages.settings,
        "/static/<name>": assets.serve,
    }
    for path, handler in addresses.items():
        app.get(path, callback=handler)


class Pages:
    """One method for each view."""

    def __init__(self, app: bottle.Bottle, parts: Parts) -> None:
        self._parts, self._doors, self._curves = parts, Doors(app), Curves(parts)
        self._chosen = Chosen(parts)

    def overview(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "overview", Overview(asking, self._curves).regions())

    def strategies(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "strategies", Strategies(asking).regions())

    def strategy(self, name: str) -> bottle.HTTPResponse:
        asking = self._asking()
        if name not in self._parts.board.picture.strategies:
            return _nothing(asking, "strategies", name)
        return _answer(asking, "strategy", Strategies(asking).regions_of(name), {"name": name}, title=name)

    def trades(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "trades", Trades(asking).regions())

    def export(self) -> bottle.HTTPResponse:
        asking = self._asking()
        day = datetime.fromtimestamp(asking.now / 1000, UTC).strftime("%Y-%m-%d")
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="trades-{day}.csv"',
            "Cache-Control": "no-store",
        }
        return bottle.HTTPResponse(Trades(asking).csv(), 200, headers)

    def trade(self, name: str) -> bottle.HTTPResponse:
        asking = self._asking()
        story = Story(asking, name)
        if not story.is_known():
            return _nothing(asking, "trades", name)
        return _answer(asking, "trade", story.regions(), {"name": name}, title=name)

    def orders(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "orders", Lists(asking).orders())

    def events(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "events", Lists(asking).events())

    def reconcile(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "reconcile", Lists(asking).reports())

    def issues(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "issues_view", Lists(asking).issues(), nav="issues")

    def settings(self) -> bottle.HTTPResponse:
        asking = self._asking()
        return _answer(asking, "settings", SettingsView(asking).regions())

    def _language_for_all(self) -> str | None:
        try:
            return self._chosen.language()
        except StoreUnavailable:
            return None

    def _asking(self) -> Asking:
        query = query_of_page()
        chosen = query.pop("lang", "")
        if chosen in TABLES:
            raise _in_language(chosen, query)
        return Asking(
            parts=self._parts,
            who=current(),
            t=Words(language(self._language_for_all())),
            doors=self._doors,
            csrf=sessions.csrf(),
            now=self._parts.clock.now_ms(),
            path=bottle.request.path,
            query=query,
        )


def _answer(
    asking: Asking,
    view: str,
    regions: Sequence[Region],
    filled: Mapping[str, Any] | None = None,
    *,
    title: str = "",
    nav: str = "",
    status: int = 200,
) -> bottle.HTTPResponse:
    """Draw the whole view, or the regions the script asks for."""
    top = Top(asking)
    wanted = header(REGIONS_HEADER)
    if wanted is not None:
        return html(render.regions(asking, [*top.regions(), *regions], wanted))
    inside = render.whole(asking, view, regions, filled or {})
    frame = {
        "inside": inside,
        "title": title or asking.t(f"nav.{nav or view}"),
        "view": nav or view,
        "nav": {"strategy": "strategies", "trade": "trades"}.get(view, nav or view),
        "csrf": asking.csrf,
        "path": asking.path,
        "query": urlencode(asking.query),
        "mode": asking.parts.about.mode,
        "language": asking.t.language,
        "languages": sorted(TABLES),
        "kinds": " ".join(KINDS),
        "spoken": msgspec.json.encode({key: asking.t(f"spoken.{key}") for key in _SPOKEN}).decode(),
        "stamped": assets.stamped,
        "top": {one.name: render.region(asking, one) for one in top.regions()},
        "version": asking.parts.about.version,
        "who": asking.who.name,
        "tone": top.tone(),
    }
    return html(render.piece(asking, "frame", **frame), status)


def _nothing(asking: Asking, view: str, name: str) -> bottle.HTTPResponse:
    """Say that there is no such thing, in the same frame as everything."""
    title = asking.t("nothing.title")
    return _answer(asking, "nothing", [], {"name": name, "back": view}, title=title, nav=view, status=404)


def html(text: str, status: int = 200) -> bottle.HTTPResponse:
    """Answer with a page that nobody may keep, and that may load nothing from elsewhere."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
        "Vary": REGIONS_HEADER,
    }
    return bottle.HTTPResponse(text, status, headers)


def _in_language(chosen: str, query: Mapping[str, str]) -> bottle.HTTPResponse:
    """Keep the language that was chosen, and go on to the same page."""
    path = bottle.request.path + (f"?{urlencode(query)}" if query else "")
    answer = bottle.HTTPResponse("", 303, {"Location": path, "Cache-Control": "no-store"})
    set_cookie = functools.partial(answer.set_cookie, path="/", max_age=_YEAR_S, samesite="strict")
    set_cookie(LANGUAGE_COOKIE, chosen)
    return answer
