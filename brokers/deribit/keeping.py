"""Keeping the connection logged in: the first login, renewals, and a new login when the exchange forgot the old one."""

from brokers.deribit import account, codes
from brokers.deribit.line import Line
from brokers.deribit.login import ATTEMPTS_MAX, RETRY_MS, Grant, login_params, read_grant, refresh_params
from brokers.deribit.pending import Errand, Sent
from brokers.deribit.settings import Settings
from brokers.facts import KeyTooPowerful, LoginFailed, LoginProblem, LoginRenewed, ScopeTooSmall
from trading.errors import BadInput
from trading.marks import mark
from trading.values import Milliseconds

NO_ANSWER = "no answer"
_LOST_AGAIN_MS = 30_000  # a login said to be lost twice within this is not cured by logging in


class Keeping:
    """The login of one connection."""

    def __init__(self, settings: Settings, line: Line) -> None:
        self._settings = settings
        self._line = line
        self.grant: Grant | None = None
        self._due_at: Milliseconds | None = None
        self._attempts = 0
        self._lost_at: Milliseconds | None = None

    def start_over(self) -> None:
        """Forget the last connection's login."""
        self.grant = None
        self._due_at = None
        self._attempts = 0
        self._lost_at = None

    @property
    def can_trade(self) -> bool:
        """Whether the granted scopes suffice."""
        return self.grant is not None and not account.missing_scopes(self.grant.scopes, self._settings.scopes_needed)

    def log_in(self, now: Milliseconds) -> None:
        """Send a full login."""
        credentials = self._settings.credentials
        server_now = self._line.clock.now(now)
        assert credentials is not None, "there is no key to log in with"
        assert server_now is not None, "a login is signed with the exchange's time, so that is measured first"
        self._due_at = None
        ref = self._line.pending.upcoming_ref
        self._line.run_errand(Errand.LOGIN, "public/auth", login_params(credentials, server_now, ref), now)

    def lost(self, now: Milliseconds) -> None:
        """Hear that the exchange takes us for a stranger: log in anew, but not again and again."""
        if self.grant is None or self._due_at is None:
            return  # a login is under way already
        if self._lost_at is not None and now - self._lost_at < _LOST_AGAIN_MS:
            return
        mark("login-lost")
        self._lost_at = now
        self.log_in(now)

    def tick(self, now: Milliseconds) -> None:
        """Renew what is due."""
        if self.grant is not None and now >= self.grant.until:
            self._give_up(LoginProblem.NO_ANSWER, "the login ended before it could be renewed")
        elif self._due_at is not None and now >= self._due_at:
            if self.grant is not None and self.grant.refresh_token and not self._attempts:
                self._due_at = None
                params = refresh_params(self.grant.refresh_token)
                self._line.run_errand(Errand.REFRESH, "public/auth", params, now)
            else:
                self.log_in(now)

    def wake_at(self) -> list[Milliseconds]:
        """When there is something to do."""
        moments = [] if self._due_at is None else [self._due_at]
        return moments if self.grant is None else [*moments, self.grant.until]

    def granted(self, sent: Sent, result: object, now: Milliseconds) -> bool:
        """Take the answer to a login or renewal; whether it was one that can be used."""
        try:
            grant = read_grant(result, sent.sent_at)
        except BadInput as bad:
            self.failed(sent, None, bad.reason, now)
            return False
        before, self.grant = self.grant, grant
        self._attempts = 0
        self._due_at = grant.renew_at
        if before is not None:
            self._line.tell(LoginRenewed(until=grant.until))
        if before is None or before.scopes != grant.scopes:
            self._report_scopes(grant.scopes)
        return True

    def failed(self, sent: Sent, code: int | None, reason: str, now: Milliseconds) -> None:
        """Take a refusal, or an answer that never came: fall back, try again within the bound, or give up."""
        if sent.errand is Errand.REFRESH:
            mark("renewal-refused")
            self.log_in(now)
            return
        if code is None:
            problem = LoginProblem.UNREADABLE if reason != NO_ANSWER else LoginProblem.NO_ANSWER
        else:
            problem = LoginProblem.WRONG_KEY if code in codes.WRONG_KEY else LoginProblem.REFUSED
        self._attempts += 1
        if problem is LoginProblem.WRONG_KEY or self._attempts >= ATTEMPTS_MAX:
            self._give_up(problem, reason)
            return
        self._due_at = Milliseconds(now + RETRY_MS)
        self._line.tell(LoginFailed(problem=problem, reason=reason, is_final=False))

    def _give_up(self, problem: LoginProblem, reason: str) -> None:
        if self._line.close_reason is not None:
            return
        self._line.tell(LoginFailed(problem=problem, reason=reason, is_final=True))
        self._line.close(f"login failed: {reason}")

    def _report_scopes(self, scopes: tuple[str, ...]) -> None:
        missing = account.missing_scopes(scopes, self._settings.scopes_needed)
        if missing:
            self._line.tell(ScopeTooSmall(missing=missing))
        excess = account.excess_scopes(scopes)
        if excess and self._settings.reports_excess_scopes:
            self._line.tell(KeyTooPowerful(excess=excess))
