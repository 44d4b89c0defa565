"""Frames for the exchange: sensible requests, and what a seed makes of them.

A frame is bytes or text as it would come off a socket. Most are nearly right, because nonsense is refused early and
teaches little; some are noise.
"""

import json
import random
import string
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from exchange.engine import Engine

Json = dict[str, Any]

TYPES: Final = ("limit", "market", "market_limit", "stop_limit", "stop_market", "take_limit", "take_market")
TRIGGERS: Final = ("index_price", "mark_price", "last_price")
FORCES: Final = ("good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel")
LINKS: Final = ("one_triggers_other", "one_cancels_other", "one_triggers_one_cancels_other")
FILLS: Final = ("first_hit", "complete_fill", "incremental")
CANCELS: Final = ("all", "limit", "trigger_all", "stop", "take", "trailing_stop")
CURRENCIES: Final = ("BTC", "ETH", "USDC", "any")
LABELS: Final = ("", "a", "b", "c", "\u00e9\u4e2d\U0001f600", "x" * 64)
CHANNELS: Final = (
    "ticker.BTC-PERPETUAL.100ms",
    "ticker.BTC_USDC-PERPETUAL.raw",
    "incremental_ticker.ETH-PERPETUAL",
    "quote.BTC-PERPETUAL",
    "book.BTC-PERPETUAL.100ms",
    "book.SOL_USDC-PERPETUAL.none.10.agg2",
    "trades.future.any.100ms",
    "chart.trades.BTC-PERPETUAL.1",
    "perpetual.BTC-PERPETUAL.100ms",
    "deribit_price_index.btc_usd",
    "platform_state",
    "user.changes.any.any.raw",
    "user.orders.BTC-PERPETUAL.100ms",
    "user.trades.future.BTC.raw",
    "user.portfolio.any",
    "user.lock",
    "no.such.channel",
    "ticker..",
    "",
)


class Frames:
    """Requests drawn from a seed, about the instruments and orders that are there."""

    def __init__(self, rng: random.Random, engine: Engine) -> None:
        self._rng = rng
        self._engine = engine
        self._names = list(engine.markets)
        self.order_ids: list[str] = ["81900000001", "SLMB-1", "OTO-1"]
        self.tokens: list[str] = ["no-such-token"]
        self._makers: list[tuple[int, Callable[[], Json]]] = [
            (40, self._order),
            (12, self._edit),
            (10, self._cancel),
            (6, self._cancel_many),
            (4, self._close),
            (8, self._read_order),
            (10, self._read_account),
            (12, self._market),
            (5, self._session),
            (4, self._subscribe),
        ]
        self._weights = [weight for weight, _ in self._makers]

    def request(self, number: int) -> Json:
        """A request that should mean something."""
        maker = self._rng.choices(self._makers, self._weights)[0][1]
        return {"jsonrpc": "2.0", "id": number, **maker()}

    # -- sensible requests

    def _price(self, name: str, percent: float) -> Decimal:
        market = self._engine.markets[name]
        tick = market.spec.tick_size
        near = market.mark_price * Decimal(repr(1 + self._rng.uniform(-percent, percent) / 100))
        return (near / tick).to_integral_value() * tick

    def _amount(self, name: str) -> Decimal:
        lot = self._engine.markets[name].spec.min_trade_amount
        return lot * self._rng.choice((1, 1, 2, 3, 10, 100, 1000, 100_000))

    def _order(self) -> Json:
        rng = self._rng
        name = rng.choice(self._names)
        kind = rng.choice(TYPES)
        given: Json = {"instrument_name": name, "amount": self._amount(name), "type": kind}
        if kind in {"limit", "stop_limit", "take_limit"}:
            given["price"] = self._price(name, 1.6)
        if kind.startswith(("stop", "take")):
            given |= {"trigger": rng.choice(TRIGGERS), "trigger_price": self._price(name, 2)}
        elif rng.random() < 0.05:
            given |= {"type": "trailing_stop", "trigger": rng.choice(TRIGGERS), "trigger_offset": self._price(name, 1)}
        for name_, chance, value in (
            ("label", 0.6, rng.choice(LABELS)),
            ("time_in_force", 0.3 if kind == "limit" else 0.02, rng.choice(FORCES)),
            ("post_only", 0.2, rng.random() < 0.7),
            ("reject_post_only", 0.1, rng.random() < 0.7),
            ("reduce_only", 0.3, rng.random() < 0.8),
            ("display_amount", 0.05, given["amount"]),
            ("valid_until", 0.05, self._engine.now_ms + rng.choice((-5, 5000))),
        ):
            if rng.random() < chance:
                given[name_] = value
        if rng.random() < 0.2:
            given |= self._links(name)
        return {"method": rng.choice(("private/buy", "private/sell")), "params": given}

    def _links(self, name: str) -> Json:
        rng = self._rng
        legs: list[Json] = []
        for _ in range(rng.choice((1, 2, 2, 2, 3))):
            kind = rng.choice(TYPES)
            leg: Json = {"amount": self._amount(name), "direction": rng.choice(("buy", "sell")), "type": kind}
            leg |= {"reduce_only": rng.random() < 0.7, "label": rng.choice(LABELS)}
            if kind.endswith("limit"):
                leg["price"] = self._price(name, 1.4)
            if kind.startswith(("stop", "take")):
                leg |= {"trigger": rng.choice(TRIGGERS), "trigger_price": self._price(name, 2)}
            legs.append(leg)
        return {
            "linked_order_type": rng.choice(LINKS),
            "trigger_fill_condition": rng.choice(FILLS),
            "otoco_config": legs,
        }

    def _edit(self) -> Json:
        rng = self._rng
        name = rng.choice(self._names)
        given: Json = {"amount": self._amount(name)}
        for key, chance, value in (
            ("price", 0.7, self._price(name, 1.6)),
            ("trigger_price", 0.3, self._price(name, 2)),
            ("reduce_only", 0.3, rng.random() < 0.5),
            ("post_only", 0.3, rng.random() < 0.5),
            ("reject_post_only", 0.2, rng.random() < 0.5),
            ("trigger_offset", 0.05, self._price(name, 1)),
        ):
            if rng.random() < chance:
                given[key] = value
        if rng.random() < 0.2:
            given |= {"label": rng.choice(LABELS), "instrument_name": name}
            return {"method": "private/edit_by_label", "params": given}
        return {"method": "private/edit", "params": {**given, "order_id": self._id()}}

    def _id(self) -> str:
        return self._rng.choice(self.order_ids[-200:])

    def _cancel(self) -> Json:
        return {"method": "private/cancel", "params": {"order_id": self._id()}}

    def _cancel_many(self) -> Json:
        rng = self._rng
        method = rng.choice(("cancel_all", "cancel_all_by_currency", "cancel_all_by_instrument", "cancel_by_label"))
        given = {
            "cancel_all": {},
            "cancel_all_by_currency": {"currency": rng.choice(CURRENCIES), "type": rng.choice(CANCELS)},
            "cancel_all_by_instrument": {"instrument_name": rng.choice(self._names), "type": rng.choice(CANCELS)},
            "cancel_by_label": {"label": rng.choice(LABELS)},
        }[method]
        if rng.random() < 0.2:
            given["detailed"] = "yes" if rng.random() < 0.05 else True  # type: ignore[assignment]
        return {"method": f"private/{method}", "params": given}

    def _close(self) -> Json:
        name = self._rng.choice(self._names)
        given: Json = {"instrument_name": name, "type": self._rng.choice(("market", "limit"))}
        if given["type"] == "limit":
            given["price"] = self._price(name, 1)
        return {"method": "private/close_position", "params": given}

    def _read_order(self) -> Json:
        rng = self._rng
        method, given = rng.choice(
            (
                ("get_order_state", {"order_id": self._id()}),
                ("get_order_state_by_label", {"currency": rng.choice(CURRENCIES), "label": rng.choice(LABELS)}),
                ("get_open_orders", {}),
                ("get_open_orders_by_instrument", {"instrument_name": rng.choice(self._names)}),
                ("get_order_history_by_currency", {"currency": rng.choice(CURRENCIES), "include_unfilled": True}),
                ("get_user_trades_by_order", {"order_id": self._id()}),
                ("get_trigger_order_history", {"currency": rng.choice(CURRENCIES)}),
            )
        )
        return {"method": f"private/{method}", "params": given}

    def _read_account(self) -> Json:
        rng = self._rng
        now = self._engine.now_ms
        name = rng.choice(self._names)
        method, given = rng.choice(
            (
                ("get_positions", {"currency": rng.choice(CURRENCIES)}),
                ("get_position", {"instrument_name": name}),
                ("get_account_summary", {"currency": rng.choice(CURRENCIES), "extended": True}),
                ("get_account_summaries", {}),
                ("get_margins", {"instrument_name": name, "amount": self._amount(name), "price": self._price(name, 1)}),
                ("get_user_trades_by_currency", {"currency": rng.choice(CURRENCIES), "count": rng.randint(1, 1000)}),
                (
                    "get_transaction_log",
                    {"currency": "BTC", "start_timestamp": now - 9_000_000, "end_timestamp": now, "count": 20},
                ),
            )
        )
        return {"method": f"private/{method}", "params": given}

    def _market(self) -> Json:
        rng = self._rng
        name = rng.choice(self._names)
        now = self._engine.now_ms
        method, given = rng.choice(
            (
                ("ticker", {"instrument_name": name}),
                ("get_order_book", {"instrument_name": name, "depth": rng.choice((1, 5, 10, 20))}),
                ("get_instrument", {"instrument_name": name}),
                ("get_last_trades_by_instrument", {"instrument_name": name, "count": rng.randint(1, 100)}),
                (
                    "get_tradingview_chart_data",
                    {
                        "instrument_name": name,
                        "start_timestamp": now - rng.choice((60_000, 3_600_000)),
                        "end_timestamp": now,
                        "resolution": rng.choice(("1", "5", "60", "1D")),
                    },
                ),
                ("get_funding_rate_value", {"instrument_name": name, "start_timestamp": 0, "end_timestamp": now}),
                ("test", {}),
            )
        )
        return {"method": f"public/{method}", "params": given}

    def _session(self) -> Json:
        rng = self._rng
        key = rng.choice(("paper", "person", "observer", "nobody"))
        method, given = rng.choice(
            (
                ("public/auth", {"grant_type": "client_credentials", "client_id": key, "client_secret": key}),
                ("public/auth", {"grant_type": "refresh_token", "refresh_token": rng.choice(self.tokens[-50:])}),
                ("public/set_heartbeat", {"interval": rng.choice((10, 30, 60))}),
                ("public/disable_heartbeat", {}),
                ("private/enable_cancel_on_disconnect", {"scope": rng.choice(("connection", "account"))}),
                ("private/disable_cancel_on_disconnect", {}),
                ("private/logout", {"invalidate_token": rng.random() < 0.5}),
            )
        )
        return {"method": method, "params": given}

    def _subscribe(self) -> Json:
        rng = self._rng
        scope = rng.choice(("public", "private", "private"))
        verb = rng.choice(("subscribe", "subscribe", "unsubscribe", "unsubscribe_all"))
        given: Json = {} if verb == "unsubscribe_all" else {"channels": rng.sample(CHANNELS, rng.randint(0, 6))}
        return {"method": f"{scope}/{verb}", "params": given}


def encoded(request: Json) -> str:
    """As a client writes it: numbers exact, no spaces."""
    return json.dumps(request, default=lambda value: float(value) if isinstance(value, Decimal) else str(value))


def noise(rng: random.Random) -> bytes | str:
    """Something that was never a request."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.randint(0, 200))
    if kind == 1:
        return "".join(rng.choices(string.printable, k=rng.randint(0, 200)))
    if kind == 2:
        depth = rng.choice((10, 100, 1000, 5000))
        return "[" * depth + "]" * rng.choice((depth, depth, depth - 1))
    if kind == 3:
        return rng.choice(("", " ", "null", "0", "[]", "{}", '""', "true", "[{}]", "\ufeff{}", "{", '{"id":}', "NaN"))
    if kind == 4:
        return '{"a":' * 900 + "1" + "}" * 900
    return b"\xff\xfe" + rng.randbytes(20)
