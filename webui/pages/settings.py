"""Settings: what can be changed while it runs, each with what it means; below it what stands in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trading.notice_kinds import KINDS, Loudness
from trading.sizing import RiskMode
from webui.pages.asking import Asking, Region
from webui.pages.texts import TABLES

REAL_MONEY: Final = "trade my real money"  # what the API wants typed
LANGUAGES: Final = tuple(sorted(TABLES))
_HIDDEN: Final = frozenset({"strategies"})  # they have views of their own


@dataclass(frozen=True, slots=True)
class SettingsView:
    """What the view of settings needs. What the API cannot change is not offered."""

    asking: Asking

    def regions(self) -> list[Region]:
        """One region for each thing that can be set; what somebody has typed and not saved stays in its field."""
        return [
            Region(name="settings_link", fill=self.settings, on="settings_changed"),
            Region(name="settings_risk", fill=self.risk, on="risk_changed"),
            Region(name="settings_broker", fill=self.brokers, on="connection_changed"),
            Region(name="settings_notices", fill=self.settings, on="settings_changed"),
            Region(name="settings_backups", fill=self.backups),
            Region(name="settings_file", fill=self.file),
        ]

    # --- one for each region

    def settings(self) -> Mapping[str, Any]:
        """Reconnecting, the language, and how loud each kind of message is."""
        found = (self._look("settings") or {}).get("now", {})
        return {
            "auto_reconnect": bool(found.get("auto_reconnect", False)),
            "language": found.get("language") or self.asking.t.language,
            "languages": LANGUAGES,
            "kinds": KINDS,
            "loud": found.get("notifications", {}),
            "words": [word.value for word in Loudness],
        }

    def risk(self) -> Mapping[str, Any]:
        """What one trade may lose."""
        return {"risk": self._look("risk-settings") or {}, "modes": [mode.value for mode in RiskMode]}

    def brokers(self) -> Mapping[str, Any]:
        """Where it trades, and with which key."""
        found = self._look("brokers") or {}
        return {"rows": found.get("items", []), "real_money": REAL_MONEY}

    def backups(self) -> Mapping[str, Any]:
        """The copies of the database that there are."""
        found = self._look("backups") or {}
        return {"rows": found.get("items", [])[:10]}

    def file(self) -> Mapping[str, Any]:
        """The whole tree as it was read, without secrets."""
        tree = self.asking.parts.about.settings
        sections = {name: part for name, part in tree.items() if isinstance(part, Mapping) and name not in _HIDDEN}
        return {"sections": sections}

    def _look(self, address: str) -> Any:
        return self.asking.doors.look(address)
