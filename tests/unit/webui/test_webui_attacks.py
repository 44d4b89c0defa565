"""What others may try: another host or site, paths, headers, bodies, stored scripts. Nothing comes of it."""

from typing import Any

import pytest

from actors.journal_rows import strategy_row
from persistence.issues import Finding
from persistence.store import Store
from tests.unit.persistence.made import Life
from tests.unit.webui.house import NOW, OPERATE, House
from trading.values import Milliseconds
from webui.answers import BODY_MAX

EVIL = "http://evil.example.org"
DESK = "https://desk.example.org"
SCRIPT = '<script>alert("1")</script><img src=x onerror=alert(1)>'
AT = Milliseconds(NOW)


# --- wrong host or origin


@pytest.mark.parametrize("origin", [EVIL, "null", "https://127.0.0.1.evil.org", "http://127.0.0.1:8081", "http://["])
@pytest.mark.parametrize(("method", "path"), [("POST", "halt"), ("PATCH", "strategies/a"), ("POST", "/login")])
def test_wrong_origin_a_command_from_another_site_is_refused(house: House, method: str, path: str, origin: str) -> None:
    reply = house.sends(method, path, {}, origin=origin)

    assert (reply.status, reply.error["code"]) == (403, "origin_refused")
    assert house.desk.heard == []


def test_wrong_origin_without_one_the_browsers_word_counts(house: House) -> None:
    assert house.post("halt", sec_fetch_site="cross-site").status == 403
    assert house.post("halt", sec_fetch_site="same-origin").status == 200


def test_wrong_host_is_refused_before_any_key_is_looked_at(house: House) -> None:
    reply = house.get("status", host="evil.example.org")

    assert (reply.status, reply.error["code"]) == (403, "host_refused")


def test_another_site_may_use_the_api_only_when_it_is_listed_and_with_a_key(house: House) -> None:
    question = house.call("OPTIONS", "halt", None, b"", {"origin": DESK, "access_control_request_method": "POST"})
    assert question.status == 204
    assert question.headers["Access-Control-Allow-Origin"] == DESK
    assert "Authorization" in question.headers["Access-Control-Allow-Headers"]

    answer = house.post("halt", origin=DESK)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, DESK)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    held = house.logs_in().headers["Set-Cookie"].split(";")[0]
    assert house.get("status", key=None, origin=DESK, cookie=held).status == 401
    assert house.get("status", key=None, cookie=held).status == 200


@pytest.mark.parametrize("path", ["halt", "/login", "/"])
def test_a_site_that_is_not_listed_is_told_nothing(house: House, path: str) -> None:
    reply = house.call("OPTIONS", path, OPERATE, b"", {"origin": EVIL})

    assert reply.status == 403
    assert "Access-Control-Allow-Origin" not in house.get("status", origin=EVIL).headers


# --- paths


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/static/..\\app.py",
        "/static/tradebaas.css/..",
        "/../../etc/passwd",
        "/api/v2/backups/../../var/secret.key",
    ],
)
def test_path_traversal_leads_nowhere(house: House, path: str) -> None:
    for text in (path, path.replace("%2e", ".").replace("%2f", "/")):
        reply = house.get(text)
        assert reply.status in {303, 401, 404}
        assert b"import" not in reply.body
        assert b"root:" not in reply.body


# --- bodies and headers


def test_an_oversized_body_is_refused_everywhere(house: House) -> None:
    for method, path in (("POST", "halt"), ("PATCH", "strategies/a"), ("PUT", "brokers/deribit/credentials")):
        reply = house.call(method, path, OPERATE, b"x" * (BODY_MAX + 1), {})
        assert (reply.status, reply.error["code"]) == (413, "too_large")
    assert house.logs_in("x" * BODY_MAX).status == 413


@pytest.mark.parametrize("evil", ["a\r\nSet-Cookie: x=1", "a\nX-Evil: 1", "a\r\n\r\n<html>"])
def test_header_injection_is_not_possible(house: House, evil: str) -> None:
    replies = [
        house.post("halt", idempotency_key=evil),
        house.get("status", origin=evil),
        house.call("GET", f"trades/{evil}", OPERATE, b"", {}),
        house.get("/?token=" + evil.replace("\r", "%0D").replace("\n", "%0A"), key=None),
    ]

    for reply in replies:
        assert not any("\r" in value or "\n" in value for value in reply.headers.values())
        assert not {"X-Evil"} & reply.headers.keys()


# --- scripts in what comes from outside


def test_a_stored_script_is_text_wherever_it_comes_from(house: House, store: Store) -> None:
    Life(store).begins()
    store._database.sql("UPDATE brackets SET reason = ?", (SCRIPT,))
    store.events.add("alert", SCRIPT, SCRIPT, at=AT, detail={SCRIPT: SCRIPT})
    store.issues.open(Finding(key="k", kind=SCRIPT, text=SCRIPT, evidence=SCRIPT, actions=(SCRIPT,)), at=AT)
    store.reports.add(at=AT, trigger=SCRIPT, took_ms=1, findings=[{"kind": SCRIPT}], detail=SCRIPT)
    order: dict[str, Any] = {"order_id": SCRIPT, "instrument": SCRIPT, "label": SCRIPT, "updated_at": 1}
    house.shows(
        strategies={"a": {**strategy_row("a", 1), "reason": SCRIPT, "decision": SCRIPT, "traceback": SCRIPT}},
        orders={"1": {**order, "is_dormant": False, "leg": "stop"}},
        halt={"reason": SCRIPT, "by": SCRIPT, "since": 1},
        alerts=({"severity": "error", "kind": SCRIPT, "text": SCRIPT, "at": 1},),
    )
    for path in ("status", "strategies/a", "trades", "orders", "events", "issues", "reconciliations", "nothing"):
        reply = house.get(path)
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path", [f"trades/{SCRIPT}", f"strategies/{SCRIPT}", f"trades?status={SCRIPT}", f"events?{SCRIPT}=1"]
)
def test_a_script_that_is_asked_for_comes_back_as_json_at_most(house: House, path: str) -> None:
    reply = house.get(path)

    assert reply.status in {400, 404}
    assert reply.headers["Content-Type"] == "application/json"


def test_words_looked_for_are_words_and_no_pattern(house: House, store: Store) -> None:
    for text in ("100% sure", "100 sure", "a_b", "axb", "it's"):
        store.events.add("note", "x", text, at=AT)

    def found(words: str) -> list[str]:
        return [row["text"] for row in house.get(f"events?q={words}").json["items"]]

    assert found("100%25") == ["100% sure"]
    assert found("a_b") == ["a_b"]
    assert found("sure+100") == ["100 sure", "100% sure"]
    assert found("IT'S") == ["it's"]
    assert found("'; DROP TABLE events; --") == []
