"""Nobody without a key learns anything, and a key to look with changes nothing."""

from pathlib import Path

import pytest

from persistence.access import Scope
from persistence.errors import DiskTrouble
from persistence.store import Store
from tests.unit.webui.house import NOW, OBSERVE, OPERATE, House
from trading.values import Milliseconds, WorkerId
from webui.access import LocalKey, first_tokens
from webui.gate import ASKS_BURST
from webui.lockout import ALL_FAILURES_MAX, FAILURES_MAX, KEPT_MAX, LOCKED_MS, Lockout

FORM = {"content_type": "application/x-www-form-urlencoded"}
EMPTY = House(Store.in_memory(worker=WorkerId("w1"), account="a"))
ROUTES = [(route.method, route.rule.replace("<name>", "x")) for route in EMPTY.app.routes]
OPEN = {"/login", "/health", "/static/x"}
CLOSED = [each for each in ROUTES if each[1] not in OPEN]
PAGES = [path for method, path in CLOSED if method == "GET" and not path.startswith(("/api", "/metrics"))]
COMMANDS = [each for each in CLOSED if each[0] != "GET"]


@pytest.mark.parametrize(("method", "path"), [each for each in CLOSED if each[1] not in PAGES])
def test_without_a_key_nothing_answers(house: House, method: str, path: str) -> None:
    reply = house.call(method, path, None, b"", {})

    assert reply.status == 401
    assert reply.error["code"] == "login_needed"
    assert reply.headers["Www-Authenticate"] == "Bearer"
    assert house.desk.heard == []


@pytest.mark.parametrize("path", [*PAGES, "/nothing/here"])
def test_without_a_login_every_page_leads_to_the_login(house: House, path: str) -> None:
    reply = house.get(path, key=None)

    assert (reply.status, reply.headers["Location"], reply.body) == (303, "/login", b"")


@pytest.mark.parametrize("path", ["/health", "/login"])
def test_health_and_the_login_answer_anybody(house: House, path: str) -> None:
    house.is_well()

    assert house.get(path, key=None).status == 200


@pytest.mark.parametrize(("method", "path"), [each for each in COMMANDS if each[1] != "/logout"])
def test_a_key_to_look_with_operates_nothing(house: House, method: str, path: str) -> None:
    reply = house.call(method, path, OBSERVE, b'{"confirm": "panic"}', {})

    assert reply.status == 403
    assert reply.error["code"] == "not_allowed"
    assert house.desk.heard == []


WRONG_KEYS = {
    "unknown": "Bearer nobody",
    "empty": "Bearer ",
    "another scheme": f"Basic {OPERATE}",
    "no scheme": OPERATE,
    "not ascii": "Bearer \xff\xfe",
    "longer by one": f"Bearer {OPERATE}x",
}


@pytest.mark.parametrize("header", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_a_wrong_key_is_refused(house: House, header: str) -> None:
    assert house.get("status", key=None, authorization=header).status == 401


def test_an_address_that_is_not_there_is_not_told_to_strangers(house: House) -> None:
    assert house.get("/api/v2/nothing", key=None).status == 401
    assert house.get("/api/v2/nothing").status == 404


HOSTS = {
    "127.0.0.1:8080": 200,
    "[::1]:8080": 200,
    "192.168.1.7": 200,
    "localhost:8080": 200,
    "LOCALHOST": 200,
    "trade.example.org": 200,
    "evil.example.org": 403,
    "127.0.0.1.evil.example.org": 403,
    "localhost.evil.org": 403,
    "": 403,
    "[": 403,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_a_host_name_that_is_not_ours_is_refused(house: House, host: str, status: int) -> None:
    """A page of somebody else's can make his name lead to this machine, and then ask it things."""
    house.is_well()

    assert house.get("/health", key=None, host=host).status == status


def test_a_command_from_another_site_is_refused(house: House) -> None:
    assert house.post("halt", origin="http://127.0.0.1:8080").status == 200
    assert house.post("halt", origin="http://evil.example.org").error["code"] == "origin_refused"
    assert len(house.desk.heard) == 1


def test_brute_force_locks_the_address_and_tells_a_person_once(house: House) -> None:
    replies = [house.get("status", key=f"guess {number}") for number in range(FAILURES_MAX + 3)]

    assert [reply.status for reply in replies] == [401] * FAILURES_MAX + [429] * 3
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= LOCKED_MS // 1000 + 1
    assert [kind for kind, _ in house.alerts] == ["login_locked"]
    assert "127.0.0.1" in house.alerts[0][1]
    house.clock.passes(LOCKED_MS / 1000)
    assert house.get("status", key="guess").status == 401


def test_brute_force_is_not_told_when_a_guess_was_right(house: House) -> None:
    """While an address is locked its keys are not looked at, so that guessing on is of no use."""
    for number in range(FAILURES_MAX):
        house.get("status", key=f"guess {number}")

    assert house.get("status").status == 429
    assert house.post("/login", b"token=" + OPERATE.encode(), key=None, **FORM).status == 429
    assert house.get("status", remote="192.168.1.9").status == 200


def test_brute_force_does_not_hold_up_a_key_that_was_good_there_before(house: House) -> None:
    """A script with a wrong key on the person's own machine must not keep the person out."""
    assert house.get("status").status == 200
    for number in range(FAILURES_MAX + 1):
        house.get("status", key=f"guess {number}")

    assert house.get("status").status == 200
    assert house.get("status", key=OPERATE).status == 429


def test_brute_force_from_everywhere_locks_new_logins_and_lets_known_keys_in(house: House) -> None:
    assert house.get("status").status == 200
    for number in range(ALL_FAILURES_MAX):
        house.get("status", key="guess", remote=f"10.0.{number // 250}.{number % 250}")

    assert house.get("status", key="guess", remote="10.9.9.9").status == 429
    assert house.get("status").status == 200
    assert [kind for kind, _ in house.alerts] == ["login_locked"]


def test_what_is_remembered_of_strangers_has_a_bound() -> None:
    lockout = Lockout(now_ms=lambda: 0, alert=lambda _kind, _text: None)
    for number in range(KEPT_MAX * 2):
        lockout.failed(str(number))
        lockout.succeeded(str(number), "digest")

    assert len(lockout._tries) <= KEPT_MAX
    assert len(lockout._good) <= KEPT_MAX


def test_a_loop_gone_wild_is_stopped_and_others_are_not(house: House) -> None:
    statuses = [house.get("risk-settings").status for _ in range(ASKS_BURST + 1)]

    assert statuses[-2:] == [200, 429]
    assert house.get("risk-settings", key=OPERATE).status == 200


def test_a_stored_key_works_until_it_is_revoked(house: House, store: Store) -> None:
    at = Milliseconds(NOW)
    secret = store.tokens.make(Scope.OBSERVE, "phone", at=at)

    assert house.get("status", key=secret.reveal()).status == 200
    store.tokens.revoke(store.tokens.all()[0].id, at=at)
    house.clock.passes(11)
    assert house.get("status", key=secret.reveal()).status == 401


def test_a_database_in_trouble_locks_out_nobody_it_knew(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, a position is open: the person must still be able to press panic."""
    secret = store.tokens.make(Scope.OPERATE, "phone", at=Milliseconds(NOW)).reveal()
    assert house.get("risk-settings", key=secret).status == 200

    def fails(*_: object, **__: object) -> None:
        raise DiskTrouble("no")

    monkeypatch.setattr(store.tokens, "check", fails)
    house.clock.passes(60)
    assert house.post("panic", {"confirm": "panic"}, key=secret).status == 200
    assert house.post("panic", {"confirm": "panic"}, key=OPERATE).status == 200
    assert house.get("risk-settings", key="another").status == 503


def test_first_keys_are_made_once_and_only_where_none_is_given(store: Store) -> None:
    at = Milliseconds(NOW)

    assert [scope for scope, _ in first_tokens(store.tokens, given=[Scope.OPERATE], at=at)] == [Scope.OBSERVE]
    assert [scope for scope, _ in first_tokens(store.tokens, given=[], at=at)] == [Scope.OPERATE]
    assert first_tokens(store.tokens, given=[], at=at) == []


def test_the_local_key_is_readable_by_its_owner_alone_and_goes_with_the_service(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text("left by an earlier life")
    key = LocalKey(tmp_path)
    key.write("http://127.0.0.1:1", 7)

    assert (tmp_path / "api.json").stat().st_mode & 0o777 == 0o600
    assert key.secret.reveal() in (tmp_path / "api.json").read_text()
    assert LocalKey(tmp_path).secret != key.secret
    key.remove()
    assert list(tmp_path.iterdir()) == []


def test_every_answer_forbids_what_a_browser_could_do_with_it(house: House) -> None:
    for reply in (
        house.get("/login", key=None),
        house.get("/"),
        house.get("status"),
        house.get("nothing"),
        house.get("status", key=None),
    ):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
