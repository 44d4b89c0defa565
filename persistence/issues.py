"""What needs a person, with its evidence and the actions offered; and the reports of the reconciler's runs.

While an issue that blocks is open, no bracket opens on its instrument: `Steps` looks here in its own transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from persistence.database import Database
from persistence.errors import LostRace
from persistence.events import Events
from persistence.kept import Kept
from persistence.tables_service import IssueRow, ReportRow
from trading.bracket import Bracket, Phase
from trading.values import InstrumentName, Milliseconds

PAGE_MAX: Final = 500
_BRACKET: Final = "bracket:"
_ANY_OPEN: Final = "SELECT 1 FROM issues WHERE account = ? AND resolved_at IS NULL LIMIT 1"
_ANY_RESOLVED: Final = "SELECT 1 FROM issues WHERE account = ? AND resolution = ? LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What cannot be explained. The same ``key`` while it is open is the same issue."""

    key: str
    kind: str
    text: str
    instrument: InstrumentName | None = None
    blocks: bool = True
    evidence: Any = None
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A finding and what became of it. ``resolution`` is the choice that has come to pass."""

    id: int
    finding: Finding
    opened_at: Milliseconds
    seen_at: Milliseconds
    resolution: str | None
    resolved_by: str
    resolved_at: Milliseconds | None
    chosen: str | None = None
    """What a person wants done, while it has not come to pass yet."""
    chosen_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of the reconciler. ``trigger`` is what made it run."""

    id: int
    at: Milliseconds
    trigger: str
    took_ms: int
    findings: int
    detail: Any


class Issues:
    """The issues of one account."""

    def __init__(self, database: Database, account: str, events: Events) -> None:
        self._database = database
        self._account = account
        self._events = events
        self._kept = Kept(database)

    def open(self, finding: Finding, *, at: Milliseconds) -> tuple[Issue, bool]:
        """Open an issue, or note that it is still there; True when it is new."""
        with self._database.write():
            row = self._database.row(IssueRow.select().where(self._is_open(finding.key)))
            if row is not None:
                query = IssueRow.update(seen_at=at, text=finding.text, evidence=finding.evidence)
                self._database.run(query.where(IssueRow.id == row["id"]))
                return self._get(row["id"]), False
            values = {
                "account": self._account,
                "key": finding.key,
                "instrument": finding.instrument,
                "kind": finding.kind,
                "blocks": finding.blocks,
                "text": finding.text,
                "evidence": finding.evidence,
                "actions": list(finding.actions),
                "opened_at": at,
                "seen_at": at,
            }
            return self._get(self._database.run(IssueRow.insert(**values))), True

    def open_for_bracket(self, bracket: Bracket, why: str, *, at: Milliseconds) -> Issue:
        """Open the issue of a bracket that cannot be explained; resolving it frees the instrument."""
        plan = bracket.plan
        evidence = {
            "bracket_id": plan.bracket_id,
            "held": bracket.held,
            "order_ids": [order.order_id for order in bracket.alive],
        }
        finding = Finding(
            key=f"{_BRACKET}{plan.bracket_id}",
            kind="quarantined_bracket",
            text=why,
            instrument=plan.instrument,
            evidence=evidence,
            actions=("adopt", "cancel", "close", "ignore"),
        )
        return self.open(finding, at=at)[0]

    def resolve(self, issue_id: int, *, resolution: str, by: str, at: Milliseconds) -> Issue:
        """Close an issue with what was chosen, or raise LostRace when it is not open.

        A quarantined bracket it was about no longer keeps others off its instrument.
        """
        with self._database.write():
            query = IssueRow.update(resolution=resolution, resolved_by=by, resolved_at=at)
            mine = (IssueRow.id == issue_id) & (IssueRow.account == self._account)
            if not self._database.run(query.where(mine & IssueRow.resolved_at.is_null())):
                raise LostRace(f"issue {issue_id} is not open")
            issue = self._get(issue_id)
            if issue.finding.key.startswith(_BRACKET):
                self._release(issue.finding.key.removeprefix(_BRACKET), by, at)
            return issue

    def choose(self, issue_id: int, choice: str, *, by: str, at: Milliseconds) -> None:
        """Note what a person wants done. Chosen again, the later choice counts; resolved, it changes nothing."""
        query = IssueRow.update(chosen=choice, chosen_by=by, chosen_at=at)
        with self._database.write():
            self._database.run(
                query.where(
                    (IssueRow.id == issue_id) & (IssueRow.account == self._account) & IssueRow.resolved_at.is_null()
                )
            )

    def resolved_as(self, resolution: str, *, limit: int = PAGE_MAX) -> tuple[Issue, ...]:
        """Give the issues that were resolved this way, the newest first."""

        def look() -> tuple[Issue, ...]:
            if self._database.sql(_ANY_RESOLVED, (self._account, resolution)).fetchone() is None:
                return ()  # nearly always, and much cheaper than to ask for the rows
            query = IssueRow.select().where((IssueRow.account == self._account) & (IssueRow.resolution == resolution))
            return tuple(_issue(row) for row in self._database.rows(query.order_by(IssueRow.id.desc()).limit(limit)))

        return self._kept.read(f"{resolution} {limit}", look)

    def get(self, issue_id: int) -> Issue | None:
        """Give one issue, open or not."""
        row = self._database.row(
            IssueRow.select().where((IssueRow.id == issue_id) & (IssueRow.account == self._account))
        )
        return None if row is None else _issue(row)

    def still_open(self) -> tuple[Issue, ...]:
        """Give every open issue, the oldest first."""
        if self._database.sql(_ANY_OPEN, (self._account,)).fetchone() is None:
            return ()
        query = IssueRow.select().where((IssueRow.account == self._account) & IssueRow.resolved_at.is_null())
        return tuple(_issue(row) for row in self._database.rows(query.order_by(IssueRow.id)))

    def newest(self, *, limit: int = 50, before: int | None = None) -> tuple[Issue, ...]:
        """Give issues open or not, the newest first."""
        query = IssueRow.select().where(IssueRow.account == self._account)
        if before is not None:
            query = query.where(IssueRow.id < before)
        rows = self._database.rows(query.order_by(IssueRow.id.desc()).limit(min(limit, PAGE_MAX)))
        return tuple(_issue(row) for row in rows)

    def blocked_instruments(self) -> frozenset[InstrumentName]:
        """Give the instruments nothing may open on."""
        found = (issue.finding for issue in self.still_open())
        return frozenset(one.instrument for one in found if one.blocks and one.instrument is not None)

    def _is_open(self, key: str) -> Any:
        return (IssueRow.account == self._account) & (IssueRow.key == key) & IssueRow.resolved_at.is_null()

    def _release(self, bracket_id: str, by: str, at: Milliseconds) -> None:
        released = self._database.sql(
            "UPDATE brackets SET holds = 0, closed_at = ? WHERE account = ? AND id = ? AND holds = 1 AND phase = ?",
            (at, self._account, bracket_id, Phase.QUARANTINED.value),
        )
        if released.rowcount:
            self._events.add("trade_released", bracket_id, f"released by {by}", at=at)

    def _get(self, issue_id: int) -> Issue:
        issue = self.get(issue_id)
        assert issue is not None, f"no issue {issue_id}"
        return issue


class Reports:
    """The reconciler's reports of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def add(self, *, at: Milliseconds, trigger: str, took_ms: int, findings: Sequence[Any], detail: Any) -> None:
        """Keep the report of a run. Past peewee: building the query takes longer than writing the row."""
        kept = msgspec.json.encode({"findings": list(findings), "detail": detail}).decode()
        with self._database.write(durable=False):
            self._database.sql(
                "INSERT INTO reports (account, at, trigger, took_ms, findings, detail) VALUES (?, ?, ?, ?, ?, ?)",
                (self._account, at, trigger, took_ms, len(findings), kept),
            )

    def newest(self, *, limit: int = 50, before: int | None = None) -> tuple[Report, ...]:
        """Give the newest reports, the newest first."""
        query = ReportRow.select().where(ReportRow.account == self._account)
        if before is not None:
            query = query.where(ReportRow.id < before)
        rows = self._database.rows(query.order_by(ReportRow.id.desc()).limit(min(limit, PAGE_MAX)))
        return tuple(_report(row) for row in rows)


def _issue(row: dict[str, Any]) -> Issue:
    finding = Finding(
        key=row["key"],
        kind=row["kind"],
        text=row["text"],
        instrument=row["instrument"],
        blocks=row["blocks"],
        evidence=row["evidence"],
        actions=tuple(row["actions"]),
    )
    rest = ("id", "opened_at", "seen_at", "resolution", "resolved_by", "resolved_at", "chosen", "chosen_by")
    return Issue(finding=finding, **{name: row[name] for name in rest})


def _report(row: dict[str, Any]) -> Report:
    del row["account"]
    return Report(**row)
