"""The service's memory: SQLite by peewee. What is here survives the process; nothing here decides anything.

`Store` is what actors hold. The models stay inside; what goes in and out are frozen dataclasses.
"""

from persistence.access import Receipt, Scope, Token
from persistence.backup import Backup
from persistence.brackets import Page, StoredIntent, StoredOrder, Story, Trade, Which
from persistence.credentials import Credentials
from persistence.data_dir import DataDir, Holder, Lock
from persistence.database import Sync
from persistence.errors import (
    AlreadyRunning,
    Damaged,
    DiskFull,
    DiskTrouble,
    FromTheFuture,
    Locked,
    LostRace,
    NotOpened,
    StoreUnavailable,
)
from persistence.events import Event, Transition
from persistence.issues import Finding, Issue, Report
from persistence.outbox import Letter, Notice
from persistence.scoreboard import Hour, Score
from persistence.secret import Redactor, Secret
from persistence.starts import Start
from persistence.steps import Figures, Outcome, Recorded
from persistence.store import Store
from persistence.strategies import Strategy, Wanted
from persistence.switches import ConnectionWish, Halt, Wish

__all__ = [
    "AlreadyRunning",
    "Backup",
    "ConnectionWish",
    "Credentials",
    "Damaged",
    "DataDir",
    "DiskFull",
    "DiskTrouble",
    "Event",
    "Figures",
    "Finding",
    "FromTheFuture",
    "Halt",
    "Holder",
    "Hour",
    "Issue",
    "Letter",
    "Lock",
    "Locked",
    "LostRace",
    "NotOpened",
    "Notice",
    "Outcome",
    "Page",
    "Receipt",
    "Recorded",
    "Redactor",
    "Report",
    "Scope",
    "Score",
    "Secret",
    "Start",
    "Store",
    "StoreUnavailable",
    "StoredIntent",
    "StoredOrder",
    "Story",
    "Strategy",
    "Sync",
    "Token",
    "Trade",
    "Transition",
    "Wanted",
    "Which",
    "Wish",
]
