"""The operator's surface, JSON over HTTP under /admin/: look inside, move prices, break things, skip time.

For tests and demonstrations, never for clients: there is no login, so it is served only when asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from exchange import encoding
from exchange.checked import TableError, did_you_mean
from exchange.errors import Refusal
from exchange.pump import Pump
from exchange.switches import POSITIONS, Switches

SKIP_MS_MAX: Final = 366 * 24 * 3_600_000
POLL_S: Final = 0.005

Answer = tuple[int, object]


class BadRequest(Exception):
    """What was sent cannot be done: the field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Admin:
    """Answers one request at a time; `facts` adds what the core does not know (sockets, journal, ...)."""

    def __init__(self, pump: Pump, facts: Callable[[], dict[str, Any]]) -> None:
        self._pump = pump
        self._facts = facts
        self._verbs: dict[str, dict[str, Callable[[dict[str, Any]], Awaitable[object]]]] = {
            "state": {"GET": self._state},
            "price": {"POST": self._price},
            "disconnect": {"POST": self._disconnect},
            "faults": {"GET": self._faults, "POST": self._set_faults, "DELETE": self._clear_faults},
            "clock": {"GET": self._clock, "POST": self._skip},
            "maintenance": {"POST": self._maintenance},
            "switches": {"GET": self._switches, "POST": self._set_switches},
            "lock": {"POST": self._lock},
        }

    async def __call__(self, verb: str, path: str, body: bytes) -> Answer:
        """Status and answer of one request."""
        verbs = self._verbs.get(path)
        if verbs is None:
            return 404, _error("path", f"unknown{did_you_mean(path, self._verbs)}")
        handler = verbs.get(verb)
        if handler is None:
            return 405, _error("method", f"{path} takes {', '.join(verbs)}")
        try:
            return 200, await handler(_table(body))
        except BadRequest as bad:
            return 400, _error(bad.field, bad.reason)
        except Refusal as refusal:
            data = refusal.data if isinstance(refusal.data, dict) else {}
            return 400, _error(str(data.get("param", path)), str(data.get("reason", refusal.message)))
        except TableError as wrong:
            return 400, _error(path, "; ".join(wrong.problems)) | {"problems": list(wrong.problems)}

    # --- looking

    async def _state(self, body: dict[str, Any]) -> object:
        _only(body)
        return self._pump.command(lambda exchange, now_ms: exchange.state(now_ms)) | {"server": self._facts()}

    async def _faults(self, body: dict[str, Any]) -> object:
        _only(body)
        return self._fault_state()

    async def _switches(self, body: dict[str, Any]) -> object:
        _only(body)
        return {
            "switches": msgspec.structs.asdict(self._pump.exchange.engine.switches),
            "positions": {name: list(positions) for name, positions in POSITIONS.items()},
        }

    async def _clock(self, body: dict[str, Any]) -> object:
        _only(body)
        return {"now_ms": self._pump.catch_up(), "speed": Decimal(str(self._pump.clock.speed))}

    # --- doing

    async def _price(self, body: dict[str, Any]) -> object:
        _only(body, "instrument_name", "price", "hold")
        name = _instrument(self._pump, body)
        price = _decimal(body, "price")
        hold = _flag(body, "hold", default=False)
        self._pump.command(lambda exchange, now_ms: exchange.set_price(name, price, hold=hold, now_ms=now_ms))
        market = self._pump.exchange.engine.markets[name]
        return {
            "instrument_name": name,
            "mark_price": market.mark_price,
            "index_price": market.index_price,
            "hold": hold,
        }

    async def _disconnect(self, body: dict[str, Any]) -> object:
        _only(body, "key")
        key = _text(body, "key") if body.get("key") is not None else None
        closed = self._pump.command(lambda exchange, now_ms: exchange.close_sessions(key, now_ms))
        return {"closed": closed}

    async def _set_faults(self, body: dict[str, Any]) -> object:
        _only(body, "profile", "rules")
        if len(body) != 1:
            raise BadRequest("profile", "give either a profile or rules")
        wish = body["profile"] if "profile" in body else body["rules"]
        if not isinstance(wish, str if "profile" in body else list):
            raise BadRequest(next(iter(body)), "a profile is a name, rules are a list")
        self._pump.command(lambda exchange, _now_ms: exchange.set_faults(wish))
        return self._fault_state()

    async def _clear_faults(self, body: dict[str, Any]) -> object:
        _only(body)
        self._pump.command(lambda exchange, _now_ms: exchange.clear_faults())
        return self._fault_state()

    async def _skip(self, body: dict[str, Any]) -> object:
        """Everything that falls due on the way happens; the sockets are served meanwhile."""
        _only(body, "skip_ms")
        skip_ms = body.get("skip_ms")
        if not isinstance(skip_ms, int) or isinstance(skip_ms, bool) or not 0 <= skip_ms <= SKIP_MS_MAX:
            raise BadRequest("skip_ms", f"must be a whole number from 0 to {SKIP_MS_MAX}")
        self._pump.catch_up()
        target_ms = self._pump.clock.now_ms + skip_ms
        self._pump.clock.skip(skip_ms)
        self._pump.tick()
        while self._pump.reached_ms < target_ms:  # noqa: ASYNC110 - looked at rarely, for as long as the way takes
            await asyncio.sleep(POLL_S)
        return {"now_ms": self._pump.command(lambda _exchange, now_ms: now_ms)}

    async def _maintenance(self, body: dict[str, Any]) -> object:
        _only(body, "on")
        on = _flag(body, "on")
        self._pump.command(lambda exchange, now_ms: exchange.set_maintenance(on=on, now_ms=now_ms))
        return {"on": on}

    async def _set_switches(self, body: dict[str, Any]) -> object:
        for name, position in body.items():
            if name not in POSITIONS:
                raise BadRequest(name, f"unknown switch{did_you_mean(name, POSITIONS)}")
            if position not in POSITIONS[name] or isinstance(position, bool):
                raise BadRequest(name, f"must be one of {', '.join(map(str, POSITIONS[name]))}")
        engine = self._pump.exchange.engine
        engine.switches = msgspec.convert(msgspec.structs.asdict(engine.switches) | body, Switches)
        return await self._switches({})

    async def _lock(self, body: dict[str, Any]) -> object:
        """An account's currency, or all of them with ALL: it may cancel, not trade."""
        _only(body, "account", "currency", "locked")
        engine = self._pump.exchange.engine
        name = _text(body, "account") if "account" in body else next(iter(engine.accounts))
        account = engine.accounts.get(name)
        if account is None:
            raise BadRequest("account", f"unknown{did_you_mean(name, engine.accounts)}")
        currency = _text(body, "currency")
        if currency != "ALL" and currency not in account.wallets:
            raise BadRequest("currency", f"unknown{did_you_mean(currency, [*account.wallets, 'ALL'])}")
        locked = _flag(body, "locked")
        self._pump.command(lambda exchange, _now_ms: exchange.engine.lock(account, currency, locked=locked))
        return {"account": name, "locked": sorted(account.locked)}

    def _fault_state(self) -> object:
        return self._pump.exchange.fault_state()


# --- reading what was sent


def _error(field: str, reason: str) -> dict[str, Any]:
    return {"error": {"field": field, "reason": reason}}


def _table(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        table = encoding.decode(body)
    except encoding.BadFrameError as error:
        raise BadRequest("body", f"not JSON: {error}") from error
    if not isinstance(table, dict):
        raise BadRequest("body", "must be a JSON object")
    return table


def _only(body: dict[str, Any], *known: str) -> None:
    for name in body:
        if name not in known:
            raise BadRequest(name, f"unknown field{did_you_mean(name, known)}")


def _instrument(pump: Pump, body: dict[str, Any]) -> str:
    name = _text(body, "instrument_name")
    markets = pump.exchange.engine.markets
    if name not in markets:
        raise BadRequest("instrument_name", f"unknown{did_you_mean(name, markets)}")
    return name


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(name, "must be a text")
    return value


def _flag(body: dict[str, Any], name: str, *, default: bool | None = None) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(name, "must be true or false")
    return value


def _decimal(body: dict[str, Any], name: str) -> Decimal:
    """A number, or a number in a text."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise BadRequest(name, "must be a number")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadRequest(name, "must be a number") from error
    if not number.is_finite() or number <= 0:
        raise BadRequest(name, "must be above zero")
    return number
