"""The service's memory: one object that actors hold, its parts named after what they remember.

Safe to share between threads; a thread that ends calls `close_thread`. Every method either has done the whole of
what it says, or raises `StoreUnavailable` and has done nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from persistence import backup, housekeeping
from persistence.access import Receipts, Tokens
from persistence.brackets import Brackets, Page, StoredIntent, Story, Which
from persistence.credentials import Vault
from persistence.data_dir import DataDir
from persistence.database import IN_MEMORY, WAIT_S_MAX, Database, Sync
from persistence.events import Events
from persistence.issues import Issues, Reports
from persistence.migrate import SCHEMA, migrate
from persistence.notifying import Notifying
from persistence.outbox import Notice, Outbox
from persistence.results import Results
from persistence.scoreboard import Score, Scoreboard
from persistence.sessions import Sessions
from persistence.starts import Starts
from persistence.steps import Figures, Recorded, Steps
from persistence.strategies import Strategies
from persistence.switches import Halts, Settings, Wishes
from persistence.telling import Cause
from trading.bracket import Bracket, Effect
from trading.values import BracketId, Milliseconds, WorkerId


class Store:
    """Everything the service remembers, for one worker on one account."""

    def __init__(self, database: Database, data_dir: DataDir, *, worker: WorkerId, account: str) -> None:
        """Put the parts together; `open` and `in_memory` make one that is ready."""
        self._database = database
        self.data_dir = data_dir
        self.worker, self.account = worker, account
        self.events = Events(database)
        self.outbox = Outbox(database)
        self.scoreboard = Scoreboard(database, account)
        self.issues = Issues(database, account, self.events)
        self.steps = Steps(
            database,
            account=account,
            worker=worker,
            events=self.events,
            outbox=self.outbox,
            scoreboard=self.scoreboard,
            issues=self.issues,
        )
        self.results = Results(database, account=account, worker=worker, steps=self.steps, events=self.events)
        self.brackets = Brackets(database, account=account, worker=worker, events=self.events)
        self.strategies = Strategies(database, worker, self.events)
        self.reports = Reports(database, account)
        self.halts = Halts(database)
        self.connection = Wishes(database)
        self.settings = Settings(database)
        self.notifying = Notifying(self.settings)
        self.credentials = Vault(database, data_dir.key)
        self.tokens = Tokens(database)
        self.receipts = Receipts(database)
        self.sessions = Sessions(database)
        self.starts = Starts(database, worker)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        worker: WorkerId,
        account: str,
        at: Milliseconds,
        wait_s_max: float = WAIT_S_MAX,
        sync: Sync = Sync.FULL,
        schema: Path = SCHEMA,
        passed: Callable[[str], None] | None = None,
    ) -> Self:
        """Open a data directory, bringing its database up to date. The caller holds its `Lock`.

        ``passed`` is told of every commit; see `Database`.

        Raises:
            ConfigError: the directory cannot be used, or a newer version wrote the database.
            StoreUnavailable: the database cannot be read; Damaged when a backup is needed.
        """
        data_dir = DataDir(folder).prepare()
        database = Database(data_dir.database, wait_s_max=wait_s_max, sync=sync, passed=passed)
        try:
            migrate(database, lambda: backup.make(data_dir, at=at, why="upgrade"), folder=schema)
        except BaseException:
            database.close_thread()
            raise
        return cls(database, data_dir, worker=worker, account=account)

    def for_account(self, account: str) -> Self:
        """Give the same memory as it is for another account."""
        return (
            self
            if account == self.account
            else type(self)(self._database, self.data_dir, worker=self.worker, account=account)
        )

    @classmethod
    def in_memory(cls, *, worker: WorkerId, account: str, passed: Callable[[str], None] | None = None) -> Self:
        """Make one that forgets: for backtests, and for one thread only."""
        database = Database(IN_MEMORY, sync=Sync.OFF, passed=passed)
        migrate(database, lambda: None)
        return cls(database, DataDir(Path()), worker=worker, account=account)

    # --- trades: what the order manager does all day

    def record_step(
        self,
        before: Bracket | None,
        after: Bracket,
        *,
        message: Cause,
        effects: Sequence[Effect],
        at: Milliseconds,
        notices: Sequence[Notice] = (),
        scores: Mapping[Score, int] | None = None,
        figures: Figures | None = None,
        valid_until: Milliseconds | None = None,
        is_adopted: bool = False,
    ) -> Recorded:
        """Record one step of a bracket in one transaction; see `Steps.record`."""
        return self.steps.record(
            before,
            after,
            message=message,
            effects=effects,
            at=at,
            notices=notices,
            scores=scores,
            figures=figures,
            valid_until=valid_until,
            is_adopted=is_adopted,
        )

    def open_brackets(self) -> list[Bracket]:
        """Give the brackets to go on with after a start."""
        return self.brackets.open_brackets()

    def unknown_intents(self) -> tuple[StoredIntent, ...]:
        """Give the requests nobody knows the outcome of."""
        return self.brackets.unknown_intents()

    def trades(
        self, *, which: Which | None = None, strategy: str | None = None, limit: int = 50, before: int | None = None
    ) -> Page:
        """Give one page of trades, the newest first."""
        return self.brackets.trades(which=which, strategy=strategy, limit=limit, before=before)

    def trade(self, bracket_id: BracketId) -> Story | None:
        """Give one trade with its timeline."""
        return self.brackets.story(bracket_id)

    # --- the whole

    def together(self) -> AbstractContextManager[None]:
        """Make one transaction of several calls: all of it on disk at the end of the block, or nothing."""
        return self._database.write()

    def picture(self) -> AbstractContextManager[None]:
        """Read several things as they were at one moment."""
        return self._database.picture()

    def backup(self, *, at: Milliseconds, why: str = "asked") -> backup.Backup:
        """Make a copy of the database while it is in use."""
        return backup.make(self.data_dir, at=at, why=why)

    def prune(self, *, now: Milliseconds) -> int:
        """Let go of what is old; give how many rows went."""
        return housekeeping.prune(self._database, now=now)

    def check(self) -> tuple[str, ...]:
        """Look through the whole database; empty when it is sound."""
        return self._database.check()

    def close_thread(self) -> None:
        """Close this thread's connection; its next use opens one again."""
        self._database.close_thread()
