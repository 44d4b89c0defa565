"""Trades: the list with its filter, the same as a file, and one trade explained from signal to exit."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from persistence.brackets import Trade, Which
from trading.values import ZERO, BracketId, plain
from webui import views
from webui.pages import market
from webui.pages.asking import Asking, Region
from webui.pages.words import iso

PAGE: Final = 25
EXPORT_MAX: Final = 20_000
BATCH: Final = 500
_EVENTS: Final = "trade_opened trade_closed entry_ended trade_quarantined bracket_changed"
_COLUMNS: Final = (
    "id", "strategy", "instrument", "side", "status", "amount", "held", "entry", "stop", "target", "average_entry",
    "exit_price", "currency", "gross", "fees", "funding", "net", "estimated", "why", "reason", "began_at", "opened_at",
    "closed_at",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Trades:
    """What the views of trades need."""

    asking: Asking

    def regions(self) -> list[Region]:
        """The list; the first page of it follows what happens."""
        live = "" if self.asking.query.get("before") else _EVENTS
        return [
            Region(name="trades_list", fill=self.page, on=live),
            Region(name="not_taken", fill=self.not_taken, on="signal_refused"),
        ]

    def page(self) -> Mapping[str, Any]:
        """One page of trades."""
        which, strategy = self._wanted()
        before = self.asking.query.get("before", "")
        page = self.asking.parts.store.trades(
            which=which, strategy=strategy, limit=PAGE, before=int(before) if _is_cursor(before) else None
        )
        names = sorted(self.asking.parts.board.picture.strategies)
        filled = {"status": which.value if which else "", "strategy": strategy or ""}
        entries = {trade.bracket_id: self._entry(trade) for trade in page.items}
        return {"trades": page.items, "entries": entries, "next": page.next, "before": before, "names": names, **filled}

    def _entry(self, trade: Trade) -> Any:
        """Its price, of an open one by the fills there are."""
        if trade.average_entry is None and trade.held and (story := self.asking.parts.store.trade(trade.bracket_id)):
            found = average([fill for fill in views.story_row(story)["fills"] if fill["leg"] == "entry"])
            return trade.entry if found is None else found
        return trade.average_entry or trade.entry

    def not_taken(self) -> Mapping[str, Any]:
        """Signals that were refused, and why."""
        return {"rows": list(reversed(self.asking.parts.board.picture.refusals))[:12]}

    def csv(self) -> Iterator[bytes]:
        """Give the whole list as a file, exact figures, page by page."""
        which, strategy = self._wanted()
        yield _line(_COLUMNS)
        before: int | None = None
        given = 0
        while given < EXPORT_MAX:
            page = self.asking.parts.store.trades(which=which, strategy=strategy, limit=BATCH, before=before)
            for trade in page.items:
                yield _line(_cells(trade))
            given, before = given + len(page.items), page.next
            if before is None:
                break
        self.asking.parts.store.close_thread()

    def _wanted(self) -> tuple[Which | None, str | None]:
        status = self.asking.query.get("status", "")
        which = Which(status) if status in set(Which) else None
        return which, self.asking.query.get("strategy") or None


@dataclass(frozen=True, slots=True)
class Story:
    """One trade, explained."""

    asking: Asking
    name: str

    def regions(self) -> list[Region]:
        """Its figures and its way, which go on while it is open."""
        is_over = self._told()["status"] in {"closed", "ended"}
        live = "" if is_over else f"{_EVENTS} fill order_changed"
        return [
            Region(name="story", fill=self.story, on=live, slowly="" if is_over else "ticker"),
            Region(name="timeline", fill=self.timeline, on=live),
        ]

    def is_known(self) -> bool:
        """Whether there is such a trade."""
        return self.asking.parts.store.brackets.knows(BracketId(self.name))

    def _told(self) -> dict[str, Any]:
        story = self.asking.parts.store.trade(BracketId(self.name))
        assert story is not None, f"no trade {self.name}"
        told = views.story_row(story)
        for name, legs in (("average_entry", {"entry"}), ("exit_price", {"stop", "target", "close"})):
            if told[name] is None:
                told[name] = average([fill for fill in told["fills"] if fill["leg"] in legs])
        return told

    def story(self) -> Mapping[str, Any]:
        """The figures, and the chart."""
        told = self._told()
        return {"trade": told, "svg": market.of_trade(self.asking, told)}

    def timeline(self) -> Mapping[str, Any]:
        """The way from signal to exit, and the log below it."""
        told = self._told()
        return {"trade": told, "steps": steps(told), "log": told["timeline"], "flat": flat}


def average(fills: Sequence[Mapping[str, Any]]) -> str | None:
    """Give the price of several fills together, to be read; None without any."""
    amount = sum((Decimal(fill["amount"]) for fill in fills), ZERO)
    return (
        plain(sum((Decimal(fill["amount"]) * Decimal(fill["price"]) for fill in fills), ZERO) / amount)
        if amount
        else None
    )


def steps(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Put everything that happened to a trade into one line of time."""
    found: list[dict[str, Any]] = [{"at": told["began_at"], "kind": "signal", "order": 0, "row": told}]
    for request in told["requests"]:
        found.append({"at": request["sent_at"], "kind": "intent", "order": 1, "row": request})
        if request["settled_at"] is not None:
            found.append({"at": request["settled_at"], "kind": "reply", "order": 2, "row": request})
    # A fill has the exchange's time, whose clock may be behind ours: none came before its request had left.
    left_at = min((request["sent_at"] for request in told["requests"]), default=told["began_at"])
    found += [
        {"at": fill["at"], "place": max(fill["at"], left_at), "kind": "fill", "order": 3, "row": fill}
        for fill in told["fills"]
    ]
    found += [
        {"at": event["at"], "kind": "news", "order": 4, "row": event}
        for event in told["timeline"]
        if event["kind"] in {"trade_opened", "trade_closed", "entry_ended", "trade_quarantined", "trade_released"}
    ]
    return sorted(found, key=lambda step: (step.get("place", step["at"]), step["order"]))


def flat(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what a request says line by line; its kind, under which all of it stands, is said in words above it."""
    for key, value in request.items():
        yield from _lines(value) if isinstance(value, Mapping) else _lines({key: value})


def _lines(said: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Name what stands inside another after it: `stop.price`."""
    for key, value in said.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{before}{key}.")
        elif value is not None and value != "" and key != "intent_id":  # the label says the same
            yield f"{before}{key}", value


def _is_cursor(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18  # noqa: PLR2004 - what a row's number can have


def _cells(trade: Trade) -> list[str]:
    row = views.trade_row(trade)
    pnl = row.pop("pnl") or {}
    row |= {key: pnl.get(key) for key in ("currency", "gross", "fees", "funding", "net", "estimated")}
    for key in ("began_at", "opened_at", "closed_at"):
        row[key] = None if row[key] is None else iso(row[key])
    return [_text(row[key], is_figure=key not in {"strategy", "why", "reason", "id", "instrument"}) for key in _COLUMNS]


def _text(value: Any, *, is_figure: bool) -> str:
    """Write a cell. Words that a spreadsheet would take for a formula are quoted; a negative figure stays one."""
    text = "" if value is None else str(value)
    return f"'{text}" if not is_figure and text.startswith(_FORMULA) else text


def _line(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
