"""What waits for a person, what they chose, and what came of it, in the store's tables."""

from collections.abc import Mapping, Sequence
from typing import Final

from actors.memory import Waiting
from persistence.issues import Finding, Issue
from persistence.outbox import REPEAT_MS, Notice
from persistence.store import Store
from trading.bracket.effects import Severity
from trading.findings import Quarantine
from trading.news import News
from trading.values import BracketId, InstrumentName, Milliseconds

LEFT: Final = "ignore"
"""The choice that leaves something to the person for good."""


class IssueMemory:
    """Issues as the order manager, the reconciler and the desk ask for them."""

    _store: Store

    def waiting(self) -> Sequence[Waiting]:
        """What is not resolved, the oldest first."""
        blocking = (issue for issue in self._store.issues.still_open() if issue.finding.blocks)
        return [_waiting(issue, name) for issue in blocking if (name := issue.finding.instrument) is not None]

    def open_issue(self, action: Quarantine, *, at: Milliseconds) -> None:
        """Something a person has to decide."""
        finding = Finding(
            key=f"{action.instrument}:{action.kind}",
            kind=action.kind.value,
            text=action.why,
            instrument=action.instrument,
            evidence={
                "order_ids": list(action.order_ids),
                "position": str(action.position),
                "bracket_ids": list(action.bracket_ids),
            },
            actions=action.choices,
        )
        ids = ", ".join(action.order_ids) or "none"
        text = f"{action.instrument} needs a person: {action.why}. Orders: {ids}"
        news = News(severity=Severity.CRITICAL, kind="quarantine", text=text, key=f"quarantine:{action.instrument}")
        with self._store.together():
            self._store.issues.open(finding, at=at)
            self._store.outbox.put(notice_of(news), at=at)

    def is_left(self, action: Quarantine) -> bool:
        """Was this very thing left to the person already?"""
        key, position = f"{action.instrument}:{action.kind}", str(action.position)
        return any(
            issue.finding.key == key and (issue.finding.evidence or {}).get("position") == position
            for issue in self._store.issues.resolved_as(LEFT)
        )

    def choose(self, instrument: InstrumentName, choice: str, *, by: str, at: Milliseconds) -> None:
        """A person chose. It is resolved when it has come to pass."""
        with self._store.together():
            for issue in self._store.issues.still_open():
                if issue.finding.instrument == instrument and choice in issue.finding.actions:
                    self._store.issues.choose(issue.id, choice, by=by, at=at)

    def resolve_issue(self, instrument: InstrumentName, outcome: str, *, by: str, at: Milliseconds) -> None:
        """What a person chose has come to pass."""
        with self._store.together():
            for issue in self._store.issues.still_open():
                if issue.finding.instrument == instrument:
                    self._store.issues.resolve(issue.id, resolution=outcome, by=by, at=at)

    def released(self) -> frozenset[BracketId]:
        """Trades that were left to a person: what is left of them is not ours any more."""
        return frozenset(
            BracketId(bracket_id) for issue in self._store.issues.resolved_as(LEFT) for bracket_id in _behind(issue)
        )


def _waiting(issue: Issue, instrument: InstrumentName) -> Waiting:
    return Waiting(
        instrument=instrument, why=issue.finding.text, chosen=issue.chosen, by=issue.chosen_by, behind=_behind(issue)
    )


def _behind(issue: Issue) -> tuple[BracketId, ...]:
    """The trades an issue is about. One about a size alone leaves its trade with us."""
    evidence: Mapping[str, object] = issue.finding.evidence or {}
    if issue.finding.kind not in {"quarantined_bracket", "orphan_position"}:
        return ()
    several = evidence.get("bracket_ids")
    ids = several if isinstance(several, list) else [evidence.get("bracket_id")]
    return tuple(BracketId(one) for one in ids if isinstance(one, str))


def notice_of(news: News) -> Notice:
    """News as the outbox takes it: what is critical insists, everything else is told once."""
    insists = news.severity is Severity.CRITICAL
    return Notice(
        severity=news.severity,
        type=news.kind,
        text=news.text,
        dedupe_key=None if insists else news.key,
        repeat_ms=REPEAT_MS if insists else None,
        alert=news.key if insists else None,
    )
