"""The document of the API (OpenAPI 3.1), written from the table of routes and the types of what goes in and out."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from webui import metrics, shapes
from webui.answers import BODY_MAX
from webui.bodies import PANIC, StreamQuery
from webui.commands import KEY_MAX, KEY_PATTERN
from webui.routes import API, ROUTES, Route

_REF: Final = "#/components/schemas/{name}"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_NAMED: Final = re.compile(r"[^A-Za-z0-9._-]+")

_REFUSALS: Final = {
    400: "Wrong input: `field` and `reason` say where and why.",
    401: "No key, or a wrong one.",
    403: "A key for looking only; a host or site that is not ours; a missing CSRF token.",
    404: "There is no such thing.",
    405: "Not with this method.",
    409: "The state does not allow it, and is named; or an idempotency key that was used for something else.",
    413: "The body is too large.",
    429: "Too many: wait as long as `Retry-After` says.",
    500: "Something is wrong in the service itself.",
    503: "It cannot be done now, and nothing was done.",
    504: "No answer in time: it may still be done, look first.",
}
_PANIC_UNRECORDED: Final = (
    "With the state `halted`: it is being done, and the database takes no writes, so none of it is recorded, and the"
    " halt ends with the process. Without: nothing was done."
)
_OF_LOOKING: Final = (400, 401, 403, 405, 429, 500, 503)
_OF_COMMANDS: Final = (400, 401, 403, 405, 409, 413, 429, 500, 503, 504)


def document(version: str) -> dict[str, Any]:
    """Write it."""
    types: list[Any] = [shapes.Error, shapes.Health, StreamQuery]
    for route in ROUTES:
        types += [route.takes, route.answers]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    found = dict(zip((_key(each) for each in types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(f"{API}/{route.path}", {})[route.method.lower()] = _operation(route, found, components)
    paths |= _others(found, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tradebaas",
            "version": version,
            "description": "A trading service for Deribit perpetuals. Money is text, times are milliseconds UTC.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": {_NAMED.sub("_", name).strip("_"): schema for name, schema in _clean(components).items()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "tradebaas_session",
                    "description": "The page's. What changes something needs the header `X-CSRF-Token`, too.",
                },
            },
        },
    }


def _operation(route: Route, found: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    words = re.findall(r"[A-Za-z]+", route.path)
    is_looking = route.method == "GET"
    statuses = [*(_OF_LOOKING if is_looking else _OF_COMMANDS), *([404] if "{" in route.path else [])]
    if route.path in {"broker/active", "broker/test"} and not is_looking:
        statuses.append(404)  # a broker that there is not
    operation: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *words]),
        "summary": route.about,
        "tags": [words[0]],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PLACE.findall(route.path)
        ],
        "responses": {
            "200": _answer("What was asked for." if is_looking else "It is on disk.", found[_key(route.answers)]),
            **_refusals(statuses, found),
        },
    }
    if is_looking:
        operation["parameters"] += _query(route.takes, components)
        return operation
    if route.path == PANIC:
        operation["responses"]["503"]["description"] = _PANIC_UNRECORDED
    operation["parameters"].append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Asked again under the same key, the first answer is given again and nothing is done.",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": KEY_PATTERN},
        }
    )
    needs = any(one.required for one in msgspec.structs.fields(route.takes))
    operation["requestBody"] = {
        "required": needs,
        "description": f"At most {BODY_MAX} bytes." + ("" if needs else " Empty is an empty object."),
        "content": {"application/json": {"schema": _clean(found[_key(route.takes)])}},
    }
    return operation


def _others(found: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The addresses that are not lists or commands."""

    def text(kind: str) -> dict[str, Any]:
        return {"description": "Text.", "content": {kind: {"schema": {"type": "string"}}}}

    health = _answer("It does what it is for, or a person should look.", found[_key(shapes.Health)])
    return {
        "/health": {
            "get": {
                "operationId": "get_health",
                "summary": "Whether it does what it is for. Needs no key.",
                "tags": ["health"],
                "security": [],
                "responses": {"200": health, "503": {**health, "description": "It starts, or fails."}},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "get_metrics",
                "summary": "Figures for Prometheus.",
                "tags": ["health"],
                "responses": {"200": text(metrics.CONTENT_TYPE), **_refusals(_OF_LOOKING, found)},
            }
        },
        f"{API}/stream": {
            "get": {
                "operationId": "get_stream",
                "summary": "Server-sent events: what was missed, then what happens.",
                "tags": ["stream"],
                "parameters": [
                    *_query(StreamQuery, components),
                    {
                        "name": "Last-Event-ID",
                        "in": "header",
                        "schema": {"type": "integer", "minimum": 0},
                    },
                ],
                "responses": {"200": text("text/event-stream"), **_refusals(_OF_LOOKING, found)},
            }
        },
        f"{API}/openapi.json": {
            "get": {
                "operationId": "get_openapi",
                "summary": "This document.",
                "tags": ["openapi"],
                "responses": {
                    "200": _answer("The document.", {"type": "object"}),
                    **_refusals(_OF_LOOKING, found),
                },
            }
        },
    }


def _query(shape: type[msgspec.Struct], components: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters of a query; in an address there is no null."""
    properties = components[shape.__name__]["properties"]
    parameters = []
    for one in msgspec.structs.fields(shape):
        schema = _clean(properties[one.encode_name])
        variants = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        if len(variants) == 1:
            schema = variants[0]
        schema = {key: value for key, value in schema.items() if (key, value) != ("default", None)}
        parameters.append({"name": one.encode_name, "in": "query", "schema": schema})
    return parameters


def _answer(about: str, schema: Any) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": _clean(schema)}}}


def _refusals(statuses: Iterable[int], found: dict[str, Any]) -> dict[str, Any]:
    return {str(status): _answer(_REFUSALS[status], found[_key(shapes.Error)]) for status in sorted(statuses)}


def _key(shape: Any) -> str:
    return str(shape)


def _clean(part: Any) -> Any:
    """Give names of generic types without the brackets that references must not have."""
    if isinstance(part, dict):
        return {
            key: _REF.format(name=_NAMED.sub("_", value.rpartition("/")[2]).strip("_"))
            if key == "$ref"
            else _clean(value)
            for key, value in part.items()
        }
    return [_clean(each) for each in part] if isinstance(part, list) else part
