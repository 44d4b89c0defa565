"""Where Deribit's published schemas are wrong, as a table: what is mended, and by what evidence.

"wire" means a capture from a real server shows it; "dossier" the notes of the project about the real exchange.
A thing (an order, a trade ...) is described at several places of the documents, so a thing is recognised by the
properties only it has, wherever it stands.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NamedTuple

Schema = dict[str, Any]
Change = Literal["optional", "nullable", "any", "open", "extra", "boolean", "number", "integer", "object", "string"]


class Defect(NamedTuple):
    """One mistake of the published schema: in `thing`, the named properties are to be changed, because `reason`."""

    thing: str
    change: Change
    names: tuple[str, ...]
    reason: str


# thing -> properties by which its description is known, and properties it must not have
THINGS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "order": (frozenset({"order_id", "order_state", "creation_timestamp"}), frozenset()),
    "user_trade": (frozenset({"trade_id", "matching_id", "liquidity"}), frozenset()),
    "public_trade": (frozenset({"trade_id", "tick_direction"}), frozenset({"matching_id"})),
    "position": (frozenset({"total_profit_loss", "average_price", "instrument_name"}), frozenset({"positions"})),
    "ticker": (frozenset({"best_bid_price", "mark_price"}), frozenset({"bids"})),
    "book": (frozenset({"best_bid_price", "mark_price", "bids"}), frozenset()),
    "quote": (frozenset({"best_bid_price", "best_ask_price"}), frozenset({"mark_price"})),
    "stats": (frozenset({"volume", "low", "high"}), frozenset({"instrument_name", "open", "open_interest"})),
    "instrument": (frozenset({"contract_size", "settlement_period", "tick_size"}), frozenset()),
    "summary": (frozenset({"equity", "margin_balance", "session_upl"}), frozenset({"state"})),
    "envelope": (frozenset({"jsonrpc", "id"}), frozenset()),
    "trigger_row": (frozenset({"trigger_order_id", "request"}), frozenset()),
    "margins": (frozenset({"buy", "sell", "min_price"}), frozenset()),
    "subaccount": (frozenset({"login_enabled", "is_password", "security_keys_assignments"}), frozenset({"equity"})),
    "currency": (frozenset({"coin_type", "currency_long"}), frozenset()),
    "account_list": (frozenset({"summaries", "email"}), frozenset()),
}

TABLE: Final[tuple[Defect, ...]] = (
    Defect("envelope", "extra", ("usIn", "usOut", "usDiff", "testnet"), "every real reply carries them (wire)"),
    Defect("envelope", "any", ("id",), "the server echoes any id, strings too (dossier 2)"),
    # -- orders and trades
    Defect("order", "extra", ("user_id",), "on every real order since 2025 (wire)"),
    Defect("order", "optional", ("filled_amount", "average_price"), "absent on untriggered trigger orders (wire)"),
    Defect("order", "optional", ("triggered", "contracts", "label"), "present on some orders, absent on others (wire)"),
    Defect("order", "open", ("cancel_reason",), "the server knows reasons the list lacks: order_overlap (wire)"),
    Defect("order", "open", ("original_order_type",), "the list lags the server (dossier 9)"),
    Defect("user_trade", "boolean", ("post_only", "reduce_only"), "described as text, JSON booleans on the wire"),
    Defect("user_trade", "any", ("matching_id",), "always null, as its own description says (wire)"),
    Defect("user_trade", "extra", ("self_trade", "profit_loss"), "on every real user trade (wire)"),
    Defect("user_trade", "open", ("order_type",), "the list lags the server (dossier 9)"),
    Defect("public_trade", "extra", ("legs", "starbase_match_id", "starbase_timestamp"), "seen on the tape (wire)"),
    Defect("public_trade", "extra", ("contracts",), "on every real trade of futures (wire)"),
    Defect("trigger_row", "open", ("order_state",), "`rejected:<reason>` is made at trigger time (dossier 10)"),
    Defect("trigger_row", "any", ("price",), "the text market_price on trigger-market orders (wire)"),
    Defect("trigger_row", "optional", ("trigger_offset",), "only trailing stops have one (dossier 10)"),
    # -- positions and accounts
    Defect("subaccount", "optional", ("tfa_enabled",), "required, and neither described nor seen (clients' captures)"),
    Defect("position", "extra", ("open_orders_margin",), "on every real position (wire)"),
    Defect("position", "extra", ("estimated_liquidation_price",), "deprecated, always null (dossier 14)"),
    Defect("summary", "optional", ("options_theta_map",), "missing on real rows with no option (wire)"),
    Defect("summary", "any", ("fees", "limits", "referrer_id"), "lists and null where objects and text are described"),
    Defect("summary", "any", ("trading_products_details",), "a list of objects, not one object (wire)"),
    Defect("summary", "boolean", ("self_trading_extended_to_subaccounts",), "described as text (wire)"),
    Defect(
        "summary",
        "extra",
        ("delta_total_map", "estimated_liquidation_ratio_map", "locked_balance", "spot_reserve", "session_funding"),
        "seen on real rows (wire)",
    ),
    Defect("summary", "extra", ("block_rfq_self_match_prevention",), "on extended summaries (wire)"),
    Defect("summary", "extra", ("change_margin_model_api_limit", "mandatory_tfa"), "on extended summaries (wire)"),
    Defect("account_list", "any", ("referrer_id", "block_rfq_self_match_prevention"), "null, and a boolean (wire)"),
    Defect("account_list", "any", ("trading_products_details",), "a list of objects, not one object (wire)"),
    Defect("account_list", "boolean", ("self_trading_extended_to_subaccounts",), "described as text (wire)"),
    Defect(
        "margins",
        "extra",
        ("buy_taker_fee", "buy_maker_fee", "sell_taker_fee", "sell_maker_fee"),
        "the fees came later than the schema (dossier 15)",
    ),
    # -- markets
    Defect("stats", "nullable", ("low", "high", "price_change", "volume"), "null without trades (wire)"),
    Defect("stats", "extra", ("volume_notional",), "on every real ticker of today (wire)"),
    Defect("ticker", "extra", ("interest_value",), "on every real ticker of a perpetual (wire)"),
    Defect("ticker", "nullable", ("last_price", "best_bid_price", "best_ask_price"), "an empty side (dossier 6)"),
    Defect("ticker", "any", ("underlying_index",), "a name, not a number (wire)"),
    Defect("book", "extra", ("change_id", "estimated_delivery_price", "interest_value"), "on real books (wire)"),
    Defect("book", "nullable", ("last_price", "best_bid_price", "best_ask_price"), "an empty side (dossier 6)"),
    Defect("quote", "nullable", ("best_bid_price", "best_ask_price"), "an empty side (dossier 7)"),
    Defect("instrument", "open", ("settlement_currency", "counter_currency", "base_currency"), "two coins only"),
    Defect("instrument", "open", ("quote_currency", "settlement_period"), "the list lags: USDC, day (wire)"),
    Defect("instrument", "any", ("tick_size_steps",), "a list, empty for futures (wire)"),
    Defect("instrument", "number", ("contract_size",), "0.0001 is no integer (wire)"),
    Defect(
        "instrument",
        "extra",
        (
            "index_id",
            "lot_size",
            "qty_tick_size",
            "product_group",
            "underlying_type",
            "max_non_default_leverage",
            "base_currency_uuid",
            "quote_currency_uuid",
        ),
        "on real instruments of 2026 (wire)",
    ),
    Defect("currency", "optional", ("in_cross_collateral_pool",), "missing on older real replies (wire)"),
    Defect("currency", "extra", ("fee_precision",), "on real replies (wire)"),
)


def things(schema: Schema) -> list[str]:
    """Which of the known things an object schema describes."""
    names = schema["properties"].keys()
    return [thing for thing, (has, has_not) in THINGS.items() if has <= names and not has_not & names]


def mend(document: Any, objects: Callable[[Any], Iterator[Schema]]) -> None:
    """Apply the table to every description of each thing in a document."""
    for found in list(objects(document)):
        known = things(found)
        for defect in TABLE:
            if defect.thing in known:
                _change(found, defect)


def _change(found: Schema, defect: Defect) -> None:
    properties = found["properties"]
    required: list[str] = found.get("required", [])
    for name in defect.names:
        if defect.change == "optional":
            if name in required:
                found["required"] = required = [one for one in required if one != name]
        elif defect.change == "nullable":
            if name in properties:
                properties[name] = {"anyOf": [properties[name], {"type": "null"}]}
        elif defect.change == "open":
            if name in properties:
                properties[name] = {"type": "string"}
        elif defect.change in {"any", "extra"}:
            properties[name] = {}
        else:
            properties[name] = {"type": defect.change}


def mend_components(schemas: Schema) -> None:
    """Mistakes that stand at one place of the REST description."""
    # The description of get_user_trades_by_order forgets its result, which its own example shows.
    by_order = schemas["PrivateGetUserTradesByOrderResponse"]
    by_order["properties"]["result"] = {"type": "array", "items": {"$ref": "#/components/schemas/user_trade"}}
    by_order["required"] = ["jsonrpc", "result"]
    # Without `extended` the names come bare, as the example shows.
    names = schemas["PublicGetIndexPriceNamesResponse"]["properties"]["result"]
    names["items"] = {"anyOf": [names["items"], {"type": "string"}]}
    # "NULL when no continuation", says its description; of the other, nothing is known: null is taken as well.
    for name in ("continuation", "continuation_with_null"):
        schemas[name]["type"] = [schemas[name]["type"], "null"]


def mend_channels(channels: dict[str, Schema]) -> None:
    """The AsyncAPI blocks describe a list by one of its items, and name some keys wrongly."""
    for address, schema in channels.items():
        family = address.split(".(")[0]
        listed = {"trades", "user.trades", "user.combo_trades"}
        if family in listed or (family == "user.orders" and not address.endswith(".raw")):
            channels[address] = {"type": "array", "items": schema}  # a batch is a list; user.trades even raw (wire)
        elif family == "user.changes":
            properties = schema["properties"]
            properties["positions"] = properties.pop("position")  # the wire's key
            for name in ("orders", "trades", "positions"):
                properties[name] = {"type": "array", "items": properties[name]}
            schema["required"] = ["instrument_name", "orders", "trades", "positions"]
        elif family == "quote":
            # "best_add_price" is a slip of the pen: the wire says best_ask_price
            schema["required"] = [name.replace("best_add", "best_ask") for name in schema["required"]]
        elif family == "book" and "type" in schema["properties"]:
            # null on a real snapshot, absent on others
            schema["properties"]["prev_change_id"] = {"type": ["integer", "null"]}
        elif family == "platform_state":
            schema["properties"]["reasons"] = {}  # undocumented, on every real index notice
