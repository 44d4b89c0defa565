"""What is done between the login and the first request: heartbeat, checks, subscriptions.

Each of these must have its answer, a good or a bad one, before the connection counts as ready. A bad one is told
and holds nothing up: whether to trade without it is not decided here.
"""

from brokers.deribit import account, results
from brokers.deribit.budget import Pool
from brokers.deribit.channels import Wanted, chunks, given
from brokers.deribit.line import Line
from brokers.deribit.pending import Errand, Sent
from brokers.deribit.settings import Settings
from brokers.facts import CancelOnDisconnectArmed, CheckUnanswered, MissingChannels, PortfolioSeen
from trading.errors import BadInput
from trading.values import Milliseconds


class Preparing:
    """The preparations of one connection; subscribing anew later on goes the same way."""

    def __init__(self, settings: Settings, line: Line, wanted: Wanted) -> None:
        self._settings = settings
        self._line = line
        self._wanted = wanted
        self._awaited: set[int] = set()

    @property
    def is_over(self) -> bool:
        """Whether every preparation has its answer."""
        return not self._awaited

    def begin(self, now: Milliseconds) -> None:
        """Ask for everything at once."""
        run = self._line.run_errand
        heartbeat = {"interval": self._settings.heartbeat_s}
        self._awaited = {run(Errand.HEARTBEAT, "public/set_heartbeat", heartbeat, now, subject="heartbeat")}
        if self._settings.credentials is not None:
            for scope in ("connection", "account"):
                subject = f"cancel on disconnect, {scope}"
                method = "private/get_cancel_on_disconnect"
                self._awaited.add(run(Errand.CHECK_DISCONNECT, method, {"scope": scope}, now, subject=subject))
            params = {"currency": self._settings.summary_currency, "extended": True}
            method = "private/get_account_summary"
            self._awaited.add(run(Errand.CHECK_LIMITS, method, params, now, subject="rate limits"))
        self._awaited |= self.subscribe(now)

    def subscribe(self, now: Milliseconds) -> set[int]:
        """Ask for every wanted channel; give the numbers of the requests."""
        is_private = self._settings.credentials is not None
        method = "private/subscribe" if is_private else "public/subscribe"
        wanted = [channel for channel in self._wanted if is_private or not channel.startswith("user.")]
        return {
            self._line.run_errand(
                Errand.SUBSCRIBE, method, {"channels": list(part)}, now, pool=Pool.SUBSCRIBE, channels=part
            )
            for part in chunks(wanted)
        }

    def done(self, sent: Sent, result: object, now: Milliseconds) -> None:
        """Take a good answer."""
        self._awaited.discard(sent.ref)
        match sent.errand:
            case Errand.CHECK_DISCONNECT:
                self._check_disconnect(sent, result)
            case Errand.CHECK_LIMITS:
                self._check_limits(sent, result, now)
            case Errand.SUBSCRIBE:
                missing = tuple(channel for channel in sent.channels if channel not in given(result))
                if missing:
                    self._line.tell(MissingChannels(channels=missing, reason="left out of the answer"))
            case _:
                pass  # a heartbeat that is set, a sign of life that arrived: nothing to read

    def failed(self, sent: Sent, reason: str) -> None:
        """Take a refusal, or an answer that never came."""
        self._awaited.discard(sent.ref)
        match sent.errand:
            case Errand.SUBSCRIBE:
                self._line.tell(MissingChannels(channels=sent.channels, reason=reason))
            case Errand.ANSWER_TEST:
                pass  # the exchange closes the socket if it minds
            case _:
                self._line.tell(CheckUnanswered(what=sent.subject, reason=reason))

    def _check_disconnect(self, sent: Sent, result: object) -> None:
        try:
            armed = results.armed(result)
        except BadInput as bad:
            self._line.tell(CheckUnanswered(what=sent.subject, reason=bad.reason))
            return
        if armed.is_armed:
            self._line.tell(CancelOnDisconnectArmed(scope=armed.scope))

    def _check_limits(self, sent: Sent, result: object, now: Milliseconds) -> None:
        try:
            summary = account.summary(result, self._settings.summary_currency)
        except BadInput as bad:
            self._line.tell(CheckUnanswered(what=sent.subject, reason=bad.reason))
            return
        if summary.limits is not None:
            self._line.budget.adopt(summary.limits, now)
        self._line.tell(PortfolioSeen(portfolio=summary.portfolio))
