"""One table: every method of Deribit that matters for perpetuals, with requests that succeed and requests that do not.

Parameters that depend on what is on the exchange are functions of the lived-in desk (`scene.Scene`).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.schema.scene import BTC, USDC, Scene

Params = dict[str, Any] | Callable[[Scene], dict[str, Any]]


NONE: Final[dict[str, Any]] = {}


class Case(NamedTuple):
    """One request. `codes`: the answers that are right; empty = a result."""

    method: str
    params: Params = NONE
    codes: tuple[int, ...] = ()
    key: str | None = "paper"  # who asks; None: nobody is logged in; "stranger": nobody yet


def _order(**more: Any) -> Params:
    return lambda scene: {"instrument_name": BTC, "amount": 10, "price": scene.low(BTC), "label": "table", **more}


def _trigger(kind: str, **more: Any) -> Params:
    def params(scene: Scene) -> dict[str, Any]:
        given = {"instrument_name": BTC, "amount": 10, "type": kind, "trigger": "mark_price", "label": "table"}
        if kind == "trailing_stop":
            return {**given, "trigger_offset": 100, **more}
        if kind.endswith("limit"):
            given["price"] = scene.high(BTC)
        return {**given, "trigger_price": scene.high(BTC) if "stop" in kind else scene.low(BTC), **more}

    return params


def _linked(kind: str, **more: Any) -> Params:
    def params(scene: Scene) -> dict[str, Any]:
        leg = {"amount": 10, "direction": "sell", "reduce_only": True}
        stop = {**leg, "type": "stop_market", "trigger": "mark_price", "trigger_price": scene.low(BTC), "label": "sl"}
        take = {**leg, "type": "limit", "price": scene.high(BTC), "label": "tp"}
        legs = [stop, take] if kind == "one_triggers_one_cancels_other" else [take]
        given = {"instrument_name": BTC, "amount": 10, "price": scene.low(BTC), "label": "linked"}
        return {**given, "linked_order_type": kind, "otoco_config": legs, **more}

    return params


def _window(scene: Scene) -> dict[str, Any]:
    return {"start_timestamp": scene.start_ms - 7_200_000, "end_timestamp": scene.now_ms}


def _of_instrument(scene: Scene) -> dict[str, Any]:
    return {"instrument_name": BTC, **_window(scene)}


def _of_currency(scene: Scene) -> dict[str, Any]:
    return {"currency": "BTC", **_window(scene)}


PUBLIC: Final = (
    Case("public/test", key=None),
    Case("public/hello", {"client_name": "desk", "client_version": "1"}, key=None),
    Case("public/get_time", key=None),
    Case("public/status", key=None),
    Case("public/get_announcements", key=None),
    Case("public/get_currencies", key=None),
    Case("public/get_instruments", {"currency": "BTC", "kind": "future"}, key=None),
    Case("public/get_instruments", {"currency": "USDC"}, key=None),
    Case("public/get_instruments", {"currency": "any"}, key=None),
    Case("public/get_instruments", key=None),
    Case("public/get_instrument", {"instrument_name": BTC}, key=None),
    Case("public/get_instrument", {"instrument_name": USDC}, key=None),
    Case("public/get_contract_size", {"instrument_name": BTC}, key=None),
    Case("public/get_index_price", {"index_name": "btc_usd"}, key=None),
    Case("public/get_index_price_names", key=None),
    Case("public/ticker", {"instrument_name": BTC}, key=None),
    Case("public/ticker", {"instrument_name": USDC}, key=None),
    *(Case("public/get_order_book", {"instrument_name": BTC, "depth": n}, key=None) for n in (1, 5, 10, 20, 50, 1000)),
    Case("public/get_order_book", {"instrument_name": USDC}, key=None),
    Case("public/get_book_summary_by_currency", {"currency": "BTC"}, key=None),
    Case("public/get_book_summary_by_currency", {"currency": "USDC", "kind": "future"}, key=None),
    Case("public/get_book_summary_by_instrument", {"instrument_name": BTC}, key=None),
    Case("public/get_last_trades_by_instrument", {"instrument_name": BTC, "count": 20}, key=None),
    Case("public/get_last_trades_by_instrument_and_time", _of_instrument, key=None),
    Case("public/get_last_trades_by_currency", {"currency": "USDC"}, key=None),
    Case("public/get_last_trades_by_currency_and_time", _of_currency, key=None),
    *(
        Case("public/get_tradingview_chart_data", lambda s, r=r: {**_of_instrument(s), "resolution": r}, key=None)  # type: ignore[misc]
        for r in ("1", "3", "5", "10", "15", "30", "60", "120", "180", "360", "720", "1D")
    ),
    Case("public/get_funding_rate_history", _of_instrument, key=None),
    Case("public/get_funding_rate_value", _of_instrument, key=None),
    Case("public/get_funding_chart_data", {"instrument_name": BTC, "length": "8h"}, key=None),
    Case("public/subscribe", {"channels": [f"ticker.{BTC}.100ms"]}, key=None),
    Case("public/unsubscribe", {"channels": [f"ticker.{BTC}.100ms"]}, key=None),
    Case("public/unsubscribe_all", key=None),
    Case("public/set_heartbeat", {"interval": 30}, key=None),
    Case("public/disable_heartbeat", key=None),
    Case(
        "public/auth",
        {"grant_type": "client_credentials", "client_id": "paper", "client_secret": "paper", "state": "x"},
        key="stranger",
    ),
)

ORDERS: Final = (
    Case("private/buy", _order()),
    Case("private/buy", _order(post_only=True, reject_post_only=True, time_in_force="good_til_day")),
    Case("private/buy", _order(time_in_force="immediate_or_cancel")),
    Case("private/buy", _order(time_in_force="fill_or_kill")),
    Case("private/buy", _order(amount=20_000, display_amount=1_000)),
    Case("private/buy", {"instrument_name": BTC, "amount": 10, "type": "market"}),
    Case("private/buy", {"instrument_name": BTC, "contracts": 1, "type": "market_limit"}),
    Case("private/sell", {"instrument_name": USDC, "amount": 0.001, "type": "market"}),
    *(Case("private/buy", _trigger(kind)) for kind in ("stop_market", "stop_limit", "take_market", "take_limit")),
    Case("private/buy", _trigger("trailing_stop")),
    Case("private/buy", _linked("one_triggers_other")),
    Case("private/buy", _linked("one_cancels_other")),
    Case("private/buy", _linked("one_triggers_one_cancels_other")),
    Case("private/buy", _linked("one_triggers_one_cancels_other", trigger_fill_condition="incremental")),
    Case("private/edit", lambda s: {"order_id": s.resting(), "amount": 20, "price": s.low(BTC)}),
    Case("private/edit", lambda s: {"order_id": s.stop(), "amount": 10, "trigger_price": s.low(BTC) - 1}),
    Case("private/edit_by_label", lambda s: {"label": s.labelled(), "instrument_name": BTC, "amount": 30}),
    Case("private/cancel", lambda s: {"order_id": s.resting()}),
    Case("private/cancel", lambda s: {"order_id": s.stop()}),
    Case("private/cancel_by_label", lambda s: {"label": s.labelled()}),
    Case("private/cancel_all_by_instrument", {"instrument_name": BTC, "type": "limit"}),
    Case("private/cancel_all_by_currency", {"currency": "USDC"}),
    Case("private/cancel_all_by_kind_or_type", {"currency": "any", "type": "trigger_all"}),
    Case("private/cancel_all"),
    Case("private/close_position", lambda s: {"instrument_name": s.held(), "type": "market"}),
    Case("private/close_position", lambda s: {"instrument_name": s.held(), "type": "limit", "price": s.high(BTC)}),
)

ACCOUNT: Final = (
    Case("private/get_order_state", lambda s: {"order_id": s.resting()}),
    Case("private/get_order_state", lambda s: {"order_id": s.stop()}),
    Case("private/get_order_state_by_label", lambda s: {"currency": "BTC", "label": s.labelled()}),
    Case("private/get_open_orders"),
    Case("private/get_open_orders", {"kind": "future", "type": "trigger_all"}),
    Case("private/get_open_orders_by_currency", {"currency": "BTC"}),
    Case("private/get_open_orders_by_instrument", {"instrument_name": BTC, "type": "limit"}),
    Case("private/get_open_orders_by_label", lambda s: {"currency": "BTC", "label": s.labelled()}),
    Case("private/get_order_history_by_instrument", {"instrument_name": BTC, "include_unfilled": True, "count": 100}),
    Case("private/get_order_history_by_currency", {"currency": "BTC", "include_old": True}),
    Case("private/get_order_history_by_currency", {"currency": "USDC", "historical": True}),
    Case("private/get_user_trades_by_order", lambda s: {"order_id": s.filled()}),
    Case("private/get_user_trades_by_instrument", {"instrument_name": BTC}),
    Case("private/get_user_trades_by_instrument_and_time", _of_instrument),
    Case("private/get_user_trades_by_currency", {"currency": "USDC", "count": 100}),
    Case("private/get_user_trades_by_currency_and_time", _of_currency),
    Case("private/get_trigger_order_history", {"currency": "BTC"}),
    Case("private/get_transaction_log", _of_currency),
    Case("private/get_position", {"instrument_name": BTC}),
    Case("private/get_position", {"instrument_name": "SOL_USDC-PERPETUAL"}),
    Case("private/get_positions", {"currency": "BTC"}),
    Case("private/get_positions", {"currency": "any", "kind": "future"}),
    Case("private/get_positions"),
    Case("private/get_account_summary", {"currency": "BTC"}),
    Case("private/get_account_summary", {"currency": "USDC", "extended": True}),
    Case("private/get_account_summaries"),
    Case("private/get_account_summaries", {"extended": True}),
    Case("private/get_margins", lambda s: {"instrument_name": BTC, "amount": 1000, "price": s.low(BTC)}),
    Case("private/get_user_locks"),
    Case("private/get_subaccounts"),
    Case("private/get_cancel_on_disconnect", {"scope": "connection"}),
    Case("private/enable_cancel_on_disconnect", {"scope": "connection"}),
    Case("private/disable_cancel_on_disconnect", {"scope": "connection"}),
    Case("private/subscribe", {"channels": ["user.changes.any.any.raw", f"ticker.{BTC}.raw"], "label": "mine"}),
    Case("private/unsubscribe", {"channels": ["user.changes.any.any.raw"]}),
    Case("private/unsubscribe_all"),
)

REFUSED: Final = (
    Case("public/no_such_method", {}, (-32601,), key=None),
    Case("private/no_such_method", {}, (-32601,)),
    Case("private/buy", _order(), (13009,), key=None),
    Case("private/get_positions", {}, (13009,), key=None),
    Case("private/buy", _order(), (13021, 13403), key="observer"),
    Case("private/cancel_all", {}, (13021, 13403), key="observer"),
    Case("public/auth", {"grant_type": "client_credentials", "client_id": "paper", "client_secret": "no"}, (13004,)),
    Case("public/auth", {"grant_type": "no_such_grant"}, (-32602, 13004), key=None),
    Case("public/auth", {"grant_type": "refresh_token", "refresh_token": "no"}, (13004, 13009), key=None),
    Case("public/get_instrument", {}, (-32602,), key=None),
    Case("public/ticker", {"instrument_name": "NO-PERPETUAL"}, (13020, -32602), key=None),
    Case("public/ticker", {"instrument_name": 7}, (-32602,), key=None),
    Case("public/get_order_book", {"instrument_name": BTC, "depth": 7}, (-32602,), key=None),
    Case("public/get_book_summary_by_currency", {"currency": "any"}, (-32602,), key=None),
    Case("public/get_last_trades_by_instrument", {"instrument_name": BTC, "count": 1001}, (-32602,), key=None),
    Case(
        "public/get_tradingview_chart_data",
        lambda s: {**_of_instrument(s), "resolution": "240"},
        (-32602,),
        key=None,
    ),
    Case("public/subscribe", {"channels": [f"ticker.{BTC}.raw"]}, (13778,), key=None),
    Case("public/set_heartbeat", {"interval": 5}, (-32602,), key=None),
    Case("private/buy", {"amount": 10, "price": 1}, (-32602,)),
    Case("private/buy", _order(instrument_name="NO-PERPETUAL"), (13020, -32602)),
    Case("private/buy", _order(amount=15), (10021, 10027, -32602)),
    Case("private/buy", _order(amount=0), (10002, 10021, -32602)),
    Case("private/buy", _order(amount=-10), (10002, 10021, -32602)),
    Case("private/buy", _order(amount=5), (10002, 10021, -32602)),
    Case("private/buy", _order(amount="10"), (-32602,)),
    Case("private/buy", _order(amount=None), (-32602,)),
    Case("private/buy", _order(contracts=1.5), (10027, -32602)),
    Case("private/buy", lambda s: {"instrument_name": BTC, "amount": 10, "price": s.low(BTC) + s.cents}, (10043,)),
    Case("private/buy", _order(price=9_000_000), (10007,)),
    Case("private/sell", _order(price=1), (10005,)),
    Case("private/buy", _order(amount=10**9), (10009, 10002, 10021)),
    Case("private/buy", _order(type="no_such_type"), (-32602,)),
    Case("private/buy", _order(label="x" * 65), (-32602,)),
    Case("private/buy", _order(valid_until=1), (13888,)),
    Case("private/buy", lambda s: _crossing(s, reject_post_only=True), (11054,)),
    Case("private/buy", {"instrument_name": BTC, "amount": 10, "type": "market", "post_only": True}, (11055,)),
    Case("private/buy", {"instrument_name": BTC, "amount": 10, "type": "stop_market"}, (-32602, 10001, 11029)),
    Case("private/buy", lambda s: _off_tick(s), (10044,)),  # noqa: PLW0108 - defined below
    Case("private/edit", {"order_id": "81000000000", "amount": 10, "price": 60000}, (10004,)),
    Case("private/edit_by_label", lambda s: {"label": s.twice(), "instrument_name": BTC, "amount": 10}, (13032,)),
    Case("private/cancel", {"order_id": "81000000000"}, (10004,)),
    Case("private/cancel", lambda s: {"order_id": s.gone()}, (10010, 11044, 10004)),
    Case("private/cancel", lambda s: {"order_id": s.filled()}, (10010, 11044, 11008, 10004)),
    Case("private/cancel", {}, (-32602,)),
    Case("private/get_order_state", {"order_id": "81000000000"}, (10004,)),
    Case("private/get_order_state_by_label", {"label": "x"}, (-32602,)),
    Case("private/close_position", {"instrument_name": "SOL_USDC-PERPETUAL", "type": "market"}, (-32602, 10001, 11030)),
    Case("private/close_position", {"instrument_name": BTC}, (-32602,)),
    Case("private/get_account_summary", {"currency": "NONE"}, (-32602,)),
    Case("private/get_transaction_log", {"currency": "BTC"}, (-32602,)),
)


def _crossing(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"instrument_name": BTC, "amount": 10, "price": scene.high(BTC), "post_only": True, **more}


def _off_tick(scene: Scene) -> dict[str, Any]:
    given = {"instrument_name": BTC, "amount": 10, "type": "stop_market", "trigger": "mark_price"}
    return {**given, "trigger_price": scene.high(BTC) + scene.cents}
