"""The published descriptions of Deribit's interface: where they lie, and validators made of them.

They belong to Deribit and are no part of this project: they are read from `../shared/deribit` beside the checkout
(or from the folder in TRADEBAAS_DERIBIT), and what leans on them is skipped where they are missing.
"""

import copy
import functools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema

from tests.schema import defects

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(os.environ.get("TRADEBAAS_DERIBIT") or _CHECKOUT.parent / "shared" / "deribit")
MISSING: Final = None if (FOLDER / "schema" / "openapi").is_dir() else f"no published schemas in {FOLDER}"

Schema = dict[str, Any]


def _read(path: str) -> Any:
    return json.loads((FOLDER / path).read_text())


def _plain(node: Any) -> Any:
    """OpenAPI's `nullable` in the words of JSON Schema; closed objects opened (strictness is added later)."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if key not in {"example", "examples", "description"}}
    # A property may be called "nullable" or "description": keep those, they are schemas, not words about one.
    for key in ("description", "example", "examples"):
        if isinstance(node.get(key), dict) and "type" in node[key]:
            plain[key] = _plain(node[key])
    if plain.get("nullable") is True:
        del plain["nullable"]
        plain["type"] = [plain["type"], "null"]
    if plain.get("additionalProperties") is False:
        del plain["additionalProperties"]
    return plain


def objects(node: Any) -> Iterator[Schema]:
    """Every object schema with named properties in a document, outermost first."""
    if isinstance(node, list):
        for item in node:
            yield from objects(item)
    elif isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for value in node.values():
            yield from objects(value)


@functools.cache
def _components() -> Schema:
    """The REST description's schemas, the known defects mended."""
    document = _read("schema/openapi/deribit-openapi-2.1.1.json")
    components = {"schemas": _plain(document["components"]["schemas"])}
    for schema in components["schemas"].values():
        _merge(schema, components["schemas"])
    components["responses"] = document["components"]["responses"]
    defects.mend_components(components["schemas"])
    defects.mend(components["schemas"], objects)
    return components


def _merge(schema: Schema, schemas: Schema) -> None:
    """Write an `allOf` out as the one object it means: a closed object cannot be composed."""
    for part in schema.pop("allOf", []):
        whole = schemas[part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else part
        schema["type"] = "object"
        schema.setdefault("properties", {}).update(whole.get("properties", {}))
        schema["required"] = schema.get("required", []) + whole.get("required", [])


@functools.cache
def _paths() -> Schema:
    paths: Schema = _read("schema/openapi/deribit-openapi-2.1.1.json")["paths"]
    return paths


@functools.cache
def _channels() -> dict[str, Schema]:
    """Per channel address the schema of a notification's `data`, the known defects mended."""
    found: dict[str, Schema] = {}
    for address, block in _read("schema/channels.json").items():
        sent = next(operation for operation in block["operations"] if operation["type"] == "send")
        schema = _plain(sent["messages"][0]["jsonPayloadSchema"])
        found[address] = schema["properties"]["data"]
    defects.mend(found, objects)
    defects.mend_channels(found)
    return found


def errors() -> list[Schema]:
    """The published table of error codes."""
    rows: list[Schema] = _read("schema/errors.json")["errors"]
    return rows


def methods() -> list[str]:
    return sorted(path.removeprefix("/") for path in _paths())


def required_params(method: str) -> list[str]:
    parameters = _paths()["/" + method]["get"].get("parameters", [])
    resolved = [_parameter(parameter) for parameter in parameters]
    return [parameter["name"] for parameter in resolved if parameter.get("required")]


def _parameter(parameter: Schema) -> Schema:
    if "$ref" not in parameter:
        return parameter
    document = _read("schema/openapi/deribit-openapi-2.1.1.json")
    found: Schema = document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[-1]]
    return found


def _closed(schema: Schema) -> Schema:
    """A copy in which an object may carry only what is described: this finds keys nobody knows."""
    copied = copy.deepcopy(schema)
    for found in objects(copied):
        found.setdefault("additionalProperties", False)
    return copied


@functools.cache
def _library(strict: bool) -> Schema:
    schemas = _components()["schemas"]
    return _closed(schemas) if strict else schemas


@functools.cache
def reply_validator(method: str, *, strict: bool) -> jsonschema.Draft202012Validator:
    """For a whole reply (envelope and result) of one method."""
    answer = _paths()["/" + method]["get"]["responses"]["200"]
    if "$ref" in answer:
        answer = _components()["responses"][answer["$ref"].rsplit("/", 1)[-1]]
    schema = answer["content"]["application/json"]["schema"]
    return _validator(schema, strict)


@functools.cache
def component_validator(name: str, *, strict: bool) -> jsonschema.Draft202012Validator:
    return _validator({"$ref": f"#/components/schemas/{name}"}, strict)


@functools.cache
def channel_validator(address: str, *, strict: bool) -> jsonschema.Draft202012Validator:
    """For the `data` of one notification of the channel with this address."""
    schema = _channels()[address]
    return _validator(_closed(schema) if strict else schema, strict)


def _validator(schema: Schema, strict: bool) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": {"schemas": _library(strict)}})


def all_objects() -> Iterator[Schema]:
    """Every object the two documents describe."""
    yield from objects(_components()["schemas"])
    yield from objects(_channels())


def addresses() -> list[str]:
    return sorted(_channels())


def address_of(channel: str) -> str:
    """The channel's address in the published description: `ticker.X.raw` -> `ticker.(instrument_name).(interval)`."""
    for address in sorted(_channels(), key=lambda one: one.count("(")):
        if re.fullmatch(re.sub(r"\\\(\w+\\\)", "[^.]+", re.escape(address)), channel):
            return address
    raise KeyError(channel)


def complaints(validator: jsonschema.Draft202012Validator, value: Any) -> list[str]:
    """What is wrong with a value, one sentence each with its place; [] when nothing is."""
    found = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


def samples(kind: str, pattern: str) -> list[Path]:
    return sorted((FOLDER / "samples" / kind).glob(pattern))
