"""Strategies: which there are, where each is, what it looks at, and its parameters to be changed."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from actors.journal_board import Picture
from strategies.base import Parameters, Strategy
from strategies.registry import discover
from trading.lifecycle import RUNNING, State
from trading.values import plain
from webui.pages.asking import Asking, Region
from webui.pages.words import decimal

_EVENTS = "strategy_status_changed child_changed child_failed trade_opened trade_closed entry_ended bracket_changed"
_RUNNING = frozenset(state.value for state in RUNNING)


@dataclass(frozen=True, slots=True)
class Strategies:
    """What the views of strategies need."""

    asking: Asking

    @property
    def picture(self) -> Picture:
        """What is now."""
        return self.asking.parts.board.picture

    def regions(self) -> list[Region]:
        """Every strategy, and every kind there is."""
        return [
            Region(name="runners", fill=self.runners, on=_EVENTS, slowly="strategy_decided"),
            Region(name="registry", fill=self.registry),
        ]

    def regions_of(self, name: str) -> list[Region]:
        """One strategy."""
        return [
            Region(name="strategy_state", fill=lambda: self.one(name), on=_EVENTS),
            Region(name="decision", fill=lambda: self.one(name), on="strategy_decided signal_refused"),
            Region(name="strategy_error", fill=lambda: self.one(name), on="strategy_status_changed child_failed"),
            Region(name="strategy_trades", fill=lambda: self.trades(name), on=_EVENTS, template="part_trades"),
            Region(name="parameters", fill=lambda: self.parameters(name), on="parameters_changed"),
        ]

    # --- one for each region

    def runners(self) -> Mapping[str, Any]:
        """Every strategy in short."""
        trades = {row["strategy"]: row for row in self.picture.brackets.values()}
        rows = [row for _, row in sorted(self.picture.strategies.items())]
        return {"rows": rows, "trades": trades, "halt": self.picture.halt}

    def registry(self) -> Mapping[str, Any]:
        """Every kind of strategy with its parameters; the chosen one opened."""
        kinds = discover()
        chosen = self.asking.query.get("kind", "")
        shown = {
            name: {"about": about(kind), "fields": described(kind.parameters), "minutes": kind.candle_minutes}
            for name, kind in kinds.items()
        }
        return {"kinds": shown, "chosen": chosen if chosen in kinds else next(iter(kinds), "")}

    def one(self, name: str) -> Mapping[str, Any]:
        """Where it is and what it looks at."""
        row = self.picture.strategies[name]
        trades = [one for one in self.picture.brackets.values() if one["strategy"] == name]
        refusals = [one for one in reversed(self.picture.refusals) if one["strategy"] == name]
        return {
            "row": row,
            "trades": trades,
            "refusals": refusals[:5],
            "halt": self.picture.halt,
            "is_running": row["state"] in _RUNNING,
        }

    def trades(self, name: str) -> Mapping[str, Any]:
        """Its newest trades."""
        page = self.asking.parts.store.trades(strategy=name, limit=8)
        return {"trades": page.items, "more": page.next is not None, "strategy": name}

    def parameters(self, name: str) -> Mapping[str, Any]:
        """Its parameters as they can be typed."""
        row = self.picture.strategies[name]
        kind = discover().get(row["strategy"])
        held = row["parameters"]
        shown = [] if kind is None else described(kind.parameters)
        for one in shown:
            one["value"] = held.get(one["name"], one["default"])
        can_change = self.asking.doors.has("PATCH", "strategies/any")
        return {"row": row, "fields": shown, "can_change": can_change}


def about(kind: type[Strategy]) -> str:
    """Say what a kind is, in its own words: the first lines of its module or class."""
    text = kind.__doc__ or ""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def described(kind: type[Parameters]) -> list[dict[str, Any]]:
    """Give each parameter with its type and its default."""
    found = []
    for one in fields(kind):
        wanted = str(one.type)
        typed = next((name for name in ("Decimal", "bool", "int") if name in wanted), "str")
        default = "" if one.default is MISSING else one.default
        shown = plain(decimal(default)) if typed == "Decimal" and decimal(default) is not None else default  # type: ignore[arg-type]
        found.append({"name": one.name, "type": typed, "default": shown})
    return found


def may(state: str, action: str, *, in_trade: bool) -> bool:
    """Whether a button makes sense in a state. What it would do is decided elsewhere; this only keeps the page calm."""
    match action:
        case "start":
            return state == State.IDLE
        case "pause":
            return state in _RUNNING
        case "resume":
            return state in {State.PAUSED, State.ERROR}
        case "stop":
            return state != State.IDLE
        case _:
            return in_trade
