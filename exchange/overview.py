"""The whole exchange at a glance, for its operator: what the admin surface shows under `state`."""

from decimal import Decimal
from typing import Any, Final

from exchange import margin, shapes, shapes_account
from exchange.accounts import Account
from exchange.floor import Floor
from exchange.instruments import CURRENCIES
from exchange.market import Market
from exchange.sessions import Session

RECENT: Final = 200  # closed orders and trades of each account that are shown


def overview(floor: Floor, now_ms: int) -> dict[str, Any]:
    """Accounts, markets and sessions; times are milliseconds, money is exact."""
    engine = floor.engine
    return {
        "now_ms": now_ms,
        "accounts": {name: _account(floor, account) for name, account in engine.accounts.items()},
        "markets": {name: _market(market) for name, market in engine.markets.items()},
        "sessions": [_session(session, now_ms) for session in floor.sessions],
        "maintenance": floor.maintenance,
    }


def _account(floor: Floor, account: Account) -> dict[str, Any]:
    engine = floor.engine
    closed = list(account.archive.orders.values())[-RECENT:]
    orders = [*closed, *account.live.values()]
    trades = list(account.archive.trades)[-RECENT:]
    specs = {name: market.spec for name, market in engine.markets.items()}
    return {
        "user_id": account.user_id,
        "orders": [
            shapes.order(order, specs[order.instrument_name], account.user_id, engine.switches)
            | {"is_live": order.is_live}
            for order in orders
        ],
        "positions": [
            shapes_account.position(margin.position_view(engine, account, name)) for name in account.positions
        ],
        "balances": {
            currency: _text(margin.account_summary(engine, account, currency).balance) for currency in CURRENCIES
        },
        "equity": {
            currency: _text(margin.account_summary(engine, account, currency).equity) for currency in CURRENCIES
        },
        "trades": [shapes.trade(entry, specs[entry.instrument_name], engine.switches) for entry in trades],
        "locked": sorted(account.locked),
        "cancel_on_disconnect": account.cod_account,
    }


def _text(money: Decimal) -> str:
    return f"{money:f}"


def _market(market: Market) -> dict[str, Any]:
    bid, ask = market.best_bid, market.best_ask
    return {
        "mid": Decimal(repr(market.mid)),
        "mark": market.mark_price,
        "index": market.index_price,
        "last": market.last_price,
        "bid": None if bid is None else bid[0],
        "ask": None if ask is None else ask[0],
        "state": market.state,
        "held": market.held,
        "trade_seq": market.trade_seq,
    }


def _session(session: Session, now_ms: int) -> dict[str, Any]:
    grant = session.grant
    return {
        "session_id": session.id,
        "transport": "ws" if session.is_ws else "http",
        "address": session.address,
        "client_id": session.client_id,
        "account": None if grant is None else grant.account,
        "scope": None if grant is None else grant.scope.text,
        "authorised": grant is not None and grant.is_good(now_ms),
        "opened_ms": session.opened_ms,
        "heard_ms": session.heard_ms,
        "channels": sorted(session.channels),
        "heartbeat_s": None if session.heartbeat_s is None else int(session.heartbeat_s),
        "cancel_on_disconnect": session.cod,
        "half_open": session.is_deaf(now_ms),
    }
