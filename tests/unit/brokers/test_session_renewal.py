"""Staying logged in: renewals, their failures, and a login the exchange forgot."""

from brokers.deribit.session import Phase
from brokers.facts import (
    ConnectionDown,
    LoginFailed,
    LoginRenewed,
)
from brokers.outcomes import Refused
from brokers.requests import GetPositions
from tests.unit.brokers.venue import SCOPES, Line


def test_the_login_is_renewed_at_four_fifths_of_its_life_by_its_refresh_token() -> None:
    line = Line().connects()
    line.forgets()

    line.waits(719_000)
    assert line.venue.asked("public/auth") == []
    line.waits(2_000)

    assert line.venue.asked("public/auth") == [{"grant_type": "refresh_token", "refresh_token": "r3"}]
    assert len(line.told(LoginRenewed)) == 1


def test_each_renewal_uses_the_token_of_the_last_one() -> None:
    line = Line().connects()

    line.waits(3 * 720_000 + 5_000)

    tokens = [params["refresh_token"] for params in line.venue.asked("public/auth")[1:]]
    assert len(tokens) == len(set(tokens)) == 3


def test_a_refused_renewal_falls_back_to_a_full_login_and_asks_for_the_channels_again() -> None:
    line = Line().connects()
    line.forgets()
    line.venue.refuses("public/auth", 13009, "unauthorized")

    line.waits(721_000)

    assert [params["grant_type"] for params in line.venue.asked("public/auth")] == [
        "refresh_token",
        "client_credentials",
    ]
    assert len(line.venue.asked("private/subscribe")) == 1
    assert line.told(LoginFailed) == []


def test_a_renewal_that_never_works_closes_the_connection_before_a_dead_login_is_used() -> None:
    line = Line().connects()
    line.venue.refuses("public/auth", 11094, always=True)

    line.waits(900_000)

    assert line.told(LoginFailed)[-1].is_final
    assert line.broker.phase is Phase.IDLE


def test_a_login_that_ends_while_its_renewal_has_no_answer_closes_the_connection() -> None:
    line = Line()
    short = {"access_token": "a", "refresh_token": "r", "expires_in": 20, "scope": SCOPES}
    line.venue.answers("public/auth", short)
    line.connects()
    line.venue.keeps_silent_on("public/auth")

    line.waits(19_999)
    assert line.told(ConnectionDown) == []
    line.waits(1)

    assert [failed.is_final for failed in line.told(LoginFailed)] == [True]
    assert line.told(ConnectionDown)


def test_a_lost_login_is_cured_once_by_a_new_one_and_the_refused_request_is_not_repeated() -> None:
    line = Line().connects()
    line.forgets()
    line.venue.refuses("private/get_positions", 13009, "unauthorized", {"reason": "invalid_token"}, always=True)

    for _ in range(3):
        line.submits(GetPositions())

    assert [outcome.code for outcome in line.told(Refused)] == [13009] * 3
    assert len(line.venue.asked("private/get_positions")) == 3
    assert len(line.venue.asked("public/auth")) == 1
