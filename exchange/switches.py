"""What nobody outside Deribit knows for sure, as switches: each field is one open question.

The product's promises must hold under every position of every switch, so tests walk `POSITIONS`.
The defaults are the likelier answer, by the evidence there is.
"""

from typing import Final, Literal, get_args, get_type_hints

import msgspec


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One position for each open question about the real exchange."""

    # Does a token that expires silence the socket's private channels, or do they go on?
    private_channels_at_expiry: Literal["silent", "continue"] = "silent"
    # The close code of a session that ran out of credits.
    credits_close_code: Literal[1008, 4001] = 1008
    # Does cancel-on-disconnect take resting triggers (and dormant children) with it?
    cod_cancels_triggers: Literal["yes", "no"] = "yes"
    # Does cancelling one leg of an OCO pair by hand cancel the other?
    oco_cancel_takes_sibling: Literal["yes", "no"] = "yes"
    # A stop leg has triggered: is its sibling closed at that moment, or by the fills of the market order?
    oco_sibling_closes_at: Literal["trigger", "fill"] = "fill"
    # The primary is cancelled half filled: is what the children still lack dropped, or placed after all?
    dormant_remainder: Literal["drop", "place"] = "drop"
    # A reduce-only order larger than the position.
    reduce_only_oversize: Literal["reduce", "reject"] = "reduce"
    # A stop placed when its price is already reached.
    stop_beyond_market: Literal["trigger", "reject"] = "trigger"
    # Starbase reports a market order as a limit order with original_order_type "market".
    market_order_shown_as: Literal["market", "limit"] = "market"
    # Do notifications of a request leave before or after its reply?
    push_before_reply: Literal["no", "yes", "seeded"] = "no"
    # Can a dormant child be read and cancelled by its slot id?
    slot_ids_answer: Literal["no", "yes"] = "no"
    # Is the old id of a trigger order known after it triggered?
    triggered_id_answers: Literal["no", "yes"] = "no"
    # Does an untriggered trigger-market order carry filled_amount and average_price?
    untriggered_shows_fill: Literal["no", "yes"] = "no"
    # An edit leaves out reduce_only or post_only: do they stay, or fall back to false?
    edit_omitted_flags: Literal["keep", "reset"] = "keep"
    # Does a trade's profit_loss count from the average entry, or from the last settlement's price?
    trade_result_counts_from: Literal["average", "settlement"] = "average"
    # Are index and mark triggers looked at on every move, or once a second?
    trigger_evaluation: Literal["move", "second"] = "move"
    # Are candles served over HTTP?
    http_candles: Literal["yes", "no"] = "yes"
    # JSON numbers: Deribit's mix of exponents, ints and floats, or plain.
    numbers: Literal["mixed", "plain"] = "mixed"


POSITIONS: Final[dict[str, tuple[str | int, ...]]] = {
    name: get_args(hint) for name, hint in get_type_hints(Switches).items()
}
"""Every switch with every position it can stand in."""
