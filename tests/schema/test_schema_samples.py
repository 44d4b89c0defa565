"""The harness proved on captures from real servers: what Deribit sends must pass, or the check is worth nothing."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.schema import defects, documents

pytestmark = pytest.mark.skipif(documents.MISSING is not None, reason=str(documents.MISSING))

# Captures that do not match even the mended schemas, each with what it is.
DEVIATIONS: Final = {
    "private_get_account_summary__real__205702": "of 2020: the options and account fields came later",
    "public_get_expirations__real__05d608": "without a currency, the result lacks the level the schema has",
    "public_get_instruments__real__91fa38": "includes spot and combo rows, which have no settlement period",
    "public_get_last_trades_by_instrument__real__61e88e": "recorded by a client that turns numbers into text",
    "public_ticker__real__0e2cec": "recorded by a client that turns numbers into text, of a spot market",
    "ticker__real__718c89": "shortened by whoever published it: no stats",
    # Retired fields: orders of before 2023-09 (profit_loss, stop_price) and 2025-06 (max_show).
    "object.order_oto_primary__real__7e59ef": "max_show, retired 2025-06",
    "object.order_oto_secondary__real__5e5b7f": "max_show, retired 2025-06",
    "object.order_trigger__real__1bf61d": "max_show, profit_loss and stop_price, all retired",
    "object.order_trigger__real__afd56a": "max_show, profit_loss and stop_price, all retired",
}


def _captures() -> list[Path]:
    if documents.MISSING:
        return []
    files = documents.samples("http", "*__real__*.json") + documents.samples("ws", "*__real__*.json")
    return [file for file in files if ".request" not in file.name and not file.name.startswith(("error", "heartbeat"))]


def _complaints(file: Path) -> list[str]:
    kind = file.name.split("__")[0]
    message: Any = json.loads(file.read_text())
    if kind.endswith(".result"):
        kind, message = kind.removesuffix(".result"), {"jsonrpc": "2.0", "result": message}
    if kind.startswith("object."):
        thing = "order" if kind.startswith("object.order") else kind.removeprefix("object.")
        return documents.complaints(documents.component_validator(thing, strict=True), message)
    if message.get("method") == "subscription":
        validator = documents.channel_validator(documents.address_of(message["params"]["channel"]), strict=True)
        return documents.complaints(validator, message["params"]["data"])
    validator = documents.reply_validator(kind.replace("_", "/", 1), strict=True)
    return documents.complaints(validator, message)


@pytest.mark.parametrize("file", _captures(), ids=lambda file: file.stem)
def test_what_a_real_server_sent_passes_or_is_a_known_deviation(file: Path) -> None:
    found = _complaints(file)
    if file.stem in DEVIATIONS:
        assert found, f"{file.stem} passes now: take it off the list ({DEVIATIONS[file.stem]})"
    else:
        assert found == []


def test_there_are_enough_captures_to_prove_anything() -> None:
    captures = _captures()
    assert len(captures) > 50
    assert {re.split(r"[_.]", file.name)[0] for file in captures} >= {"private", "public", "book", "ticker", "user"}


def test_every_thing_of_the_defect_table_is_found_in_the_documents() -> None:
    assert {defect.thing for defect in defects.TABLE} == set(defects.THINGS)
    seen = {thing for schema in documents.all_objects() for thing in defects.things(schema)}
    assert seen >= set(defects.THINGS) - {"envelope"}


def test_a_wrong_reply_is_seen() -> None:
    """Red once, for good: each kind of mistake the harness exists for."""
    file = next(file for file in _captures() if file.name.startswith("private_buy__real"))
    good = json.loads(file.read_text())
    validator = documents.reply_validator("private/buy", strict=True)
    order = good["result"]["order"]
    for change in (
        {"order_state": "done"},
        {"amount": "10"},
        {"invented_key": 1},
        {"creation_timestamp": 1.5},
    ):
        wrong = {**good, "result": {**good["result"], "order": {**order, **change}}}
        assert documents.complaints(validator, wrong), change
    del order["order_id"]
    assert documents.complaints(validator, good)
