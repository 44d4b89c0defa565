"""What people see before the first fact of a new life has come: what the store remembers of the last one."""

from actors.journal_board import Connection, Picture, Row
from actors.journal_rows import bracket_row, strategy_row
from persistence.store import Store
from persistence.switches import Wish


def first_picture(store: Store, *, broker: str) -> Picture:
    """Read strategies, trades, HALT and issues as they were left. Prices and orders come from the exchange alone."""
    strategies: dict[str, Row] = {}
    for known in store.strategies.all():
        strategies[known.name] = {
            **strategy_row(known.name, known.since),
            "strategy": known.kind,
            "instrument": known.instrument,
            "parameters": dict(known.parameters),
            "state": known.state.value,
            "cause": None if known.cause is None else known.cause.value,
            "reason": known.error,
            "traceback": known.traceback,
            "generation": known.generation,
        }
    halt = store.halts.held()
    wish = store.connection.now(broker)
    return Picture(
        connection=Connection(is_wanted=wish is None or wish.wish is Wish.CONNECTED),
        strategies=strategies,
        brackets={one.plan.bracket_id: bracket_row(one) for one in store.open_brackets()},
        issues={
            issue.finding.instrument: {
                "instrument": issue.finding.instrument,
                "text": issue.finding.text,
                "opened_at": issue.opened_at,
            }
            for issue in store.issues.still_open()
            if issue.finding.instrument is not None
        },
        halt=None if halt is None else {"reason": halt.reason, "by": halt.halted_by, "since": halt.since},
        scores={score.value: count for score, count in store.scoreboard.newest().items()},
    )
