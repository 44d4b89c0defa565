"""What people switch: HALT, the connection, settings. Each is on disk before it is answered, with who and when."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

from persistence.database import Database
from persistence.tables_service import HaltRow, SettingRow, WishRow
from trading.values import Milliseconds

_ANY: Final = "SELECT 1 FROM halts WHERE lifted_at IS NULL LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Nothing opens anywhere from ``since`` until it is lifted."""

    reason: str
    halted_by: str
    since: Milliseconds
    lifted_at: Milliseconds | None = None
    lifted_by: str = ""


class Halts:
    """The global stop. It outlives restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def halt(self, reason: str, *, by: str, at: Milliseconds) -> Halt:
        """Stop all opening. While it holds, repeating it changes nothing."""
        with self._database.write():
            held = self.held()
            if held is None:
                self._database.run(HaltRow.insert(reason=reason, halted_by=by, since=at))
            return held or Halt(reason=reason, halted_by=by, since=at)

    def lift(self, *, by: str, at: Milliseconds) -> bool:
        """Allow opening again; False when nothing was halted."""
        with self._database.write():
            query = HaltRow.update(lifted_at=at, lifted_by=by).where(HaltRow.lifted_at.is_null())
            return bool(self._database.run(query))

    def held(self) -> Halt | None:
        """Give the HALT that holds now."""
        if self._database.sql(_ANY).fetchone() is None:
            return None  # nearly always, and much cheaper than to ask for the row
        row = self._database.row(HaltRow.select().where(HaltRow.lifted_at.is_null()))
        return None if row is None else _halt(row)

    def history(self, *, limit: int = 50) -> tuple[Halt, ...]:
        """Give the newest HALTs, the newest first."""
        return tuple(
            _halt(row) for row in self._database.rows(HaltRow.select().order_by(HaltRow.id.desc()).limit(limit))
        )


@unique
class Wish(StrEnum):
    """What is wanted of the connection."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionWish:
    """Whether the connection to a broker is wanted, and who said so."""

    broker: str
    wish: Wish
    wished_by: str
    reason: str
    since: Milliseconds


class Wishes:
    """The connection as people want it. A loss is not written: it lasts while the process lives, a start connects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wish(self, broker: str, wish: Wish, *, by: str, reason: str, at: Milliseconds) -> ConnectionWish:
        """Remember what is wanted. Wanted already, it changes nothing."""
        with self._database.write():
            now = self.now(broker)
            if now is not None and now.wish is wish:
                return now
            fields = {"broker": broker, "wished_by": by, "reason": reason, "since": at}
            self._database.run(WishRow.insert(wish=wish.value, **fields))
            return ConnectionWish(broker=broker, wish=wish, wished_by=by, reason=reason, since=at)

    def now(self, broker: str) -> ConnectionWish | None:
        """Give what is wanted now; None when nobody ever said."""
        return next(iter(self.history(broker, limit=1)), None)

    def history(self, broker: str, *, limit: int = 50) -> tuple[ConnectionWish, ...]:
        """Give the newest wishes, the newest first."""
        query = WishRow.select().where(WishRow.broker == broker).order_by(WishRow.id.desc()).limit(limit)
        rows = self._database.rows(query)
        for row in rows:
            del row["id"]
            row["wish"] = Wish(row["wish"])
        return tuple(ConnectionWish(**row) for row in rows)


class Settings:
    """Settings changed while running; any value JSON can hold. A Decimal is kept as text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, value: Any, *, by: str, at: Milliseconds) -> None:
        """Keep a value. Repeating it changes nothing but its time."""
        with self._database.write():
            query = SettingRow.insert(key=key, value=value, changed_at=at, changed_by=by)
            self._database.run(query.on_conflict_replace())

    def get(self, key: str, default: Any = None) -> Any:
        """Give a value, or the default when it was never kept."""
        if self._database.sql("SELECT 1 FROM settings WHERE key = ?", (key,)).fetchone() is None:
            return default
        row = self._database.row(SettingRow.select().where(SettingRow.key == key))
        return default if row is None else row["value"]

    def drop(self, key: str) -> None:
        """Go back to the configuration's value."""
        with self._database.write():
            self._database.run(SettingRow.delete().where(SettingRow.key == key))

    def beginning(self, prefix: str) -> dict[str, Any]:
        """Give every value whose key begins so."""
        query = "SELECT key FROM settings WHERE key >= ? AND key < ?"
        keys = self._database.all(query, (prefix, f"{prefix}\U0010ffff"))
        return {row["key"]: self.get(row["key"]) for row in keys}

    def all(self) -> dict[str, Any]:
        """Give every value kept."""
        return {row["key"]: row["value"] for row in self._database.rows(SettingRow.select().order_by(SettingRow.key))}


def _halt(row: dict[str, Any]) -> Halt:
    del row["id"]
    return Halt(**row)
