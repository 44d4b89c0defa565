"""The desk where the service's requests come in and their outcomes go out.

It checks what can be checked before sending (sense, size, deadline, budget) and turns replies, time-outs and lost
connections into exactly one outcome each.
"""

from typing import Any

from brokers import requests as ask
from brokers.deribit import codes, methods, results
from brokers.deribit.budget import Pool
from brokers.deribit.channels import BYTES_MAX, CHANNELS_MAX, Wanted, candle_channel, chunks, given, ticker_channel
from brokers.deribit.line import Line
from brokers.deribit.pending import Errand, Sent
from brokers.deribit.settings import Settings
from brokers.outcomes import AccountSummary, Done, Doubt, FateUnknown, LocalCode, Outcome, Refused, Watching
from brokers.transport import Message
from trading.errors import BadInput, Unavailable
from trading.marks import mark
from trading.values import Milliseconds


class Desk:
    """Requests of the service on one line."""

    def __init__(self, settings: Settings, line: Line, wanted: Wanted) -> None:
        self._settings = settings
        self._line = line
        self._wanted = wanted

    def submit(self, request: ask.Request, now: Milliseconds) -> int:
        """Send a request and give its number. A refusal of ours is told as an outcome under that number."""
        if self._line.pending.is_full:
            raise Unavailable("too many requests wait for their answers")
        try:
            if isinstance(request, ask.Watch | ask.Unwatch):
                return self._watch(request, now)
            return self._ask(request, now)
        except BadInput as bad:
            return self._refuse(request, LocalCode.MALFORMED, str(bad))

    def _ask(self, request: ask.Writing | ask.Reading, now: Milliseconds) -> int:
        deadline = self._deadline(request, now)
        if deadline is None:
            return self._refuse(request, LocalCode.EXPIRED, "its deadline has passed on the exchange's clock")
        call = methods.call(request, deadline)
        wait_ms = self._line.budget.take(call.pool, now, protects=ask.protects(request))
        if wait_ms is not None:
            mark("credits-kept-for-protection")
            return self._refuse(request, LocalCode.OVER_BUDGET, "the credit is spent or kept for protection", wait_ms)
        timeout_ms = self._settings.order_timeout_ms if isinstance(request, ask.Writing) else None
        return self._line.send(Errand.ASKED, call.method, call.params, now, timeout_ms=timeout_ms, request=request)

    def _deadline(self, request: ask.Request, now: Milliseconds) -> Milliseconds | None:
        """Give the last server moment a request may start; None if that is certainly over."""
        server_now = self._line.clock.now(now)
        at_least = self._line.clock.at_least(now)
        if server_now is None or at_least is None:
            raise Unavailable("the exchange's clock is not measured")
        wanted = getattr(request, "valid_until", None)
        if wanted is None:
            return Milliseconds(server_now + self._settings.valid_for_ms)
        return None if at_least > wanted else Milliseconds(wanted)

    def _watch(self, request: ask.Watch | ask.Unwatch, now: Milliseconds) -> int:
        channels = self._channels(request)
        parts = list(chunks(channels))
        if len(parts) != 1:
            limit = f"{CHANNELS_MAX} channels or {BYTES_MAX} bytes"
            return self._refuse(request, LocalCode.TOO_LARGE, f"nothing, or more than {limit}, in one request")
        wait_ms = self._line.budget.take(Pool.SUBSCRIBE, now, protects=False)
        if wait_ms is not None:
            return self._refuse(request, LocalCode.OVER_BUDGET, "the credit for subscribing is spent", wait_ms)
        if isinstance(request, ask.Watch):
            self._wanted.add(channels)
            method = "public/subscribe"
        else:
            self._wanted.drop(channels)
            method = "public/unsubscribe"
        params = {"channels": list(channels)}
        return self._line.send(Errand.ASKED, method, params, now, request=request, channels=channels)

    def _channels(self, request: ask.Watch | ask.Unwatch) -> tuple[str, ...]:
        tickers = [ticker_channel(name, self._settings.ticker_interval) for name in request.tickers]
        try:
            candles = [candle_channel(name, minutes) for name, minutes in request.candles]
        except KeyError as unknown:
            raise BadInput("there are no candles of so many minutes", unknown.args[0]) from None
        return (*tickers, *candles)

    def _refuse(self, request: ask.Request, code: LocalCode, message: str, wait_ms: int | None = None) -> int:
        ref = self._line.pending.next_ref()
        self._line.tell(Refused(ref=ref, request=request, code=code, message=message, retry_after_ms=wait_ms))
        return ref

    def outcome(self, sent: Sent, message: Message, now: Milliseconds) -> Outcome:
        """Read the reply to a request of the service."""
        request = sent.request
        assert request is not None, "a request of the service carries it"
        if "error" in message:
            return self._refusal(sent, request, message["error"])
        try:
            if isinstance(request, ask.Watch | ask.Unwatch):
                return Done(ref=sent.ref, request=request, result=_watching(sent, message["result"]))
            result = results.result(request, message["result"], self._line.clock.now(now))
        except BadInput as bad:
            return _doubt(sent, request, Doubt.UNREADABLE_ANSWER, bad.reason)
        if isinstance(result, AccountSummary) and result.limits is not None:
            self._line.budget.adopt(result.limits, now)
        return Done(ref=sent.ref, request=request, result=result)

    @staticmethod
    def _refusal(sent: Sent, request: ask.Request, raw: object) -> Outcome:
        code, text, extra = read_error(raw)
        if code is None:
            return _doubt(sent, request, Doubt.UNREADABLE_ANSWER, "an error without a code")
        if code in codes.IN_DOUBT and isinstance(request, ask.Writing):
            mark("exchange-in-doubt")
            return _doubt(sent, request, Doubt.SERVER_IN_DOUBT, f"{code} {text}")
        return Refused(ref=sent.ref, request=request, code=code, message=text, data=extra)

    def unanswered(self, sent: Sent) -> None:
        """Tell that a request's time is over."""
        assert sent.request is not None, "a request of the service carries it"
        waited_ms = sent.times_out_at - sent.sent_at
        self._line.tell(_doubt(sent, sent.request, Doubt.NO_ANSWER, f"no answer within {waited_ms} ms"))

    def lost(self, sent: Sent, reason: str) -> None:
        """Tell that the connection ended before the answer."""
        assert sent.request is not None, "a request of the service carries it"
        self._line.tell(_doubt(sent, sent.request, Doubt.CONNECTION_LOST, reason))


def _watching(sent: Sent, result: object) -> Watching:
    channels = given(result)
    return Watching(
        channels=tuple(channel for channel in sent.channels if channel in channels),
        missing=tuple(channel for channel in sent.channels if channel not in channels),
    )


def _doubt(sent: Sent, request: ask.Request, doubt: Doubt, why: str) -> FateUnknown:
    return FateUnknown(ref=sent.ref, request=request, doubt=doubt, why=why)


def read_error(raw: object) -> tuple[int | None, str, Any]:
    """Read an error's code, message and details; the code is None when there is none to read."""
    if not isinstance(raw, dict):
        return None, "", None
    code = raw.get("code")
    text = raw.get("message")
    return (
        code if type(code) is int else None,
        text if isinstance(text, str) else "",
        raw.get("data"),
    )
