"""The document of the API is valid, names every address there is and no other, and answers are as it says."""

import re
from typing import Any

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from persistence.access import Scope
from persistence.store import Store
from tests.unit.persistence.made import Life
from tests.unit.webui.house import OPERATE, House
from webui import openapi
from webui.routes import API, ROUTES

DOCUMENT = msgspec.json.decode(msgspec.json.encode(openapi.document("9.9")))
OUTSIDE = {"/health", "/metrics"}
PAGES = re.compile(r"/(login|logout|static/.*|strategies.*|trades.*|orders|events|reconcile|issues|settings)?")


def operation(method: str, path: str) -> dict[str, Any]:
    found = DOCUMENT["paths"][path][method.lower()]
    assert isinstance(found, dict)
    return found


def fits(content: object, method: str, path: str, status: int = 200) -> None:
    """The content is what the document says of it."""
    schema = operation(method, path)["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(content, {**schema, "components": DOCUMENT["components"]})


def test_the_document_is_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_address_of_the_application_is_in_it_and_no_other(house: House) -> None:
    mounted = {
        (route.method.lower(), route.rule.replace("<name>", "{id}"))
        for route in house.app.routes
        if route.rule.startswith(API) or route.rule in OUTSIDE
    }
    documented = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert mounted == documented
    others = {route.rule for route in house.app.routes} - {path for _, path in mounted}
    others -= {route.rule for route in house.app.routes if route.rule.startswith(API)}
    assert [rule for rule in others if not PAGES.fullmatch(rule)] == []


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [each["operationId"] for methods in DOCUMENT["paths"].values() for each in methods.values()]

    assert len(names) == len(set(names))


def test_it_is_answered_to_whoever_has_a_key(house: House) -> None:
    assert house.get("openapi.json").json == DOCUMENT
    assert house.get("openapi.json", key=None).status == 401


def test_only_looking_is_for_keys_to_look_with() -> None:
    assert {route.method for route in ROUTES if route.scope is Scope.OBSERVE} == {"GET"}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.path)
def test_what_is_answered_is_what_the_document_says(kept: Store, route: Any) -> None:
    house = House(kept)
    life = Life(kept)
    life.begins()
    life.fills()
    risk = {"mode": "percent", "value": "1", "leverage": None, "notional": None}
    house.settings["risk"] = risk
    house.is_well()
    reply = house.get(route.path.replace("{id}", str(life.plan.bracket_id)))

    if reply.status == 404:
        fits(reply.json, "GET", f"{API}/{route.path}", 404)
        return
    fits(reply.json, "GET", f"{API}/{route.path}")


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.method != "GET"], ids=lambda r: f"{r.method} {r.path}"
)
def test_wrong_words_are_answered_as_the_document_says(house: House, route: Any) -> None:
    reply = house.sends(route.method, route.path.replace("{id}", "nope"), {"no such word": 1}, OPERATE)

    assert reply.status == 400
    fits(reply.json, route.method, f"{API}/{route.path}", 400)


def test_health_is_as_the_document_says(house: House) -> None:
    fits(house.get("/health", key=None).json, "GET", "/health", 503)
    house.is_well()
    fits(house.get("/health", key=None).json, "GET", "/health")


def test_figures_come_as_the_document_says(house: House) -> None:
    (said,) = operation("GET", "/metrics")["responses"]["200"]["content"]

    assert house.get("/metrics").headers["Content-Type"] == said


def test_of_panic_alone_it_is_not_said_that_nothing_was_done() -> None:
    """It goes out even when nothing can be recorded: docs/decisions/0008."""
    said = {
        path: operation("POST", path)["responses"]["503"]["description"]
        for path, methods in DOCUMENT["paths"].items()
        if "post" in methods
    }
    unlike = {path for path, text in said.items() if text != "It cannot be done now, and nothing was done."}

    assert unlike == {f"{API}/panic"}
    assert "it is being done" in said[f"{API}/panic"]


PROMISED = """
GET status strategies strategies/{id} trades trades/{id} orders positions events issues reconciliations brokers
broker/active risk-settings settings candles equity backups stream openapi.json
POST strategies/{id}/start strategies/{id}/pause strategies/{id}/resume strategies/{id}/stop strategies/{id}/close
issues/{id}/resolve reconcile broker/active broker/connect broker/disconnect broker/reconnect broker/test risk-settings
settings halt unhalt panic backups brokers/{id}/credentials
PATCH strategies/{id} PUT brokers/{id}/credentials DELETE brokers/{id}/credentials
"""


def test_the_addresses_others_lean_on_are_there() -> None:
    method = ""
    for word in PROMISED.split():
        if word.isupper():
            method = word.lower()
        else:
            assert method in DOCUMENT["paths"][f"{API}/{word}"], f"{method} {word}"
