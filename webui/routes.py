"""Every address of the API in one table: what it is for, what it takes, what it answers, who may.

The application is mounted from this table, and the document of the API is written from it, so neither can know of an
address that the other does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import bottle
from msgspec import Struct

from persistence.access import Scope
from webui import bodies, shapes, shapes_trading
from webui.answers import body_as, query_as
from webui.bodies import NoQuery, Nothing
from webui.look import Look
from webui.operate import PLAIN, STRATEGY_VERBS, Operate
from webui.settle import Settle

API: Final = "/api/v2"

Handler = Callable[..., bottle.HTTPResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Whose methods answer."""

    look: Look
    operate: Operate
    settle: Settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address with one method. ``takes`` is the query of a GET and the body of anything else."""

    method: str
    path: str
    about: str
    takes: type[Struct]
    answers: Any
    handler: Callable[[Rooms], Handler]

    @property
    def scope(self) -> Scope:
        """Who may: to look is for everybody with a key."""
        return Scope.OBSERVE if self.method == "GET" else Scope.OPERATE


def _get(path: str, about: str, answers: Any, handler: Callable[[Rooms], Handler], takes: type[Struct]) -> Route:
    return Route(method="GET", path=path, about=about, takes=takes, answers=answers, handler=handler)


def _list(path: str, about: str, row: Any, handler: Callable[[Rooms], Handler], takes: type[Struct] = NoQuery) -> Route:
    return _get(path, about, shapes.Listed[row], handler, takes)


def _do(
    path: str,
    about: str,
    handler: Callable[[Rooms], Handler],
    takes: type[Struct] = Nothing,
    *,
    method: str = "POST",
    answers: Any = shapes.Done,
) -> Route:
    return Route(method=method, path=path, about=about, takes=takes, answers=answers, handler=handler)


LOOKING: Final = (
    _get("status", "Everything at a glance.", shapes.Status, lambda to: to.look.status, NoQuery),
    _list("strategies", "Every strategy: state, why, last decision.", shapes.Strategy, lambda to: to.look.strategies),
    _get("strategies/{id}", "One strategy.", shapes.StrategyWhole, lambda to: to.look.strategy, NoQuery),
    _list("trades", "Trades, the newest first.", shapes_trading.Trade, lambda to: to.look.trades, bodies.TradesQuery),
    _get("trades/{id}", "One trade with its timeline.", shapes_trading.TradeWhole, lambda to: to.look.trade, NoQuery),
    _list(
        "orders",
        "Orders that rest or wait, as the exchange reported them.",
        shapes_trading.Order,
        lambda to: to.look.orders,
    ),
    _list("positions", "Positions with what rests to end them.", shapes_trading.Position, lambda to: to.look.positions),
    _list(
        "events",
        "What happened, the newest first.",
        shapes_trading.Event,
        lambda to: to.look.events,
        bodies.EventsQuery,
    ),
    _list("issues", "What needs a person.", shapes.Issue, lambda to: to.look.issues, bodies.IssuesQuery),
    _get("issues/{id}", "One issue.", shapes.Issue, lambda to: to.look.issue, NoQuery),
    _list(
        "reconciliations",
        "Comparisons of database and exchange, the newest first.",
        shapes.Report,
        lambda to: to.look.reconciliations,
        bodies.PageQuery,
    ),
    _list("brokers", "The brokers there are.", shapes.Broker, lambda to: to.settle.brokers),
    _get("broker/active", "The active broker and its connection.", shapes.Link, lambda to: to.look.broker, NoQuery),
    _get("risk-settings", "What a trade may lose.", shapes.Risk, lambda to: to.look.risk, NoQuery),
    _get("settings", "The settings, without secrets.", shapes.Settings, lambda to: to.look.settings, NoQuery),
    _list(
        "candles",
        "Closed candles, the oldest first.",
        shapes_trading.Candle,
        lambda to: to.look.candles,
        bodies.CandlesQuery,
    ),
    _get("equity", "What closed trades made, and funds.", shapes_trading.Equity, lambda to: to.look.equity, NoQuery),
    _list("backups", "Copies of the database.", shapes.Backup, lambda to: to.settle.backups),
)

_VERBS: Final = {
    "start": "Let a strategy trade.",
    "pause": "Open nothing new; its trade stays managed.",
    "resume": "Go on after a pause or an error.",
    "stop": "End the strategy and leave its trade protected.",
    "close": "Close its trade at market.",
}
_PLAIN: Final = {
    "broker/connect": "Connect.",
    "broker/disconnect": "Disconnect, and stay so; what rests on the exchange stays.",
    "reconcile": "Compare database and exchange now.",
    "unhalt": "Lift the HALT.",
    "alerts/acknowledge": "The alerts told so far are read.",
}


def _verb(verb: str) -> Route:
    return _do(f"strategies/{{id}}/{verb}", _VERBS[verb], lambda to: to.operate.strategy(verb))


def _plain(path: str) -> Route:
    return _do(path, _PLAIN[path], lambda to: to.operate.plain(path))


OPERATING: Final = (
    *(_verb(verb) for verb in STRATEGY_VERBS),
    *(_plain(path) for path in PLAIN),
    _do("halt", "Open nothing anywhere.", lambda to: to.operate.halt, bodies.HaltBody),
    _do("panic", "HALT, cancel entries, close all of ours.", lambda to: to.operate.panic, bodies.PanicBody),
    _do(
        "broker/reconnect",
        "Connect again; with `resume`, go on.",
        lambda to: to.operate.reconnect,
        bodies.ReconnectBody,
    ),
    _do("issues/{id}/resolve", "Choose what becomes of it.", lambda to: to.operate.resolve, bodies.ResolveBody),
    _do(
        "strategies/{id}",
        "Change parameters of a strategy that is not in a trade.",
        lambda to: to.settle.parameters,
        bodies.ParametersBody,
        method="PATCH",
    ),
    _do("risk-settings", "Size the next trades by this.", lambda to: to.settle.risk, bodies.RiskBody),
    _do("settings", "Change what can be changed while it runs.", lambda to: to.settle.settings, bodies.SettingsBody),
    _do(
        "broker/active",
        "Trade elsewhere: disconnected, with nothing open; the service begins anew.",
        lambda to: to.settle.switch,
        bodies.SwitchBody,
    ),
    _do(
        "broker/test",
        "Log in once with a key and say what it may do.",
        lambda to: to.settle.try_key,
        bodies.TrialBody,
        answers=shapes.Trial,
    ),
    *(
        _do("brokers/{id}/credentials", "Keep a key.", lambda to: to.settle.put_key, bodies.KeyBody, method=method)
        for method in ("PUT", "POST")
    ),
    _do(
        "brokers/{id}/credentials",
        "Forget the key.",
        lambda to: to.settle.drop_key,
        bodies.ConfirmBody,
        method="DELETE",
    ),
    _do(
        "notifications/test",
        "Send a test message by Telegram, now; 409 with the reason when it did not arrive.",
        lambda to: to.settle.try_message,
    ),
    _do("backups", "Copy the database.", lambda to: to.settle.make_backup, answers=shapes.Backup),
)

ROUTES: Final = (*LOOKING, *OPERATING)


def mount(app: bottle.Bottle, rooms: Rooms) -> None:
    """Put every route into the application."""
    for route in ROUTES:
        path = f"{API}/{route.path.replace('{id}', '<name>')}"
        app.route(path, method=route.method, callback=_taking(route, route.handler(rooms)), scope=route.scope)


def _taking(route: Route, handler: Handler) -> Handler:
    """Read what the request brings, before anything is done about it."""
    read = query_as if route.method == "GET" else body_as

    def answer(**places: str) -> bottle.HTTPResponse:
        return handler(read(route.takes), **places)

    return answer
