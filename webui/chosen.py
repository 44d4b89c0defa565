"""What can be changed while it runs, as it counts now: what a person chose, else what the file says."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from actors.remembering_choices import AUTO_RECONNECT, LANGUAGE, RISK, chosen_parameters
from strategies.base import Parameters, read_parameters
from strategies.registry import discover
from trading.notice_kinds import KINDS, Loudness, audible
from webui.parts import Parts

_NOT_PARAMETERS = frozenset({"strategy", "instrument", "autostart"})


class Chosen:
    """Reads the file's tree and the store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kinds = discover()

    def auto_reconnect(self) -> bool:
        """Whether a lost connection comes back by itself."""
        chosen = self._parts.store.settings.get(AUTO_RECONNECT)
        return chosen if isinstance(chosen, bool) else bool(self._parts.about.broker.get("auto_reconnect", False))

    def language(self) -> str | None:
        """The page's language, if somebody chose one for all."""
        chosen = self._parts.store.settings.get(LANGUAGE)
        return chosen if isinstance(chosen, str) else None

    def notifications(self) -> dict[str, str]:
        """How loud each kind of notice is."""
        given: Mapping[str, str] = self._section("notifications").get("kinds") or {}
        wanted = {kind: Loudness(word) for kind, word in given.items() if kind in KINDS}
        wanted |= self._parts.store.notifying.loudness()
        return {kind: audible(wanted, kind, is_critical=False).value for kind in KINDS}

    def risk(self) -> dict[str, Any]:
        """What a trade may lose."""
        kept = self._parts.store.settings.get(RISK)
        if isinstance(kept, dict):
            return {**kept, "chosen": True}
        given = self._section("risk")
        return {key: given.get(key) for key in ("mode", "value", "leverage", "notional")} | {"chosen": False}

    def settings(self) -> dict[str, Any]:
        """The file's tree, and beside it what counts now."""
        now = {
            "auto_reconnect": self.auto_reconnect(),
            "language": self.language(),
            "notifications": self.notifications(),
            "broker": str(self._parts.about.broker.get("id", "")),
        }
        return {**self._parts.about.settings, "now": now}

    def with_changes(self, name: str, kind: str, changes: Mapping[str, object]) -> tuple[dict[str, object], Parameters]:
        """Give all that is chosen for a strategy after a change, and its parameters then.

        Raises:
            ConfigError: a parameter that there is not, or a value that does not fit.
        """
        chosen = {**chosen_parameters(self._parts.store, name, kind), **changes}
        chosen = {key: value for key, value in chosen.items() if value is not None}
        given = self._section("strategies").get(name) or {}
        base = {key: value for key, value in given.items() if key not in _NOT_PARAMETERS}
        return chosen, read_parameters(self._kinds[kind].parameters, {**base, **chosen}, name)

    def instruments(self) -> set[str]:
        """What the strategies of the file trade."""
        return {str(one["instrument"]) for one in self._section("strategies").values()}

    def knows(self, kind: str) -> bool:
        """Whether there is such a kind of strategy."""
        return kind in self._kinds

    def _section(self, name: str) -> Mapping[str, Any]:
        found = self._parts.about.settings.get(name, {})
        return found if isinstance(found, Mapping) else {}


def shown(parameters: Parameters) -> dict[str, object]:
    """Give parameters as plain values, money as text."""
    return {key: msgspec.to_builtins(value) for key, value in asdict(parameters).items()}
