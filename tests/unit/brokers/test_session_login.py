"""From a socket to a connection that may trade: clock, login, checks, subscriptions, and staying logged in."""

from typing import Any

import pytest

from brokers.deribit import login
from brokers.deribit.account import excess_scopes, missing_scopes
from brokers.deribit.login import Credentials, Way, login_params, signature
from brokers.deribit.session import Phase
from brokers.deribit.settings import Settings
from brokers.facts import (
    CancelOnDisconnectArmed,
    CheckUnanswered,
    ConnectionDown,
    ConnectionUp,
    KeyTooPowerful,
    LoginFailed,
    LoginProblem,
    LoginRenewed,
    MissingChannels,
    PortfolioSeen,
    ScopeTooSmall,
)
from brokers.outcomes import FateUnknown
from brokers.requests import Watch
from tests.unit.brokers.venue import BTC, BUY, KEY, SCOPES, Line
from trading.errors import Unavailable
from trading.values import Milliseconds

MINUTE = 60_000


def test_the_signature_is_the_one_of_the_published_vector() -> None:
    signed = signature("AMANDASECRECT", 1576074319000, "1iqt2wls")

    assert signed == "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1"


def test_a_signed_login_carries_the_exchanges_time_and_never_the_secret() -> None:
    credentials = Credentials(client_id="AMANDA", client_secret="AMANDASECRECT", way=Way.SIGNATURE)

    params = login_params(credentials, Milliseconds(1576074319000), 7)

    assert params["timestamp"] == 1576074319000
    assert params["signature"] == signature("AMANDASECRECT", 1576074319000, params["nonce"])
    assert "AMANDASECRECT" not in str(params)


def test_a_key_and_a_grant_never_show_their_secrets() -> None:
    grant = login.read_grant(
        {"access_token": "tok-a", "refresh_token": "tok-r", "expires_in": 900, "scope": ""}, Milliseconds(0)
    )

    assert "hush" not in f"{Credentials(client_id='me', client_secret='hush')!r}"
    assert "tok-" not in f"{grant!r}"


def test_a_connection_is_up_only_after_clock_login_checks_and_subscriptions() -> None:
    line = Line().connects()

    assert line.venue.methods == [
        "public/get_time",
        "public/get_time",
        "public/auth",
        "public/set_heartbeat",
        "private/get_cancel_on_disconnect",
        "private/get_cancel_on_disconnect",
        "private/get_account_summary",
        "private/subscribe",
    ]
    assert line.venue.asked("private/subscribe") == [
        {"channels": ["user.changes.any.any.raw", "user.portfolio.any", "user.lock", "platform_state"]}
    ]
    (portfolio, up) = line.news
    assert isinstance(portfolio, PortfolioSeen)
    assert up == ConnectionUp(can_trade=True, scopes=tuple(SCOPES.split()))


def test_the_exchanges_clock_is_known_when_the_connection_is_up() -> None:
    line = Line().connects()

    server_now = line.broker.server_now(line.now)

    assert server_now is not None
    assert abs(server_now - (line.venue.now + line.venue.ahead_ms)) <= 1


@pytest.mark.parametrize(
    "method",
    [
        "public/get_time",
        "public/auth",
        "public/set_heartbeat",
        "private/get_cancel_on_disconnect",
        "private/get_account_summary",
        "private/subscribe",
    ],
)
def test_no_request_is_taken_before_every_preparation_has_its_answer(method: str) -> None:
    line = Line()
    line.venue.holds_back(method)
    line.connects()

    with pytest.raises(Unavailable):
        line.submits(BUY)
    assert "private/buy" not in line.venue.methods
    assert line.told(ConnectionUp) == []


def test_without_a_key_only_public_things_are_asked() -> None:
    line = Line(Settings(credentials=None)).connects()

    assert not [method for method in line.venue.methods if method.startswith("private/")]
    assert line.venue.asked("public/subscribe") == [{"channels": ["platform_state"]}]
    assert line.told(ConnectionUp) == [ConnectionUp(can_trade=False, scopes=())]


LOGIN_REFUSALS = {
    "wrong key": (13004, LoginProblem.WRONG_KEY, 1),
    "server in trouble": (11094, LoginProblem.REFUSED, 3),
    "maintenance": (11051, LoginProblem.REFUSED, 3),
}


@pytest.mark.parametrize(("code", "problem", "attempts"), LOGIN_REFUSALS.values(), ids=LOGIN_REFUSALS)
def test_a_refused_login_is_tried_again_within_the_bound_but_a_wrong_key_never(
    code: int, problem: LoginProblem, attempts: int
) -> None:
    line = Line()
    line.venue.refuses("public/auth", code, always=True)
    line.connects()

    line.waits(5 * MINUTE)

    assert len(line.venue.asked("public/auth")) == attempts
    last = line.told(LoginFailed)[-1]
    assert (last.problem, last.is_final) == (problem, True)
    assert [down.reason.startswith("login failed") for down in line.told(ConnectionDown)] == [True]
    assert line.broker.phase is Phase.IDLE


def test_a_login_nobody_answers_ends_the_connection() -> None:
    line = Line()
    line.venue.keeps_silent_on("public/auth")
    line.connects()

    line.waits(5 * MINUTE)

    assert line.broker.phase is Phase.IDLE
    assert len(line.venue.asked("public/auth")) <= 3


UNUSABLE_GRANTS: dict[str, Any] = {
    "a text": "ok",
    "no token": {"expires_in": 900},
    "no life": {"access_token": "a"},
    "ends at once": {"access_token": "a", "expires_in": 0},
    "a life that is no number": {"access_token": "a", "expires_in": "soon"},
}


@pytest.mark.parametrize("result", UNUSABLE_GRANTS.values(), ids=UNUSABLE_GRANTS)
def test_an_answer_that_is_no_login_counts_as_a_failed_one(result: Any) -> None:
    line = Line()
    line.venue.answers("public/auth", result)
    line.connects()

    (failed,) = line.told(LoginFailed)
    assert (failed.problem, failed.is_final) == (LoginProblem.UNREADABLE, False)
    line.waits(10_000)
    assert line.told(ConnectionUp)


SCOPE_CASES = {
    "enough": ("trade:read_write account:read", (), ()),
    "more than enough of the same": ("trade:read_write account:read_write", (), ("account:read_write",)),
    "only reading": ("trade:read account:read", ("trade:read_write",), ()),
    "trading switched off": ("trade:none account:read", ("trade:read_write",), ()),
    "no account": ("trade:read_write", ("account:read",), ()),
    "may withdraw": ("trade:read_write account:read wallet:read_write", (), ("wallet:read_write",)),
    "may see the wallet": ("trade:read_write account:read wallet:read", (), ("wallet:read",)),
    "an unknown power": ("trade:read_write account:read custody:read_write new", (), ("custody:read_write", "new")),
    "a level nobody knows": (
        "trade:all account:all",
        ("trade:read_write", "account:read"),
        ("account:all",),
    ),
    "housekeeping words": (
        "connection mainaccount session:a expires:60 ip:1.2.3.4 trade:read_write account:read",
        (),
        (),
    ),
    "nothing": ("", ("trade:read_write", "account:read"), ()),
}


@pytest.mark.parametrize(("scope", "missing", "excess"), SCOPE_CASES.values(), ids=SCOPE_CASES)
def test_granted_scopes_are_compared_with_what_trading_needs(
    scope: str, missing: tuple[str, ...], excess: tuple[str, ...]
) -> None:
    granted = tuple(scope.split())

    assert missing_scopes(granted) == missing
    assert excess_scopes(granted) == excess


def test_scopes_too_small_or_too_large_are_said_once() -> None:
    line = Line()
    grant = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "scope": "trade:read wallet:read_write"}
    line.venue.answers("public/auth", grant)
    line.venue.answers("public/auth", grant)
    line.connects()
    line.waits(721_000)

    assert line.told(ScopeTooSmall) == [ScopeTooSmall(missing=("trade:read_write", "account:read"))]
    assert line.told(KeyTooPowerful) == [KeyTooPowerful(excess=("wallet:read_write",))]
    assert [up.can_trade for up in line.told(ConnectionUp)] == [False]


def test_an_armed_cancel_on_disconnect_is_said_before_the_connection_is_up() -> None:
    line = Line()
    line.venue.answers("private/get_cancel_on_disconnect", {"scope": "connection", "enabled": False})
    line.venue.answers("private/get_cancel_on_disconnect", {"scope": "account", "enabled": True})
    line.connects()

    assert [type(item) for item in line.news] == [CancelOnDisconnectArmed, PortfolioSeen, ConnectionUp]
    assert line.told(CancelOnDisconnectArmed) == [CancelOnDisconnectArmed(scope="account")]


CHECKS = {
    "cancel on disconnect": "private/get_cancel_on_disconnect",
    "rate limits": "private/get_account_summary",
    "heartbeat": "public/set_heartbeat",
}


@pytest.mark.parametrize(("what", "method"), CHECKS.items(), ids=CHECKS)
def test_a_check_that_gets_no_answer_is_said_and_does_not_hold_up_the_rest(what: str, method: str) -> None:
    line = Line()
    line.venue.keeps_silent_on(method)
    line.connects()
    line.waits(10_000)

    assert all(what in check.what for check in line.told(CheckUnanswered))
    assert line.told(CheckUnanswered)
    assert line.told(ConnectionUp)


def test_channels_left_out_of_the_answer_are_said() -> None:
    line = Line()
    line.venue.takes_channel = lambda channel: channel != "user.lock"
    line.connects()

    (missing,) = line.told(MissingChannels)
    assert missing.channels == ("user.lock",)


def test_a_refused_subscription_names_all_its_channels() -> None:
    line = Line()
    line.venue.refuses("private/subscribe", 13778, "raw_subscriptions_not_available_for_unauthorized")
    line.connects()

    (missing,) = line.told(MissingChannels)
    assert "user.changes.any.any.raw" in missing.channels
    assert "13778" in missing.reason


def test_what_was_watched_is_asked_for_again_on_the_next_connection() -> None:
    line = Line().connects()
    line.submits(Watch(tickers=(BTC,), candles=((BTC, 5),)))
    line.transport.cut("network")
    line.forgets()

    line.connects()

    (params,) = line.venue.asked("private/subscribe")
    assert params["channels"][-2:] == ["ticker.BTC-PERPETUAL.100ms", "chart.trades.BTC-PERPETUAL.5"]


def test_a_new_connection_begins_with_a_new_login_of_its_own() -> None:
    line = Line().connects()
    line.waits(600_000)
    line.transport.cut("network")
    line.forgets()
    grant = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "scope": SCOPES + " wallet:read_write"}
    line.venue.answers("public/auth", grant)

    line.connects()
    line.waits(700_000)

    assert [params["grant_type"] for params in line.venue.asked("public/auth")] == ["client_credentials"]
    assert line.told(LoginRenewed) == []
    assert len(line.told(KeyTooPowerful)) == 1


def test_the_clock_of_an_old_connection_is_not_believed_on_a_new_one() -> None:
    line = Line().connects()
    line.transport.cut("network")
    line.venue.ahead_ms += 3_600_000
    line.venue.keeps_silent_on("public/get_time")

    line.connects()

    assert line.broker.server_now(line.now) is None


def test_attempts_to_log_in_are_counted_anew_on_a_new_connection() -> None:
    line = Line()
    line.venue.refuses("public/auth", 11094, always=True)
    line.connects()
    line.waits(MINUTE)
    line.venue.speaks_again()
    line.venue.refuses("public/auth", 11094)
    line.forgets()

    line.connects()
    line.waits(MINUTE)

    assert [failed.is_final for failed in line.told(LoginFailed)] == [False]
    assert line.told(ConnectionUp)


def test_connecting_twice_begins_nothing_and_says_so() -> None:
    line = Line()
    assert line.broker.connect(line)
    line.pumps()
    line.forgets()

    assert not line.broker.connect(line)
    assert line.transport.connection == 1
    assert line.news == []


def test_an_exchange_that_cannot_be_reached_is_a_connection_that_went_down() -> None:
    line = Line()
    line.venue.is_reachable = False
    line.connects()

    line.news.extend(line.broker.take())
    assert line.news == [ConnectionDown(reason="connection refused")]
    line.venue.is_reachable = True
    line.forgets()
    assert line.connects().told(ConnectionUp)


def test_nothing_reconnects_by_itself() -> None:
    line = Line().connects()
    line.transport.cut("network")
    line.forgets()

    line.waits(60 * MINUTE)

    assert line.venue.requests == []
    assert line.broker.phase is Phase.IDLE


def test_disconnecting_ends_open_requests_as_unknown_and_tells_the_reason_once() -> None:
    line = Line(Settings(credentials=KEY)).connects()
    line.venue.keeps_silent_on("private/buy")
    line.submits(BUY)
    line.forgets()

    line.broker.disconnect("asked to")
    line.broker.disconnect("asked again")
    line.pumps()

    assert [type(item) for item in line.news] == [FateUnknown, ConnectionDown]
    assert line.told(ConnectionDown)[0].reason == "asked to"
