"""What closed trades made, by the exchange's own book: which results are still to come, and the lines they came of."""

from collections.abc import Sequence
from typing import Final

from persistence.codec import decode_bracket
from persistence.database import Database
from persistence.events import Events
from persistence.fields import exact_text
from persistence.steps import Figures, Steps
from persistence.tables_trade import BracketRow, LedgerRow
from trading.bracket import Bracket
from trading.facts import LedgerEntry
from trading.pnl import Known, TradePnl
from trading.values import BracketId, Milliseconds

PENDING_MAX: Final = 500

_LINE: Final = (
    "INSERT OR IGNORE INTO ledger (account, currency, id, bracket, type, fill_id, change, funding, settled, position,"
    " at) SELECT ?, ?, ?, seq, ?, ?, ?, ?, ?, ?, ? FROM brackets WHERE account = ? AND id = ?"
)


class Results:
    """The results of one worker's trades."""

    def __init__(self, database: Database, *, account: str, worker: str, steps: Steps, events: Events) -> None:
        self._database = database
        self._account, self._worker = account, worker
        self._steps, self._events = steps, events

    def pending(self, *, limit: int = PENDING_MAX) -> list[Bracket]:
        """Give the closed trades whose result the exchange's book has not settled yet, the newest first."""
        query = BracketRow.select(BracketRow.state, BracketRow.format).where(
            (BracketRow.account == self._account)
            & (BracketRow.worker == self._worker)
            & (BracketRow.result == Known.PENDING.value)
        )
        rows = self._database.rows(query.order_by(BracketRow.seq.desc()).limit(limit))
        return [decode_bracket(row["state"], row["format"]) for row in rows]

    def settle(
        self,
        bracket_id: BracketId,
        pnl: TradePnl,
        known: Known,
        *,
        lines: Sequence[LedgerEntry],
        why: str,
        at: Milliseconds,
    ) -> None:
        """Set what a trade made and keep the lines it came of, in one transaction. Repeating it changes nothing."""
        with self._database.write():
            self._steps.settle(bracket_id, Figures(pnl=pnl, known=known))
            for line in lines:
                values = (
                    *(self._account, line.currency, line.entry_id, line.type, line.fill_id),
                    *(exact_text(line.change), exact_text(line.funding), exact_text(line.settled)),
                    *(exact_text(line.position), line.at, self._account, bracket_id),
                )
                self._database.sql(_LINE, values)
            text = f"gross {pnl.gross}, fees {pnl.fees}, funding {pnl.funding}, net {pnl.net} {pnl.currency}: {why}"
            self._events.add("trade_settled", bracket_id, text, at=at)

    def lines(self, bracket_id: BracketId) -> tuple[dict[str, object], ...]:
        """Give the lines of the exchange's book that made a trade's result, the oldest first."""
        query = (
            LedgerRow.select(LedgerRow)
            .join(BracketRow, on=LedgerRow.bracket == BracketRow.seq)
            .where((BracketRow.account == self._account) & (BracketRow.id == bracket_id))
            .order_by(LedgerRow.at, LedgerRow.id)
        )
        return tuple(self._database.rows(query))
