"""What a step changed among the orders, requests and fills of a bracket, and only that."""

from collections.abc import Sequence
from typing import Final

from persistence.codec import encode_request
from persistence.database import Database
from persistence.fields import exact_text
from persistence.telling import Cause, kind_of
from trading.bracket import (
    Asked,
    Bracket,
    Cancel,
    Done,
    Edit,
    Effect,
    Intent,
    Place,
    PlaceBracket,
    Refused,
)
from trading.bracket.state import leg_of
from trading.facts import Fill, Order
from trading.values import IntentId

_ORDER: Final = (
    "INSERT INTO orders (bracket, order_id, label, leg, side, type, state, amount, filled_amount, average_price, price,"
    " trigger_price, working, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (bracket, order_id) DO UPDATE SET state = excluded.state, amount = excluded.amount,"
    " filled_amount = excluded.filled_amount, average_price = excluded.average_price, price = excluded.price,"
    " trigger_price = excluded.trigger_price, working = excluded.working, updated_at = excluded.updated_at"
)
_INTENT: Final = (
    "INSERT INTO intents (account, id, worker, bracket, purpose, label, order_id, request, fate, sent_at, valid_until)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FATE: Final = "UPDATE intents SET fate = ? WHERE account = ? AND id = ? AND outcome IS NULL"
_SETTLED: Final = (
    "UPDATE intents SET outcome = ?, detail = ?, settled_at = ? WHERE account = ? AND id = ? AND outcome IS NULL"
)
_FILL: Final = (
    "INSERT INTO fills (account, instrument, id, bracket, order_id, label, side, amount, price, fee, fee_currency,"
    " profit_loss, liquidity, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (account, instrument, id) DO NOTHING"
)


class Rows:
    """The rows of one bracket, inside a transaction."""

    def __init__(self, database: Database, account: str, worker: str, seq: int) -> None:
        self._database = database
        self._account, self._worker, self._seq = account, worker, seq

    def orders(self, before: Bracket | None, after: Bracket) -> None:
        """Write the orders that are new or look different."""
        known = {} if before is None else {order.order_id: order for order in before.orders}
        for order in after.orders:
            if known.get(order.order_id) != order:
                self._order(order)

    def intents(
        self,
        before: Bracket | None,
        after: Bracket,
        cause: Cause,
        effects: Sequence[Effect],
        at: int,
        valid_until: int | None,
    ) -> None:
        """Write new requests whole, new doubts about older ones, and what became of those that are settled."""
        known = {} if before is None else {intent.intent_id: intent for intent in before.intents}
        requests = {
            effect.intent_id: effect for effect in effects if isinstance(effect, Place | PlaceBracket | Edit | Cancel)
        }
        for intent in after.intents:
            was = known.pop(intent.intent_id, None)
            if was is None:
                assert intent.intent_id in requests, f"the intent {intent.intent_id} has no request"
                self._intent(intent, encode_request(requests[intent.intent_id]), valid_until)
            elif was.fate is not intent.fate:
                self._database.sql(_FATE, (intent.fate.value, self._account, intent.intent_id))
        for gone in known:
            outcome, detail = outcome_of(gone, cause)
            self._database.sql(_SETTLED, (outcome, detail, at, self._account, gone))

    def fills(self, before: Bracket | None, after: Bracket) -> None:
        """Write the fills that are new. One known already, on whichever bracket, stays as it is."""
        known = set() if before is None else {fill.fill_id for fill in before.fills}
        for fill in after.fills:
            if fill.fill_id not in known:
                self._fill(fill)

    def _order(self, order: Order) -> None:
        leg = leg_of(order)
        values = (
            *(self._seq, order.order_id, order.label, None if leg is None else leg.value),
            *(order.side.value, order.type.value, order.state.value),
            *(exact_text(order.amount), exact_text(order.filled_amount), exact_text(order.average_price)),
            *(exact_text(order.price), exact_text(order.trigger_price)),
            *(order.state.is_working and not order.is_dormant, order.updated_at),
        )
        self._database.sql(_ORDER, values)

    def _intent(self, intent: Intent, request: str, valid_until: int | None) -> None:
        values = (
            *(self._account, intent.intent_id, self._worker, self._seq),
            *(intent.purpose.value, intent.label, intent.order_id, request),
            *(intent.fate.value, intent.sent_at, valid_until),
        )
        self._database.sql(_INTENT, values)

    def _fill(self, fill: Fill) -> None:
        values = (
            *(self._account, fill.instrument, fill.fill_id, self._seq, fill.order_id, fill.label, fill.side.value),
            *(exact_text(fill.amount), exact_text(fill.price), exact_text(fill.fee), fill.fee_currency),
            *(exact_text(fill.profit_loss), fill.liquidity.value, fill.at),
        )
        self._database.sql(_FILL, values)


def outcome_of(intent_id: IntentId, cause: Cause) -> tuple[str, str]:
    """What became of a request, in a word and in detail, by what settled it."""
    match cause:
        case Done(intent_id=told) if told == intent_id:
            return "done", ""
        case Refused(intent_id=told, code=code, sentence=sentence) if told == intent_id:
            return "refused", f"{code} {sentence}"
        case Asked(verdict=verdict, label=label):
            return verdict.value, f"asked for {label}"
        case _:
            return "settled", kind_of(cause)
