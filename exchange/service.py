"""A request's way through the exchange: under which fate, when it is executed, and how and when it is answered."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple

from exchange import rpc
from exchange.auth import Grant
from exchange.desk import Desk, OutOfCreditsError, Wish, may_land_late
from exchange.errors import Refusal
from exchange.faults import Verdict
from exchange.floor import Floor
from exchange.methods import METHODS
from exchange.sessions import Session
from exchange.troubles import Troubles, leave_of_depth

_FAIR: Final = Verdict()
_READS_MAX: Final = 2_000


class _Job(NamedTuple):
    """One request under way."""

    session: Session
    wish: Wish
    echo: dict[str, Any]
    fate: Verdict
    taken_ms: int


class Service:
    """Takes requests, has the desk serve them, and answers."""

    def __init__(
        self, floor: Floor, desk: Desk, troubles: Troubles, counters: Counter[str], flush: Callable[[int], None]
    ) -> None:
        self._floor = floor
        self._desk = desk
        self._troubles = troubles
        self._counters = counters
        self._flush = flush
        self._rng = Random(f"{floor.settings.seed}:service")
        self._request_ms = floor.settings.latency.request_ms
        self._reads: dict[str, tuple[int, Any]] = {}  # what was answered last, for stale answers

    def take(
        self, session: Session, request: rpc.Request, echo: dict[str, Any], header: Grant | None, now_ms: int
    ) -> None:
        """A request has arrived: serve it now, or later, or never."""
        fate: Verdict | None = None
        plan = self._floor.outbox.plan
        if plan is not None:
            label = request.params.get("label")
            text = label if isinstance(label, str) else ""
            fate = plan.on_request(request.method, request.params, text, session.client_id, now_ms)
        try:
            grant = self._desk.authorise(session, request, header, now_ms)
        except Refusal as refusal:
            self.refuse(session, echo, refusal, now_ms)
            return
        job = _Job(session, Wish(request, grant), echo, _FAIR if fate is None else fate, now_ms)
        due_ms = max(session.arrives_ms, now_ms + self._request_ms + job.fate.arrive_delay_ms)
        if due_ms <= now_ms:
            self._serve(job, now_ms)
        else:
            session.arrives_ms = due_ms  # a socket delivers in order: later ones wait behind this one
            self._floor.timers.at(due_ms, lambda at_ms: self._serve(job, at_ms))

    def _serve(self, job: _Job, now_ms: int) -> None:
        session, fate = job.session, job.fate
        if session.ended and not may_land_late(job.wish.request):
            return
        if fate.before:
            self._troubles.to_session(fate.before, session, now_ms)
            self._flush(now_ms)
        if fate.lost:
            return
        if fate.refuse is not None:
            self.refuse(session, job.echo, Refusal(fate.refuse.code, fate.refuse.message), now_ms, job.taken_ms)
            return
        outbox = self._floor.outbox
        earlier, outbox.items = outbox.items, []
        outcome = self._outcome(job, now_ms)
        self._flush(now_ms)
        if fate.after:
            self._troubles.to_session(fate.after, session, now_ms)
            self._flush(now_ms)
        news, outbox.items = outbox.items, earlier
        first = self._pushes_first(fate)
        if first:
            outbox.items += news
        went = job.wish.request.method == "private/logout" and not isinstance(outcome, Refusal)
        if not fate.reply_lost and not went:
            self._answer(job, outcome, now_ms)
        if not first:
            outbox.items += news
        if isinstance(outcome, OutOfCreditsError):
            code = self._floor.engine.switches.credits_close_code
            self._floor.sessions.close(session, now_ms, code, "too_many_requests")
            self._flush(now_ms)

    def _pushes_first(self, fate: Verdict) -> bool:
        position = self._floor.engine.switches.push_before_reply
        return fate.pushes_first or position == "yes" or (position == "seeded" and self._rng.random() < 0.5)  # noqa: PLR2004

    def _outcome(self, job: _Job, now_ms: int) -> Any:
        """The result, or the Refusal."""
        fate, request = job.fate, job.wish.request
        if fate.fill_fraction is not None:
            self._thin_for(request, fate.fill_fraction)
        try:
            outcome = self._desk.serve(job.session, job.wish, now_ms)
        except Refusal as refusal:
            return refusal
        if self._floor.outbox.plan is not None:
            outcome = self._maybe_stale(job, outcome, now_ms)
        if fate.answer is not None:
            return Refusal(fate.answer.code, fate.answer.message)
        return outcome

    def _maybe_stale(self, job: _Job, outcome: Any, now_ms: int) -> Any:
        """What this read was answered last time, if the fate wants that and it is not too long ago."""
        request = job.wish.request
        method = METHODS[request.method]
        if not method.is_read:
            return outcome
        key = repr((job.session.client_id, request.method, sorted(request.params.items())))
        known = self._reads.get(key)
        if job.fate.stale_ms and known is not None and now_ms - known[0] <= job.fate.stale_ms:
            return known[1]
        if len(self._reads) >= _READS_MAX:
            self._reads.clear()
        self._reads[key] = now_ms, outcome
        return outcome

    def _thin_for(self, request: rpc.Request, fraction: float) -> None:
        """Let the book hold only this part of what the order asks for."""
        market = self._floor.engine.markets.get(str(request.params.get("instrument_name")))
        amount = request.params.get("amount")
        if market is None or isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            return
        direction = "buy" if request.method == "private/buy" else "sell"
        leave_of_depth(market, direction, Decimal(amount) * Decimal(repr(fraction)))

    # --- answers

    def refuse(
        self, session: Session, echo: dict[str, Any], refusal: Refusal, now_ms: int, taken_ms: int | None = None
    ) -> None:
        """An error, at once."""
        self._counters["replies"] += 1
        self._counters[f"refused {refusal.code}"] += 1
        in_us, out_us = self._stamps(now_ms if taken_ms is None else taken_ms, now_ms)
        if not session.ended:
            self._floor.outbox.send(session, rpc.failure(echo, refusal, in_us, out_us))

    def _answer(self, job: _Job, outcome: Any, now_ms: int) -> None:
        """The reply, as late and as often as its fate wants."""
        session, fate = job.session, job.fate
        due_ms = now_ms + fate.reply_delay_ms
        in_us, out_us = self._stamps(job.taken_ms, now_ms)
        if isinstance(outcome, Refusal):
            self._counters[f"refused {outcome.code}"] += 1
            reply = rpc.failure(job.echo, outcome, in_us, out_us)
        else:
            reply = rpc.result(job.echo, outcome, in_us, out_us)
        self._counters["replies"] += 1
        for _ in range(fate.reply_copies):
            if due_ms > now_ms:
                self._floor.timers.at(due_ms, lambda _at_ms: self._send_late(session, reply))
            elif not session.ended:
                self._floor.outbox.send(session, reply)

    def _send_late(self, session: Session, reply: dict[str, Any]) -> None:
        if not session.ended:
            self._floor.outbox.send(session, reply)

    def _stamps(self, taken_ms: int, now_ms: int) -> tuple[int, int]:
        """When it came and when it leaves, in microseconds."""
        skew_ms = self._floor.clock_skew_ms
        return (taken_ms + skew_ms) * 1000, (now_ms + skew_ms) * 1000 + self._rng.randrange(60, 900)
