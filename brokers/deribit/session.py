"""One Deribit connection after another as a state machine: messages and time in, messages and news out.

The life of a connection: opening, measuring (two looks at the exchange's clock), logging in, preparing (heartbeat,
checks, subscriptions), ready. Requests are taken only when ready, so no order leaves before we listen for its fill.
Nothing here connects again by itself, and nothing is ever sent twice.
"""

from enum import StrEnum, unique

from brokers import requests as ask
from brokers import wire
from brokers.deribit import codes
from brokers.deribit.channels import Wanted
from brokers.deribit.desk import Desk, read_error
from brokers.deribit.keeping import NO_ANSWER, Keeping
from brokers.deribit.line import Line, learn_time
from brokers.deribit.pending import Errand, Sent, Standing
from brokers.deribit.preparing import Preparing
from brokers.deribit.pushes import Pushes
from brokers.deribit.settings import Settings
from brokers.facts import (
    ConnectionDown,
    ConnectionUp,
    ErrorTold,
    SilentSocket,
    StrayReply,
    Unreadable,
)
from brokers.outcomes import FateUnknown, LateOutcome
from brokers.transport import Message
from trading.errors import Unavailable
from trading.marks import mark
from trading.values import Milliseconds


@unique
class Phase(StrEnum):
    """Where a connection stands."""

    IDLE = "idle"
    OPENING = "opening"
    MEASURING = "measuring"
    LOGGING_IN = "logging_in"
    PREPARING = "preparing"
    READY = "ready"
    CLOSING = "closing"


_TALKING = frozenset({Phase.MEASURING, Phase.LOGGING_IN, Phase.PREPARING, Phase.READY})
_LOGINS = frozenset({Errand.LOGIN, Errand.REFRESH})
_LOOKS_AT_THE_CLOCK = 2  # the first one also pays for cold caches on the way, the second is narrower


class DeribitSession:
    """Speaks Deribit. One thread owns it; what it wants sent and told is taken from ``line``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.line = Line(settings.read_timeout_ms)
        self.phase = Phase.IDLE
        self._wanted = Wanted((*settings.private_channels, *settings.public_channels))
        self._desk = Desk(settings, self.line, self._wanted)
        self._keeping = Keeping(settings, self.line)
        self._preparing = Preparing(settings, self.line, self._wanted)
        self._pushes = Pushes(self.line.tell)
        self._heard_at = Milliseconds(0)
        self._looks = 0

    # --- what the socket does ------------------------------------------------------------------------------

    def opening(self) -> None:
        """A socket is being opened."""
        assert self.phase is Phase.IDLE, f"one connection at a time, and this one is {self.phase}"
        self.phase = Phase.OPENING
        self.line.start_over()

    def opened(self, now: Milliseconds) -> None:
        """The socket stands: look at the exchange's clock first, because a login may be signed with it."""
        if self.phase is not Phase.OPENING:
            return
        self._keeping.start_over()
        self._pushes.start_over()
        self._heard_at = now
        self._looks = 0
        self.phase = Phase.MEASURING
        self._look_at_the_clock(now)

    def closing(self) -> None:
        """The socket is being closed by us: no more requests."""
        if self.phase is not Phase.IDLE:
            self.phase = Phase.CLOSING

    def closed(self, reason: str) -> None:
        """The socket is gone: what had no answer has an unknown fate. Told once, however often it is heard."""
        if self.phase is Phase.IDLE:
            return
        self.phase = Phase.IDLE
        for sent in self.line.pending.give_up_all():
            if sent.errand is Errand.ASKED:
                self._desk.lost(sent, reason)
        self.line.tell(ConnectionDown(reason=self.line.close_reason or reason))

    def received(self, message: Message, now: Milliseconds) -> None:
        """Take one message. Whatever it is, this never raises."""
        self._heard_at = now
        method = message.get("method")
        if method == "subscription":
            self._pushes.read(message.get("params"))
        elif "id" in message and ("result" in message or "error" in message):
            self._reply(message, now)
        elif "error" in message:
            self._unsolicited(message["error"])
        elif method == "heartbeat":
            params = message.get("params")
            if isinstance(params, dict) and params.get("type") == "test_request" and self.phase in _TALKING:
                self.line.run_errand(Errand.ANSWER_TEST, "public/test", {}, now)
        elif "result" in message:
            self.line.tell(StrayReply(ref=None, is_repeat=False))
        else:
            self.line.tell(Unreadable(why="neither a reply nor a push", raw=wire.shorten(message)))

    def garbled(self, raw: str, why: str, now: Milliseconds) -> None:
        """Take something that was no message; it still shows that the connection lives."""
        self._heard_at = now
        self.line.tell(Unreadable(why=why, raw=raw))

    # --- what the service and the clock do -----------------------------------------------------------------

    def submit(self, request: ask.Request, now: Milliseconds) -> int:
        """Send a request and give its number; raises Unavailable when nothing can be sent."""
        if self.phase is not Phase.READY:
            raise Unavailable(f"the connection is {self.phase}")
        return self._desk.submit(request, now)

    def tick(self, now: Milliseconds) -> None:
        """Do what is due."""
        if self.phase not in _TALKING:
            return
        for sent in self.line.pending.give_up_due(now):
            if sent.errand is Errand.ASKED:
                self._desk.unanswered(sent)
            else:
                self._errand_failed(sent, None, NO_ANSWER, now)
        if now - self._heard_at >= self._settings.silent_ms:
            mark("silent-line-closed")
            self.line.tell(SilentSocket(silent_ms=now - self._heard_at))
            self.line.close("nothing was heard for too long")
        if self.line.close_reason is None:
            self._keeping.tick(now)

    def wake_at(self) -> Milliseconds | None:
        """When ``tick`` has something to do next."""
        if self.phase not in _TALKING:
            return None
        moments = [Milliseconds(self._heard_at + self._settings.silent_ms), *self._keeping.wake_at()]
        time_out = self.line.pending.first_time_out()
        return min(moments if time_out is None else [*moments, time_out])

    # --- replies -------------------------------------------------------------------------------------------

    def _reply(self, message: Message, now: Milliseconds) -> None:
        ref = message["id"]
        if type(ref) is not int:
            self.line.tell(StrayReply(ref=None, is_repeat=False))
            return
        standing, sent = self.line.pending.answer(ref)
        if sent is None:
            mark("reply-told-twice")
            self.line.tell(StrayReply(ref=ref, is_repeat=standing is Standing.ANSWERED))
            return
        if self.phase not in _TALKING and sent.errand is not Errand.ASKED:
            return
        if standing is Standing.WAITING:
            learn_time(self.line, sent, message, now)
        code = self._heed(message, now)
        if sent.errand is Errand.ASKED:
            outcome = self._desk.outcome(sent, message, now)
            if standing is Standing.WAITING:
                self.line.tell(outcome)
            elif not isinstance(outcome, FateUnknown):
                self.line.tell(LateOutcome(outcome=outcome))
        elif standing is Standing.WAITING:
            if "error" in message:
                self._errand_failed(sent, code, read_error(message["error"])[1], now)
            else:
                self._errand_done(sent, message["result"], now)

    def _heed(self, message: Message, now: Milliseconds) -> int | None:
        """Do what an error asks of the connection itself, whoever's request it answers; give its code."""
        if "error" not in message:
            return None
        code = read_error(message["error"])[0]
        if code == codes.TOO_MANY_REQUESTS:
            mark("credits-gone")
            self.line.budget.exhausted(now)
        elif code == codes.SYSTEM_MAINTENANCE:
            self._pushes.maintenance(is_on=True)
        elif code in codes.LOGIN_LOST and self.phase is Phase.READY:
            self._keeping.lost(now)
        return code

    def _unsolicited(self, error: object) -> None:
        code, text, _ = read_error(error)
        if code == codes.SYSTEM_MAINTENANCE:
            self._pushes.maintenance(is_on=True)
        elif code is None:
            self.line.tell(Unreadable(why="an error without a code", raw=wire.shorten(error)))
        else:
            self.line.tell(ErrorTold(code=code, message=text))

    def _errand_done(self, sent: Sent, result: object, now: Milliseconds) -> None:
        if sent.errand is Errand.MEASURE:
            self._measured(now)
        elif sent.errand in _LOGINS:
            self._logged_in(sent, result, now)
        else:
            self._preparing.done(sent, result, now)
            self._see_whether_ready()

    def _errand_failed(self, sent: Sent, code: int | None, reason: str, now: Milliseconds) -> None:
        said = reason if code is None else f"{code} {reason}"
        if sent.errand is Errand.MEASURE:
            self.line.close(f"the exchange does not tell its time: {said}")
        elif sent.errand in _LOGINS:
            self._keeping.failed(sent, code, said, now)
        else:
            self._preparing.failed(sent, said)
            self._see_whether_ready()

    # --- the way to ready ----------------------------------------------------------------------------------

    def _look_at_the_clock(self, now: Milliseconds) -> None:
        self.line.run_errand(Errand.MEASURE, "public/get_time", {}, now)

    def _measured(self, now: Milliseconds) -> None:
        self._looks += 1
        if self.line.clock.now(now) is None:
            self.line.close("the exchange does not tell its time")
        elif self._looks < _LOOKS_AT_THE_CLOCK:
            self._look_at_the_clock(now)
        elif self._settings.credentials is None:
            self._prepare(now)
        else:
            self.phase = Phase.LOGGING_IN
            self._keeping.log_in(now)

    def _logged_in(self, sent: Sent, result: object, now: Milliseconds) -> None:
        if not self._keeping.granted(sent, result, now):
            return
        if self.phase is Phase.LOGGING_IN:
            self._prepare(now)
        elif sent.errand is Errand.LOGIN:
            # After a full login nobody promises that private channels go on: ask again and see what is given.
            self._preparing.subscribe(now)

    def _prepare(self, now: Milliseconds) -> None:
        self.phase = Phase.PREPARING
        self._preparing.begin(now)

    def _see_whether_ready(self) -> None:
        if self.phase is Phase.PREPARING and self._preparing.is_over:
            self.phase = Phase.READY
            grant = self._keeping.grant
            scopes = () if grant is None else grant.scopes
            self.line.tell(ConnectionUp(can_trade=self._keeping.can_trade, scopes=scopes))
