"""Carries out what fault rules want: blows to sessions, to markets, to the whole exchange."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import Final, assert_never

from exchange.auth import Grant
from exchange.depth import Depth
from exchange.desk import owner_of
from exchange.errors import Refusal
from exchange.faults import (
    Action,
    CloseSockets,
    DrainCredits,
    ExpireTokens,
    HalfOpen,
    Jump,
    LockIndex,
    LoseSubscriptions,
    Maintain,
    Meddle,
    SkipClock,
    Slow,
    Thin,
)
from exchange.floor import Floor
from exchange.market import Market
from exchange.records import Ticket
from exchange.sessions import Session
from exchange.timers import NEVER_MS

MEDDLED_LOTS: Final = 3  # what a person who meddles trades at most

SetMaintenance = Callable[[bool, int], None]


class Troubles:
    """One per exchange."""

    def __init__(self, floor: Floor, set_maintenance: SetMaintenance) -> None:
        self._floor = floor
        self._set_maintenance = set_maintenance

    def to_session(self, actions: Iterable[Action], session: Session, now_ms: int) -> None:
        """Actions set off by a request or a push: what concerns sessions hits this one."""
        for action in actions:
            self._perform(action, [session], now_ms)

    def to_world(self, actions: Iterable[Action], now_ms: int) -> None:
        """Actions set off by time: sessions are chosen by their key."""
        for action in actions:
            pattern = getattr(action, "client_id", "*")
            hit = [session for session in self._floor.sessions if _matches(session.client_id, pattern)]
            self._perform(action, hit, now_ms)

    def _perform(self, action: Action, hit: list[Session], now_ms: int) -> None:
        match action:
            case CloseSockets(code=code, reason=reason, abrupt=abrupt):
                for session in hit:
                    self._floor.sessions.close(session, now_ms, code, reason, abrupt=abrupt)
            case HalfOpen(duration_ms=duration_ms):
                for session in hit:
                    session.go_deaf(now_ms + duration_ms if duration_ms else NEVER_MS)
            case Slow(delay_ms=delay_ms, duration_ms=duration_ms):
                for session in hit:
                    session.go_slow(delay_ms, now_ms + duration_ms)
            case LoseSubscriptions(channel=pattern):
                self._lose_subscriptions(hit, pattern)
            case ExpireTokens():
                for grant in _grants(hit):
                    grant.expires_ms = now_ms
            case DrainCredits():
                for session in hit:
                    self._floor.credits.drain(owner_of(session, session.grant), now_ms)
            case Jump(instrument_name=pattern, percent=percent):
                self._jump(pattern, percent, now_ms)
            case Thin(instrument_name=pattern, fraction=fraction, duration_ms=duration_ms):
                self._thin(pattern, fraction, now_ms + duration_ms)
            case LockIndex(instrument_name=pattern, duration_ms=duration_ms):
                self._lock(pattern, now_ms, now_ms + duration_ms)
            case Maintain(duration_ms=duration_ms):
                self._set_maintenance(True, now_ms)  # noqa: FBT003 - the facade's own verb
                end_ms = now_ms + duration_ms
                self._floor.timers.at(end_ms, lambda at_ms: self._set_maintenance(False, at_ms))  # noqa: FBT003
            case Meddle():
                self._meddle(action, now_ms)
            case SkipClock(skip_ms=skip_ms):
                self._floor.clock_skew_ms += skip_ms
            case _:
                assert_never(action)

    def _lose_subscriptions(self, hit: list[Session], pattern: str) -> None:
        for session in hit:
            for name in list(session.channels):
                if _matches(name, pattern):
                    self._floor.hub.mute(session, name)

    def _markets(self, pattern: str) -> Iterator[Market]:
        return (market for name, market in self._floor.engine.markets.items() if _matches(name, pattern))

    def _jump(self, pattern: str, percent: float, now_ms: int) -> None:
        for market in self._markets(pattern):
            target = market.mid * (1.0 + percent / 100.0)
            ticks = max(2, round(target / float(market.spec.tick_size)))
            name = market.spec.instrument_name
            self._floor.engine.set_price(name, market.price_at(ticks), now_ms, hold=market.held)

    def _thin(self, pattern: str, fraction: float, until_ms: int) -> None:
        for market in self._markets(pattern):
            depth = market.depth_source
            depth.liquidity = fraction
            self._floor.timers.at(until_ms, partial(_thicken, depth))

    def _lock(self, pattern: str, now_ms: int, until_ms: int) -> None:
        for market in self._markets(pattern):
            if market.state == "open":
                name = market.spec.instrument_name
                self._floor.engine.set_state(name, "locked", now_ms)
                self._floor.timers.at(until_ms, partial(self._unlock, name))

    def _unlock(self, name: str, now_ms: int) -> None:
        if self._floor.engine.markets[name].state == "locked":
            self._floor.engine.set_state(name, "open", now_ms)

    def _meddle(self, action: Meddle, now_ms: int) -> None:
        """A person trades by hand. What the exchange refuses them is nobody's business."""
        engine = self._floor.engine
        keys = [key for key in self._floor.settings.keys if _matches(key.client_id, action.client_id)]
        if not keys:
            return
        account = engine.accounts[keys[0].account]
        try:
            if action.what == "cancel":
                live = [order for order in engine.open_orders(account) if not order.is_dormant]
                if live:
                    engine.cancel(account, live[int(action.draw * len(live)) % len(live)].order_id, now_ms)
            elif action.what == "close":
                held = [name for name, position in account.positions.items() if position.amount]
                if held:
                    name = held[int(action.draw * len(held)) % len(held)]
                    engine.close_position(account, name, "market", None, now_ms)
            else:
                markets = list(engine.markets.values())
                market = markets[int(action.draw * len(markets)) % len(markets)]
                lots = 1 + int(action.draw * 1000) % MEDDLED_LOTS
                engine.place(account, _by_hand(market, action.direction, market.amount_of(lots)), now_ms)
        except Refusal:
            return


def _thicken(depth: Depth, _now_ms: int) -> None:
    """The book is as deep as ever again."""
    depth.liquidity = 1.0


def _by_hand(market: Market, direction: str, amount: Decimal) -> Ticket:
    name = market.spec.instrument_name
    return Ticket(
        instrument_name=name,
        direction=direction,
        amount=max(amount, market.spec.min_trade_amount),
        type="market",
        api=False,
    )


def leave_of_depth(market: Market, direction: str, amount: Decimal) -> None:
    """The other side of the book holds only this much until the market moves: the rest has just been taken."""
    lots = int(amount / market.spec.contract_size)
    resting = "sell" if direction == "buy" else "buy"
    for tick, left in list(market.depth_source.levels(resting)):
        kept = min(left, lots)
        lots -= kept
        if left > kept:
            market.depth_source.eat(tick, left - kept)


def _grants(hit: list[Session]) -> Iterator[Grant]:
    return (session.grant for session in hit if session.grant is not None)


def _matches(name: str, pattern: str) -> bool:
    """A glob, or several divided by `|`."""
    return any(fnmatchcase(name, glob) for glob in pattern.split("|"))
