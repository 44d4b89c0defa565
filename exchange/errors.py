"""Deribit's error codes as this exchange gives them, and the exception that carries one to the reply.

A `Refusal` is an answer, not an accident: whoever asked gets its code, and nothing has happened.
"""

from collections.abc import Mapping
from typing import Final

JsonData = str | Mapping[str, object] | None

MESSAGES: Final[dict[int, str]] = {
    10000: "authorization_required",
    10001: "error",
    10002: "qty_too_low",
    10003: "order_overlap",
    10004: "order_not_found",
    10005: "price_too_low",
    10006: "price_too_low4idx",
    10007: "price_too_high",
    10009: "not_enough_funds",
    10010: "already_closed",
    10012: "book_closed",
    10019: "locked_by_admin",
    10021: "invalid_amount",
    10026: "price_precision_exceeded",
    10027: "non_integer_contract_amount",
    10028: "too_many_requests",
    10029: "not_owner_of_order",
    10030: "must_be_websocket_request",
    10034: "trigger_price_too_high",
    10035: "trigger_price_too_low",
    10040: "retry",
    10041: "settlement_in_progress",
    10043: "price_wrong_tick",
    10044: "trigger_price_wrong_tick",
    10047: "matching_engine_queue_full",
    10049: "cancel_on_disconnect_failed",
    10066: "too_many_concurrent_requests",
    11008: "already_filled",
    11029: "invalid_arguments",
    11030: "other_reject",
    11035: "no_more_triggers",
    11036: "invalid_trigger_price",
    11043: "bad_argument",
    11044: "not_open_order",
    11050: "bad_request",
    11051: "system_maintenance",
    11054: "post_only_reject",
    11055: "post_only_not_allowed",
    11056: "unauthenticated_public_requests_temporarily_disabled",
    11094: "internal_server_error",
    11098: "account_locked",
    13004: "invalid_credentials",
    13009: "unauthorized",
    13019: "orderbook_closed",
    13020: "not_found",
    13021: "forbidden",
    13028: "temporarily_unavailable",
    13032: "non_unique_order_label",
    13042: "cod_not_enabled",
    13403: "scope_exceeded",
    13666: "request_cancelled_by_user",
    13777: "replaced",
    13778: "raw_subscriptions_not_available_for_unauthorized",
    13888: "timed_out",
    13901: "no_more_oto_orders",
    -32600: "request entity too large",
    -32601: "Method not found",
    -32602: "Invalid params",
    -32700: "Parse error",
}

POST_ONLY_REJECT: Final = 11054


class Refusal(Exception):
    """The exchange says no: the code and the words Deribit would use."""

    def __init__(self, code: int, message: str | None = None, data: JsonData = None) -> None:
        self.code = code
        self.message = MESSAGES.get(code, "error") if message is None else message
        self.data = data
        super().__init__(f"{code} {self.message}")


def bad_param(name: str, reason: str) -> Refusal:
    """-32602 with the parameter and the reason, as Deribit words it."""
    return Refusal(-32602, data={"reason": reason, "param": name})
