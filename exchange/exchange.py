"""The exchange as its callers see it: connect, receive, advance, drain. Everything else hangs below.

Pure: time is an argument, chance comes of the settings' seed, and nothing leaves but through `drain`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec

from exchange import rpc
from exchange.archive import Kept
from exchange.auth import Gate, Grant
from exchange.changes import Changes
from exchange.credits import Credits
from exchange.desk import Desk
from exchange.engine import Engine
from exchange.errors import Refusal
from exchange.exact import exactly
from exchange.faults import FaultPlan, Rule, parse
from exchange.feeds import Feed
from exchange.floor import Floor
from exchange.outbox import Close, Outbox, Outgoing, Send
from exchange.overview import overview
from exchange.service import Service
from exchange.sessions import Session, Sessions, TooManyConnections
from exchange.settings import Settings
from exchange.timers import NEVER_MS, Timers
from exchange.troubles import Troubles

__all__ = ["Close", "Exchange", "Send", "TooManyConnections"]

TIERS: Final = {1: (30, 100), 2: (20, 50), 3: (10, 30), 4: (5, 20)}  # matching engine: requests per second, burst
MAINTENANCE_CLOSE: Final = 1012
MAINTENANCE_GRACE_MS: Final = 1_000  # from the announcement to the closing of the sockets
OPERATOR_CLOSE: Final = 1001


class Exchange:
    """One exchange. Two with the same settings, feed and requests do the same."""

    def __init__(self, *, settings: Settings, feed: Feed, start_ms: int) -> None:
        self.settings = settings
        self.recorder: Callable[[Changes], None] | None = None  # hears of all changes before anything leaves
        self.counters: Counter[str] = Counter()
        self.engine = Engine(
            seed=settings.seed,
            feed=feed,
            start_ms=start_ms,
            specs=settings.instruments,
            switches=settings.switches,
            hydration_ms=settings.latency.hydration_ms,
            kept=Kept(
                settings.retention.closed_order_ms,
                settings.retention.trade_ms,
                settings.retention.old_order_ms,
                settings.retention.rows_max,
            ),
        )
        for setup in settings.accounts:
            self.engine.open_account(setup.name, deposits=setup.deposits)
        self.engine.changes.clear()  # whoever records begins with an image, which has the deposits
        self._timers = Timers()
        self._outbox = Outbox(self._timers)
        self.sessions = Sessions(
            timers=self._timers, outbox=self._outbox, per_address=settings.limits.connections_per_address
        )
        rate, burst = TIERS[settings.limits.tier]
        self.floor = Floor(
            settings=settings,
            engine=self.engine,
            timers=self._timers,
            outbox=self._outbox,
            sessions=self.sessions,
            gate=Gate(
                keys={key.client_id: key for key in settings.keys},
                rng=Random(f"{settings.seed}:tokens"),
                token_lifetime_s=settings.token_lifetime_s,
            ),
            credits=Credits(enabled=settings.limits.credits, rate=rate, burst=burst),
        )
        self.sessions.on_end = self._session_ended
        self._troubles = Troubles(self.floor, lambda on, now_ms: self.set_maintenance(on=on, now_ms=now_ms))
        self._outbox.perform = self._troubles.to_session
        self._service = Service(self.floor, Desk(self.floor), self._troubles, self.counters, self._flush)
        self._now_ms = start_ms
        self._injected: Counter[str] = Counter()  # faults of earlier plans
        self.faults = FaultPlan(settings.faults.all_rules(), settings.seed, start_ms=start_ms)
        self._use_plan(self.faults)

    # --- sessions

    @exactly
    def connect(self, now_ms: int, *, transport: str = "ws", address: str = "local") -> int:
        """A new session's id. Raises TooManyConnections."""
        self._catch_up(now_ms)
        session = self.sessions.open(is_ws=transport == "ws", address=address, now_ms=now_ms)
        self.counters["connections"] += 1
        return session.id

    @exactly
    def disconnected(self, session_id: int, now_ms: int) -> None:
        """The client went away. Of a session that has ended, nothing happens."""
        self._catch_up(now_ms)
        session = self.sessions.get(session_id)
        if session is not None:
            self.sessions.end(session, now_ms)
            self._flush(now_ms)

    def _session_ended(self, session: Session, now_ms: int) -> None:
        self.floor.hub.drop(session)
        self.floor.gate.socket_closed(session)
        if session.cod:
            self.engine.cancel_on_disconnect(session.id, now_ms)

    # --- what comes in

    @exactly
    def receive(self, session_id: int, message: object, now_ms: int) -> None:
        """One decoded JSON-RPC message of a session."""
        session = self._listening(session_id, now_ms)
        if session is not None:
            self._take(session, lambda: rpc.parse(message), rpc.identity(message), now_ms)

    @exactly
    def receive_frame(self, session_id: int, frame: bytes | str, now_ms: int) -> None:
        """One frame as it came; broken ones are answered without an id."""
        session = self._listening(session_id, now_ms)
        if session is None:
            return
        try:
            message = rpc.open_frame(frame)
        except Refusal as refusal:
            self._service.refuse(session, {}, refusal, now_ms)
        else:
            self._take(session, lambda: rpc.parse(message), rpc.identity(message), now_ms)

    @exactly
    def receive_http(
        self,
        session_id: int,
        verb: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        now_ms: int,
    ) -> None:
        """One HTTP call; its answer is one Send to that session."""
        session = self._listening(session_id, now_ms)
        if session is None:
            return
        echo: dict[str, Any] = {}
        header: Grant | None = None
        try:
            message = rpc.open_frame(body) if verb.upper() == "POST" else None
            echo = rpc.identity(message)
            given = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
            if given is not None:
                signed = rpc.signed_texts(verb, path, query, body)
                header = self.floor.gate.by_header(given, signed, session, now_ms)
        except Refusal as refusal:
            self._service.refuse(session, echo, refusal, now_ms)
        else:
            self._take(session, lambda: rpc.parse_http(verb, path, query, message), echo, now_ms, header)

    def _listening(self, session_id: int, now_ms: int) -> Session | None:
        """The session, unless it is gone or deaf."""
        self._catch_up(now_ms)
        session = self.sessions.get(session_id)
        if session is None or session.is_deaf(now_ms):
            return None
        session.heard_ms = now_ms
        self.counters["requests"] += 1
        return session

    def _take(
        self,
        session: Session,
        parse_request: Callable[[], rpc.Request],
        echo: dict[str, Any],
        now_ms: int,
        header: Grant | None = None,
    ) -> None:
        try:
            request = parse_request()
        except Refusal as refusal:
            self._service.refuse(session, echo, refusal, now_ms)
        else:
            self._service.take(session, request, echo, header, now_ms)

    # --- time

    def next_due_ms(self) -> int:
        """When `advance` has something to do next."""
        due_ms = min(self.engine.next_due_ms(), self._timers.next_due_ms)
        plan = self._outbox.plan
        return due_ms if plan is None else min(due_ms, plan.next_due_ms())

    @exactly
    def advance(self, now_ms: int) -> None:
        """Everything that is due by now, in order of time."""
        self._catch_up(now_ms)

    def _catch_up(self, now_ms: int) -> None:
        engine, timers, plan = self.engine, self._timers, self._outbox.plan
        step, flush = engine.step, self._flush
        while True:
            blow_ms = NEVER_MS if plan is None else plan.next_due_ms()
            limit_ms = min(now_ms, timers.next_due_ms, blow_ms)
            at_ms = step(limit_ms)
            if at_ms is not None:
                flush(at_ms)
            elif limit_ms == timers.next_due_ms:
                due_ms, action = timers.take()
                action(max(due_ms, self._now_ms))
                flush(max(due_ms, self._now_ms))
                plan = self._outbox.plan
            elif limit_ms == blow_ms and plan is not None:
                self._troubles.to_world(plan.on_market(limit_ms), limit_ms)
                flush(limit_ms)
            else:
                break
        self._now_ms = max(self._now_ms, now_ms)

    def _flush(self, now_ms: int) -> None:
        """What has happened is recorded, then told."""
        self._now_ms = max(self._now_ms, now_ms)
        changes = self.engine.changes
        if self.recorder is not None and not changes.empty:
            self.recorder(changes)
        self.floor.hub.flush(changes, now_ms)
        changes.clear()

    @exactly
    def drain(self) -> Outgoing:
        """What must leave now, in this order."""
        if not self.engine.changes.empty:
            self._flush(self._now_ms)
        self.counters["pushes"] += self._outbox.take_count()
        return self._outbox.drain(self._now_ms)

    # --- run time controls

    @exactly
    def set_price(self, instrument_name: str, price: Decimal, *, hold: bool, now_ms: int) -> None:
        """Move a market there; with `hold` it stays."""
        self._catch_up(now_ms)
        self.engine.set_price(instrument_name, price, now_ms, hold=hold)
        self._flush(now_ms)

    @exactly
    def set_maintenance(self, *, on: bool, now_ms: int) -> None:
        """Announce it, say it unasked, refuse nearly everything, and shortly close the sockets; or end it."""
        if on == self.floor.maintenance:
            return
        self.floor.maintenance = on
        self.floor.hub.tell_platform({"maintenance": on}, now_ms)
        if on:
            unasked = {"jsonrpc": "2.0", "error": rpc.error_body(Refusal(11051)), "testnet": True}
            for session in self.sessions:
                if session.is_ws:
                    self._outbox.send(session, unasked)
            self._timers.at(now_ms + MAINTENANCE_GRACE_MS, self._close_for_maintenance)

    def _close_for_maintenance(self, now_ms: int) -> None:
        if self.floor.maintenance:
            for session in self.sessions:
                self.sessions.close(session, now_ms, MAINTENANCE_CLOSE, "system maintenance")

    @exactly
    def close_sessions(self, client_id: str | None, now_ms: int) -> int:
        """Close the sockets of a key, or all; how many there were."""
        self._catch_up(now_ms)
        hit = [session for session in self.sessions if client_id is None or session.client_id == client_id]
        for session in hit:
            self.sessions.close(session, now_ms, OPERATOR_CLOSE, "closed by the operator", abrupt=True)
        self._flush(now_ms)
        return len(hit)

    @exactly
    def set_faults(self, wish: str | Iterable[Any]) -> None:
        """A profile's name or rules, from now on in place of the present ones. Raises TableError."""
        if isinstance(wish, str):
            rules = parse({"profile": wish}).all_rules()
        else:
            given = tuple(wish)
            ready = all(isinstance(rule, Rule) for rule in given)
            rules = given if ready else parse({"rules": list(given)}).all_rules()
        self._injected.update(self.faults.injected)
        self._use_plan(FaultPlan(rules, self.settings.seed, start_ms=self._now_ms))

    @exactly
    def clear_faults(self) -> None:
        """Nothing goes wrong any more; what has gone wrong stays so."""
        self.set_faults(())

    def _use_plan(self, plan: FaultPlan) -> None:
        self.faults = plan
        self._outbox.plan = plan if plan.rules else None

    def fault_state(self) -> dict[str, Any]:
        """The rules at work and how often each kind of fault has struck."""
        return {
            "rules": [msgspec.to_builtins(rule) for rule in self.faults.rules],
            "injected": dict(self._injected + Counter(self.faults.injected)),
        }

    @exactly
    def state(self, now_ms: int) -> dict[str, Any]:
        """Everything, for the operator."""
        return overview(self.floor, now_ms) | {"counters": dict(self.counters), "faults": self.fault_state()}
