"""What stands above every view: the mode, the link, a halt, and what needs a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trading.lifecycle import State
from webui import health
from webui.pages.asking import Asking, Region

_EVENTS = "connection_changed halt_changed issue_opened issue_resolved strategy_status_changed reconciled child_changed"


@dataclass(frozen=True, slots=True)
class Top:
    """The regions of the frame."""

    asking: Asking

    def regions(self) -> list[Region]:
        """The one region every view has."""
        return [Region(name="top", fill=self.top, on=_EVENTS)]

    def top(self) -> Mapping[str, Any]:
        """The mode, the link and its last message, a halt, and how many things need a person."""
        picture, about = self.asking.parts.board.picture, self.asking.parts.about
        link = picture.connection
        failed = sum(row["state"] == State.ERROR.value for row in picture.strategies.values())
        return {
            "mode": about.mode,
            "broker": about.broker.get("id", ""),
            "link": link,
            "is_wanted": health.is_wanted(self.asking.parts),
            "last": None if picture.fact is None else picture.fact.at_ms,
            "halt": picture.halt,
            "needs": len(picture.issues) + failed,
            "needs_at": _where(issues=bool(picture.issues), failed=bool(failed)),
            "tone": self.tone(),
        }

    def tone(self) -> str:
        """How it is, in one word, for the sign in the browser's tab."""
        picture = self.asking.parts.board.picture
        if picture.issues or any(row["state"] == State.ERROR.value for row in picture.strategies.values()):
            return "bad"
        if not picture.connection.is_up and health.is_wanted(self.asking.parts):
            return "bad"
        if picture.halt is not None or not picture.connection.is_up:
            return "warn"
        return "good"


def _where(*, issues: bool, failed: bool) -> str:
    """Where all is told that needs a person."""
    if issues and failed:
        return "/"
    return "/issues" if issues else "/strategies"
