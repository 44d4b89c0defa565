"""What a person has set while the service ran, as the desk keeps it and as the next life reads it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from persistence.store import Store
from persistence.switches import Wish
from trading.messages import orders
from trading.notice_kinds import Loudness
from trading.sizing import Risk, RiskMode
from trading.values import Milliseconds, StrategyName, plain

RISK: Final = "risk"
AUTO_RECONNECT: Final = "broker.auto_reconnect"
LANGUAGE: Final = "page.language"
BROKER: Final = "broker.active"
PARAMETERS: Final = "parameters:"


class Choices:
    """Settings chosen by a person. Each counts more than what the file says."""

    _store: Store

    def set_parameters(
        self, name: StrategyName, parameters: Mapping[str, object], *, by: str, at: Milliseconds
    ) -> None:
        """A person chose parameters. They are those of one kind of strategy, and go when the name gets another."""
        known = self._store.strategies.get(name)
        kept = {"strategy": "" if known is None else known.kind, "given": dict(parameters)}
        with self._store.together():
            self._store.settings.put(PARAMETERS + name, kept, by=by, at=at)
            self._store.events.add(
                "parameters_changed", name, f"{name} has new parameters, by {by}", at=at, detail=kept
            )

    def parameters(self, name: StrategyName, kind: str) -> Mapping[str, object]:
        """What was chosen for a strategy of this kind; what is not in it is as configured."""
        return chosen_parameters(self._store, name, kind)

    def set_risk(self, chosen: orders.SetRisk, *, by: str, at: Milliseconds) -> None:
        """A person chose what a trade may lose."""
        kept = {
            "mode": chosen.risk.mode.value,
            "value": plain(chosen.risk.value),
            "leverage": None if chosen.leverage_max is None else plain(chosen.leverage_max),
            "notional": None if chosen.notional_max is None else plain(chosen.notional_max),
        }
        with self._store.together():
            self._store.settings.put(RISK, kept, by=by, at=at)
            text = f"risk per trade: {kept['value']} {kept['mode']}, by {by}"
            self._store.events.add("risk_changed", "orders", text, at=at, detail=kept)

    def risk(self) -> orders.SetRisk | None:
        """What a trade may lose, if a person chose it."""
        return risk_of(self._store.settings.get(RISK))

    def auto_reconnect(self) -> bool | None:
        """Whether a lost connection may come back by itself."""
        kept = self._store.settings.get(AUTO_RECONNECT)
        return kept if isinstance(kept, bool) else None

    def set_auto_reconnect(self, *, on: bool, by: str, at: Milliseconds) -> None:
        """A person chose."""
        self._put(AUTO_RECONNECT, on, f"reconnecting by itself is {'on' if on else 'off'}", by=by, at=at)

    def set_language(self, language: str, *, by: str, at: Milliseconds) -> None:
        """A person chose the page's language."""
        self._put(LANGUAGE, language, f"the page speaks {language}", by=by, at=at)

    def set_loudness(self, kinds: Mapping[str, Loudness | None], *, by: str, at: Milliseconds) -> None:
        """A person chose how loud some kinds of notices are."""
        told = ", ".join(f"{kind} {loudness or 'as configured'}" for kind, loudness in sorted(kinds.items()))
        with self._store.together():
            self._store.notifying.set_loudness(kinds, by=by, at=at)
            self._store.events.add("settings_changed", "notifications", f"{told}, by {by}", at=at)

    def set_broker(self, broker: str, *, by: str, at: Milliseconds) -> None:
        """A person chose the broker of the next life, and so wants the connection to it."""
        with self._store.together():
            self._store.connection.wish(broker, Wish.CONNECTED, by=by, reason="chosen", at=at)
            self._put(BROKER, broker, f"the broker is {broker}", by=by, at=at)

    def unfinished(self) -> str:
        """What of ours on this account is not over."""
        store = self._store
        figures = {
            "open trades": len(store.open_brackets()),
            "quarantined trades": len(store.brackets.quarantined_brackets()),
            "requests whose fate nobody knows": len(store.unknown_intents()),
        }
        return ", ".join(f"{count} {what}" for what, count in figures.items() if count)

    def _put(self, key: str, value: Any, text: str, *, by: str, at: Milliseconds) -> None:
        with self._store.together():
            self._store.settings.put(key, value, by=by, at=at)
            self._store.events.add("settings_changed", key, f"{text}, by {by}", at=at, detail={key: value})


def chosen_parameters(store: Store, name: str, kind: str) -> Mapping[str, object]:
    """What a person chose for a strategy of this kind; empty when nobody did."""
    kept = store.settings.get(PARAMETERS + name)
    if not isinstance(kept, dict) or kept.get("strategy") != kind:
        return {}
    return dict(kept["given"])


def risk_of(kept: Any) -> orders.SetRisk | None:
    """Read what `Choices.set_risk` wrote."""
    if not isinstance(kept, dict):
        return None
    leverage, notional = kept.get("leverage"), kept.get("notional")
    return orders.SetRisk(
        risk=Risk(mode=RiskMode(kept["mode"]), value=Decimal(kept["value"])),
        leverage_max=None if leverage is None else Decimal(leverage),
        notional_max=None if notional is None else Decimal(notional),
    )
