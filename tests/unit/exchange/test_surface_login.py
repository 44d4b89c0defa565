"""Who may come in, as whom, for how long, and what they may do then."""

from base64 import b64encode
from typing import Any

import pytest

from exchange.auth import signature_of
from exchange.switches import Switches
from tests.unit.exchange.surface import Wire

DOCUMENTED_SIGNATURE = "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1"
DOCUMENTED_MS = 1_576_074_319_000


@pytest.fixture
def wire() -> Wire:
    return Wire()


def _signed(**changes: Any) -> dict[str, Any]:
    return {
        "grant_type": "client_signature",
        "client_id": "AMANDA",
        "timestamp": DOCUMENTED_MS,
        "nonce": "1iqt2wls",
        "data": "",
        "signature": DOCUMENTED_SIGNATURE,
    } | changes


def test_a_login_answers_with_tokens_and_what_they_allow(wire: Wire) -> None:
    login = wire.client(state="mine").login
    assert login.keys() == {
        "access_token", "refresh_token", "expires_in", "scope", "token_type", "sid", "enabled_features", "state"
    }  # fmt: skip
    assert (login["expires_in"], login["token_type"], login["state"]) == (900, "bearer", "mine")
    assert set(login["scope"].split()) >= {"connection", "mainaccount", "trade:read_write", "account:read_write"}


def test_the_documented_signature_is_accepted_once() -> None:
    wire = Wire(start_ms=DOCUMENTED_MS + 1000)
    assert wire.client(None).result("public/auth", _signed())["access_token"]
    assert wire.client(None).code("public/auth", _signed()) == 13004


@pytest.mark.parametrize(
    ("late_ms", "changes"),
    [
        (60_001, {}),
        (-60_001, {}),
        (0, {"signature": DOCUMENTED_SIGNATURE[:-1] + "0"}),
        (0, {"nonce": "another"}),
        (0, {"data": "more"}),
        (0, {"client_id": "nobody"}),
    ],
)
def test_a_stale_or_false_signature_is_refused(late_ms: int, changes: dict[str, Any]) -> None:
    client = Wire(start_ms=DOCUMENTED_MS + late_ms).client(None)
    assert client.code("public/auth", _signed(**changes)) == 13004


def test_wrong_credentials_are_13004(wire: Wire) -> None:
    client = wire.client(None)
    for client_id, secret in (("paper", "no"), ("nobody", "paper"), ("", "")):
        params = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        assert client.code("public/auth", params) == 13004


def test_a_grant_type_names_what_it_lacks(wire: Wire) -> None:
    error = wire.client(None).error("public/auth", grant_type="client_credentials", client_id="paper")
    assert error["data"] == {"reason": "value is required", "param": "client_secret"}


def test_a_private_method_without_a_login_is_13009(wire: Wire) -> None:
    error = wire.client(None).error("private/get_positions")
    assert (error["code"], error["data"]) == (13009, {"reason": "invalid_token"})


def test_reading_is_granted_to_a_reader_and_writing_is_forbidden(wire: Wire) -> None:
    reader = wire.client("observer")
    assert reader.result("private/get_open_orders") == []
    buy = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market"}
    assert reader.code("private/buy", buy) == 13021
    assert reader.code("private/enable_cancel_on_disconnect") == 13021


def test_a_narrower_scope_is_granted_when_asked_for_and_a_wider_one_is_not(wire: Wire) -> None:
    assert "trade:read " in wire.client("paper", scope="trade:read").login["scope"] + " "
    assert "trade:read " in wire.client("observer", scope="trade:read_write").login["scope"] + " "
    assert "trade" not in wire.client("paper", scope="trade:none").login["scope"]


def test_a_lifetime_may_be_shorter_than_the_usual(wire: Wire) -> None:
    assert wire.client(scope="expires:60").login["expires_in"] == 60
    assert wire.client(scope="expires:99999999").login["expires_in"] == 900


def test_an_expired_token_is_13009_and_the_socket_stays(wire: Wire) -> None:
    client = wire.client()
    client.result("public/set_heartbeat", interval=3600)
    wire.waits(900_000)
    assert client.error("private/get_positions")["data"] == {"reason": "invalid_token"}
    assert client.result("public/test")


def test_a_refresh_token_works_once_and_rearms_the_socket(wire: Wire) -> None:
    client = wire.client()
    client.result("public/set_heartbeat", interval=3600)
    wire.waits(900_000)
    token = client.login["refresh_token"]
    renewed = client.result("public/auth", grant_type="refresh_token", refresh_token=token)
    assert client.result("private/get_positions") == []
    assert renewed["refresh_token"] != token
    assert client.code("public/auth", grant_type="refresh_token", refresh_token=token) == 13009


class TestScopes:
    """`connection` dies with its socket; `session:name` does not."""

    def test_a_connection_token_is_worth_nothing_elsewhere(self, wire: Wire) -> None:
        token = wire.client().login["access_token"]
        assert wire.client(None).code("private/get_positions", access_token=token) == 13009

    def test_a_session_token_works_on_other_sockets_and_over_http(self, wire: Wire) -> None:
        token = wire.client(scope="session:mine").login["access_token"]
        assert wire.client(None).result("private/get_positions", access_token=token) == []
        headers = {"authorization": f"Bearer {token}"}
        assert wire.http("GET", "/api/v2/private/get_positions", headers=headers)["result"] == []

    def test_the_seventeenth_session_evicts_the_oldest_without_a_word(self, wire: Wire) -> None:
        clients = [wire.client(scope=f"session:{number}") for number in range(17)]
        assert clients[0].code("private/get_positions") == 13009
        assert clients[1].result("private/get_positions") == []

    def test_a_fork_is_a_second_session_with_the_same_rights(self, wire: Wire) -> None:
        client = wire.client(scope="session:one trade:read")
        forked = client.result("public/fork_token", refresh_token=client.login["refresh_token"], session_name="two")
        assert {"session:two", "trade:read"} <= set(forked["scope"].split())
        assert client.result("private/get_positions") == []

    def test_a_token_cannot_be_exchanged_for_another_owners_account(self, wire: Wire) -> None:
        client = wire.client(scope="session:one")
        token = client.login["refresh_token"]
        assert client.code("public/exchange_token", refresh_token=token, subject_id=100_002) == 13021
        assert client.result("public/exchange_token", refresh_token=token, subject_id=100_001)["access_token"]


class TestOverHttp:
    """Three kinds of Authorization header."""

    def test_basic(self, wire: Wire) -> None:
        for secret, key in (("paper", "result"), ("no", "error")):
            header = "Basic " + b64encode(f"paper:{secret}".encode()).decode()
            reply = wire.http("GET", "/api/v2/private/get_positions", headers={"Authorization": header})
            assert key in reply

    def test_a_signed_call(self, wire: Wire) -> None:
        uri, query = "/api/v2/private/get_positions", {"currency": "BTC"}
        call = f"GET\n{uri}?currency=BTC\n\n"
        for text, key in ((call, "result"), (call.replace("BTC", "ETH"), "error")):
            signature = signature_of("paper", wire.now_ms, "n", text)
            header = f"deri-hmac-sha256 id=paper,ts={wire.now_ms},nonce=n,sig={signature}"
            assert key in wire.http("GET", uri, query=query, headers={"Authorization": header})

    @pytest.mark.parametrize(
        "header", ["", "Basic !", "Basic 8A==", "Bearer nonsense", "deri-hmac-sha256 id", "Digest x"]
    )
    def test_a_header_that_proves_nothing_is_refused(self, wire: Wire, header: str) -> None:
        reply = wire.http("GET", "/api/v2/private/get_positions", headers={"Authorization": header})
        assert reply["error"]["code"] in {13004, 13009}


def test_logging_out_ends_the_socket_without_an_answer_and_cancels_nothing(wire: Wire) -> None:
    client = wire.client(scope="session:mine")
    client.result("private/enable_cancel_on_disconnect")
    order = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit", "price": 63_500}
    client.result("private/buy", order)
    out = client.sends({"jsonrpc": "2.0", "id": 5, "method": "private/logout", "params": {}})
    assert [type(item).__name__ for item in out] == ["Close"]
    other = wire.client()
    assert len(other.result("private/get_open_orders")) == 1
    assert other.code("private/get_positions", access_token=client.login["access_token"]) == 13009


@pytest.mark.parametrize(("position", "heard"), [("silent", 0), ("continue", 1)])
def test_what_private_channels_do_at_expiry_is_a_switch(position: Any, heard: int) -> None:
    wire = Wire(switches=Switches(private_channels_at_expiry=position))
    client = wire.client()
    client.subscribes("user.orders.any.any.raw")
    wire.waits(900_000)
    order = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit", "price": 63_500}
    wire.client().result("private/buy", order)
    assert len(client.pushes("user.orders.any.any.raw")) == heard


def test_raw_channels_want_a_login(wire: Wire) -> None:
    stranger = wire.client(None)
    channels = ["ticker.BTC-PERPETUAL.100ms", "ticker.BTC-PERPETUAL.raw"]
    assert stranger.code("public/subscribe", channels=channels) == 13778
    assert sorted(wire.client().result("public/subscribe", channels=channels)) == sorted(channels)
