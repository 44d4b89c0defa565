"""Drives the core: hands it what came in, runs what falls due, sends what must leave.

The only caller of the `Exchange` while it runs, so everything happens in one order. It knows no socket and no
clock of its own: sockets are outlets, real time and timers are given.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, TypeVar

import msgspec

from exchange import encoding
from exchange.clock import SLEEP_S_MAX, Clock
from exchange.exchange import Exchange
from exchange.outbox import Close, Send
from exchange.ports import Log, Loop, Memory, Outlet, Parcel, Timer
from exchange.rpc import API_PATH

T = TypeVar("T")

SLICE_S: Final = 0.005  # of real time given to overdue events before the sockets get their turn
FAR_BEHIND_MS: Final = 2_000  # time was skipped: no client can have lived through it
ANSWER_S_MAX: Final = 1.0  # real time that a skip waits for a client's sign of life
REPEAT_S: Final = 10.0  # the same failure of the core is written out again after this long

_logger = logging.getLogger("exchange")


class _Numbered(msgspec.Struct):
    id: Any = None


class Pump:
    """One exchange, its clock and its outlets."""

    def __init__(self, exchange: Exchange, clock: Clock, loop: Loop, memory: Memory, log: Log) -> None:
        self.exchange = exchange
        self.clock = clock
        self.log = log
        self.outlets: dict[int, Outlet] = {}
        self.reached_ms = clock.now_ms  # as far as the core has come; behind the clock while it catches up
        self.internal_errors = 0
        self._loop = loop
        self._memory = memory
        self._timer: Timer | None = None
        self._stopped = False
        self._broke_off = False
        self._asked_ms: int | None = None  # exchange time of the newest unanswered test_request, seen in a skip
        self._asked_at = 0.0  # and the real time at which it was seen
        self._written_out: dict[str, float] = {}  # failure -> when it was last logged
        self._number = msgspec.json.Decoder(_Numbered)

    # --- what comes in

    def connect(self, outlet: Outlet, *, transport: Literal["ws", "http"], address: str) -> int:
        """Opens a session; raises TooManyConnections."""
        session_id = self.exchange.connect(self.catch_up(), transport=transport, address=address)
        self.outlets[session_id] = outlet
        return session_id

    def frame(self, session_id: int, frame: bytes | str) -> None:
        """One text or binary frame of a WebSocket."""
        now_ms = self.catch_up()
        self.log.heard(session_id, frame)
        self._serve(session_id, frame, lambda: self.exchange.receive_frame(session_id, frame, now_ms))

    def http(
        self, session_id: int, verb: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> None:
        """One HTTP request; its answer is the one message that leaves through the session's outlet."""
        now_ms = self.catch_up()
        self.log.heard(session_id, body or encoding.encode({"params": query}), path.removeprefix(API_PATH).strip("/"))
        self._serve(
            session_id,
            body,
            lambda: self.exchange.receive_http(session_id, verb, path, query, headers, body, now_ms),
        )

    def gone(self, session_id: int) -> None:
        """The client of this session is no longer there."""
        self.outlets.pop(session_id, None)
        self.log.gone(session_id)
        now_ms = self.catch_up()
        self._guarded(f"the end of session {session_id}", lambda: self.exchange.disconnected(session_id, now_ms))
        self.flush()

    def command(self, call: Callable[[Exchange, int], T]) -> T:
        """Something an operator wants done now, and remembered. What it raises is the operator's to hear."""
        now_ms = self.catch_up()
        try:
            return call(self.exchange, now_ms)
        finally:
            self._memory.mark()
            self.flush()

    # --- time

    def catch_up(self) -> int:
        """Runs what is due, for as long as a slice lasts. Returns the time the core has reached."""
        if self._memory.broken:
            return self.reached_ms  # what cannot be remembered must not happen
        target_ms = self.clock.now_ms
        slice_end = self._loop.time() + SLICE_S
        while self.reached_ms < target_ms:
            due_ms = self.exchange.next_due_ms()
            if due_ms > target_ms:
                self.reached_ms = target_ms
                break
            if target_ms - self.reached_ms > FAR_BEHIND_MS and self._awaits_answer():
                break
            # At least a millisecond further each time: an event that never gets done cannot stop the world.
            self.reached_ms = max(due_ms, self.reached_ms + 1)
            self._guarded("what was due", lambda: self.exchange.advance(self.reached_ms))
            if self._loop.time() > slice_end:
                break
        return self.reached_ms

    def _awaits_answer(self) -> bool:
        """Has a client been asked for a sign of life that it had no real time to give yet?

        Without this, skipping an hour would end every connection that has heartbeats.
        """
        asked_ms = [session.test_sent_ms for session in self.exchange.sessions if session.test_sent_ms is not None]
        newest_ms = max(asked_ms, default=None)
        if newest_ms != self._asked_ms:
            self._asked_ms, self._asked_at = newest_ms, self._loop.time()
        return newest_ms is not None and self._loop.time() - self._asked_at < ANSWER_S_MAX

    @property
    def behind(self) -> bool:
        """Are there still events to run before the core has reached the clock?"""
        return not self._memory.broken and self.exchange.next_due_ms() <= self.clock.now_ms

    def tick(self) -> None:
        """Runs what is due, sends what came of it, and plans the next time."""
        self._timer = None
        if self._broke_off and self._memory.mend():
            self._broke_off = False
            self._guarded(
                "the end of maintenance", lambda: self.exchange.set_maintenance(on=False, now_ms=self.reached_ms)
            )
        self.catch_up()
        self.flush()

    def stop(self) -> None:
        """No more ticks; what is asked for still works."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    # --- what leaves

    def flush(self) -> None:
        """Sends what must leave now, each distinct message encoded once, and plans the next tick."""
        items = self._guarded("what must leave", self.exchange.drain)
        if self._memory.broken and not self._broke_off:
            self._break_off()
        elif items:
            self._send(items)
        if not self._stopped:
            self._plan()

    def _send(self, items: list[Send | Close]) -> None:
        style = self.exchange.engine.switches.numbers
        encoded: dict[int, bytes] = {}
        waiting: dict[int, list[Parcel]] = {}
        for item in items:
            session_id = item.session_id
            outlet = self.outlets.get(session_id)
            if outlet is None:
                continue
            if isinstance(item, Send):
                message = item.message
                key = id(message)  # nondeterministic: only tells the objects of this one list apart
                payload = encoded.get(key)
                if payload is None:
                    payload = self._guarded("a message that leaves", partial(encoding.encode, message, style))
                    if payload is None:
                        continue
                    encoded[key] = payload
                waiting.setdefault(session_id, []).append((message, payload))
                self.log.said(session_id, message)
            else:
                if parcels := waiting.pop(session_id, None):
                    outlet.send(parcels)
                del self.outlets[session_id]
                outlet.close(item.code, item.reason, abrupt=item.abrupt)
        for session_id, parcels in waiting.items():
            self.outlets[session_id].send(parcels)

    def _break_off(self) -> None:
        """Nothing of what could not be written down may be told: whoever waits for it learns nothing at all.

        Until the journal can write again the exchange is in maintenance, and its time stands still.
        """
        self._broke_off = True
        for outlet in list(self.outlets.values()):
            outlet.close(1011, "the exchange cannot write its journal", abrupt=True)
        self._guarded("the maintenance", lambda: self.exchange.set_maintenance(on=True, now_ms=self.reached_ms))

    def _plan(self) -> None:
        when = self._loop.time()
        if self._memory.broken:
            when += SLEEP_S_MAX
        elif self._asked_ms is not None:
            when += SLICE_S
        else:
            when += self.clock.real_s_until(self.exchange.next_due_ms())
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self.tick)

    # --- when the core fails

    def _serve(self, session_id: int, frame: bytes | str, call: Callable[[], None]) -> None:
        failures = self.internal_errors
        self._guarded(f"a request of session {session_id}: {frame!r:.2000}", call)
        self.flush()
        outlet = self.outlets.get(session_id)
        if self.internal_errors > failures and outlet is not None:
            answer: dict[str, Any] = {"jsonrpc": "2.0"}
            try:
                answer["id"] = self._number.decode(frame).id
            except (msgspec.DecodeError, UnicodeDecodeError):
                answer["id"] = None
            answer["error"] = {"code": 11094, "message": "internal_server_error"}
            outlet.send([(answer, encoding.encode(answer, "plain"))])

    def _guarded(self, what: str, call: Callable[[], T]) -> T | None:
        """The one place where a failure of the core is caught: counted, written out, and the server lives on."""
        try:
            return call()
        except Exception as failure:
            self.internal_errors += 1
            kind = repr(failure)
            now = self._loop.time()
            if now - self._written_out.get(kind, -REPEAT_S) >= REPEAT_S:
                if len(self._written_out) > 1000:  # noqa: PLR2004 - bounded, whatever fails
                    self._written_out.clear()
                self._written_out[kind] = now
                _logger.exception("internal error %d while handling %s", self.internal_errors, what)
            return None
