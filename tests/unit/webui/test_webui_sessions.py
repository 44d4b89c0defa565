"""A login is a cookie that nothing can read or forge, that ends by itself, and that outlives a restart."""

from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from persistence.access import Scope
from persistence.database import Sync
from persistence.errors import DiskTrouble
from persistence.sessions import AGE_MS_MAX, IDLE_MS_MAX, KEPT_MAX
from persistence.store import Store
from tests.unit.webui.house import NOW, OBSERVE, OPERATE, House, Reply
from trading.values import Milliseconds, WorkerId
from webui.sessions import COOKIE, CSRF_FIELD, csrf

HOUR_S = 3600
FORM = {"content_type": "application/x-www-form-urlencoded"}


def cookie(reply: Reply) -> str:
    """What a browser sends back."""
    return f"{COOKIE}={SimpleCookie(reply.headers['Set-Cookie'])[COOKIE].value}"


def token(house: House, held: str) -> str:
    """The token of a session, as its page gets it."""
    given: list[str] = []
    house.app.route("/api/v2/told", callback=lambda: given.append(csrf()))
    house.get("told", key=None, cookie=held)
    return given[0]


@pytest.fixture
def held(house: House) -> str:
    """Somebody logged in with the key to operate."""
    return cookie(house.logs_in())


def test_a_good_key_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(house: House) -> None:
    reply = house.logs_in()

    assert (reply.status, reply.headers["Location"]) == (303, "/")
    flags = reply.headers["Set-Cookie"].lower().split("; ")
    assert {"httponly", "samesite=strict", "path=/"} <= set(flags)
    assert "secure" not in flags
    assert OPERATE not in reply.headers["Set-Cookie"]
    assert house.get("status", key=None, cookie=cookie(reply)).status == 200


def test_behind_tls_the_cookie_is_for_tls_alone(house: House) -> None:
    assert "; secure" in house.logs_in(scheme="https").headers["Set-Cookie"].lower()


def test_the_link_of_the_first_start_logs_in_and_the_key_leaves_the_address(house: House) -> None:
    reply = house.get(f"/?token={OBSERVE}", key=None)

    assert (reply.status, reply.headers["Location"], reply.body) == (303, "/", b"")
    assert house.get("status", key=None, cookie=cookie(reply)).status == 200


@pytest.mark.parametrize("key", ["", "nobody", "%FF%FE", "x" * 5000])
def test_a_wrong_key_shows_the_form_again_and_sets_nothing(house: House, key: str) -> None:
    for reply in (house.get(f"/?token={key}", key=None), house.logs_in(key)):
        assert reply.status == 403
        assert b"<form" in reply.body
        assert "Set-Cookie" not in reply.headers


def test_the_cookie_is_not_in_the_database(house: House, held: str) -> None:
    rows = house.store._database.sql("SELECT * FROM sessions").fetchall()

    assert len(rows) == 1
    assert held.partition("=")[2] not in str(rows)


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    def opened() -> Store:
        return Store.open(tmp_path, worker=WorkerId("w1"), account="paper", at=Milliseconds(NOW), sync=Sync.OFF)

    before = opened()
    held = cookie(House(before).logs_in())
    before.close_thread()
    after = opened()

    assert House(after).get("status", key=None, cookie=held).status == 200
    after.close_thread()


def test_a_session_ends_unused_and_a_used_one_when_it_is_old(house: House, held: str) -> None:
    other = cookie(house.logs_in())
    for _ in range(AGE_MS_MAX // 1000 // HOUR_S // 12 - 1):
        house.clock.passes(12 * HOUR_S)
        assert house.get("risk-settings", key=None, cookie=held).status == 200

    assert house.get("risk-settings", key=None, cookie=other).status == 401, f"unused for {IDLE_MS_MAX} ms"
    house.clock.passes(12 * HOUR_S)
    assert house.get("risk-settings", key=None, cookie=held).status == 401


def test_logging_out_ends_it_for_good(house: House, held: str) -> None:
    reply = house.call("POST", "/logout", None, b"", {"cookie": held, "x_csrf_token": token(house, held)})

    assert (reply.status, reply.headers["Location"]) == (303, "/login")
    assert "max-age=0" in reply.headers["Set-Cookie"].lower()
    assert house.get("status", key=None, cookie=held).status == 401


def test_a_session_ends_with_the_key_it_came_with(house: House, store: Store) -> None:
    secret = store.tokens.make(Scope.OPERATE, "phone", at=Milliseconds(NOW)).reveal()
    held = cookie(house.logs_in(secret))
    assert house.get("status", key=None, cookie=held).status == 200

    store.tokens.revoke(store.tokens.all()[0].id, at=Milliseconds(NOW))

    assert house.get("status", key=None, cookie=held).status == 401


def test_so_many_sessions_and_no_more(house: House) -> None:
    cookies = []
    for _ in range(KEPT_MAX + 1):
        cookies.append(cookie(house.logs_in()))
        house.clock.passes(1)

    assert house.get("risk-settings", key=None, cookie=cookies[0]).status == 401
    assert house.get("risk-settings", key=None, cookie=cookies[-1]).status == 200


def test_a_database_in_trouble_keeps_who_was_known_logged_in(
    house: House, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = token(house, held)

    def fails(*_: object, **__: object) -> None:
        raise DiskTrouble("no")

    monkeypatch.setattr(house.store.sessions, "find", fails)

    panic = house.post("panic", {"confirm": "panic"}, key=None, cookie=held, x_csrf_token=given)
    assert panic.status == 200
    assert house.get("risk-settings", key=None, cookie=f"{COOKIE}=another").status == 503


# --- csrf: what comes with a cookie and changes something must show that it is ours


def test_csrf_a_command_with_the_cookie_alone_is_refused(house: House, held: str) -> None:
    for headers in ({}, {"x_csrf_token": ""}, {"x_csrf_token": "guess"}, {"x_csrf_token": "\xff"}):
        reply = house.post("halt", key=None, cookie=held, **headers)
        assert (reply.status, reply.error["code"]) == (403, "csrf")
    assert house.desk.heard == []


def test_csrf_with_the_token_of_the_session_a_command_is_obeyed(house: House, held: str) -> None:
    assert house.post("halt", key=None, cookie=held, x_csrf_token=token(house, held)).status == 200


def test_csrf_the_token_of_another_session_is_refused(house: House, held: str) -> None:
    other = cookie(house.logs_in())

    assert house.post("halt", key=None, cookie=other, x_csrf_token=token(house, held)).status == 403


def test_csrf_a_form_may_bring_the_token_as_a_field(house: House, held: str) -> None:
    raw = urlencode({CSRF_FIELD: token(house, held)}).encode()

    assert house.call("POST", "/logout", None, raw, {"cookie": held, **FORM}).status == 303


def test_csrf_a_key_in_the_header_needs_no_token_and_looking_needs_none(house: House, held: str) -> None:
    assert house.post("halt", cookie=held).status == 200
    assert house.get("status", key=None, cookie=held).status == 200


def test_a_login_to_look_operates_nothing(house: House) -> None:
    held = cookie(house.logs_in(OBSERVE))

    reply = house.post("halt", key=None, cookie=held, x_csrf_token=token(house, held))

    assert (reply.status, reply.error["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("text", ["x", f"{COOKIE}=", f"{COOKIE}=\xff", f"{COOKIE}={'x' * 5000}", "=;;=", f'{COOKIE}="'])
def test_a_cookie_that_is_none_is_nobody(house: House, text: str) -> None:
    assert house.get("status", key=None, cookie=text).status == 401
