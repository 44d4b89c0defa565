"""The plain lists: orders that rest, the log of everything, comparisons with the exchange, issues."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors.journal import event_row
from webui import views
from webui.pages.asking import Asking, Region
from webui.pages.overview import open_issues

EVENTS: Final = 40
REPORTS: Final = 25
ISSUES: Final = 25
SEARCHED_MAX: Final = 5_000  # events looked through for a word before the page says how far it came
_BATCH: Final = 1_000
_KINDS: Final = (
    "trade_opened", "trade_closed", "entry_ended", "signal_refused", "strategy_status_changed", "connection_changed",
    "halt_changed", "issue_opened", "issue_resolved", "alert", "command", "reconciled", "child_failed",
    "request_refused", "request_unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lists:
    """What the views of lists need."""

    asking: Asking

    def orders(self) -> list[Region]:
        """What rests or waits on the exchange."""
        return [Region(name="orders_list", fill=self._orders, on="order_changed reconciled connection_changed")]

    def events(self) -> list[Region]:
        """The log; its first page follows what happens, unless something is searched."""
        query = self.asking.query
        live = "" if any(query.get(key) for key in ("before", "q", "kind", "subject")) else "*"
        return [Region(name="events_list", fill=self._events, slowly=live)]

    def reports(self) -> list[Region]:
        """The comparisons."""
        live = "" if self.asking.query.get("before") else "reconciled"
        return [Region(name="reports_list", fill=self._reports, on=live)]

    def issues(self) -> list[Region]:
        """What needs a person, and what was settled."""
        on = "issue_opened issue_resolved"
        return [
            Region(name="issues", fill=lambda: open_issues(self.asking), on=on),
            Region(name="issues_past", fill=self._settled, on=on),
        ]

    # --- one for each region

    def _orders(self) -> Mapping[str, Any]:
        picture = self.asking.parts.board.picture
        rows = sorted(picture.orders.values(), key=lambda row: (row["instrument"], row["updated_at"]))
        return {"rows": rows, "is_up": picture.connection.is_up}

    def _events(self) -> Mapping[str, Any]:
        query = self.asking.query
        kind, subject, text = (query.get(key, "").strip() for key in ("kind", "subject", "q"))
        rows, after, looked = self._found(kind or None, subject or None, text.casefold())
        filled = {"kind": kind, "subject": subject, "q": text, "before": query.get("before", "")}
        return {"rows": rows, "next": after, "looked": looked, "kinds": _KINDS, **filled}

    def _found(self, kind: str | None, subject: str | None, text: str) -> tuple[list[Any], int | None, int]:
        """Give a page of events, where the next one begins, and how many were looked through."""
        events, before = self.asking.parts.store.events, _cursor(self.asking.query.get("before", ""))
        found: list[Any] = []
        looked = 0
        while looked < SEARCHED_MAX:
            size = _BATCH if text else EVENTS + 1
            batch = events.newest(limit=size, before=before, kind=kind, subject=subject)
            for event in batch:
                if len(found) == EVENTS:
                    return found, before, looked
                looked += 1
                before = event.id
                if not text or text in f"{event.kind} {event.subject} {event.text}".casefold():
                    found.append(event_row(event))
            if len(batch) < size:
                return found, None, looked
            if not text:
                break
        return found, before, looked

    def _reports(self) -> Mapping[str, Any]:
        before = _cursor(self.asking.query.get("before", ""))
        rows = self.asking.parts.store.reports.newest(limit=REPORTS + 1, before=before)
        shown = [views.report_row(report) for report in rows[:REPORTS]]
        picture = self.asking.parts.board.picture
        return {
            "rows": shown,
            "next": shown[-1]["id"] if len(rows) > REPORTS else None,
            "interval_s": self.asking.parts.about.reconcile_interval_s,
            "reconciled": picture.reconciled,
            "last": picture.last_report,
        }

    def _settled(self) -> Mapping[str, Any]:
        rows = [views.issue_row(issue) for issue in self.asking.parts.store.issues.newest(limit=ISSUES)]
        return {
            "rows": [row for row in rows if row["status"] == "resolved"],
            "is_calm": not open_issues(self.asking)["rows"],
        }


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None  # noqa: PLR2004 - as in trades
