"""The first view: is all well, what is held, what needs a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from actors.journal_board import Picture
from persistence.scoreboard import HOUR_MS, Score
from trading.lifecycle import State
from trading.values import Milliseconds
from webui import health, views
from webui.pages import draw, figures, market
from webui.pages.asking import Asking, Region
from webui.pages.figures import Curves
from webui.pages.words import coins, decimal, number

HOURS: Final = 48
ALERTS: Final = 5
_PROMISES: Final = (
    ("naked", Score.NAKED_OVER_MAX),
    ("orphans", Score.ORPHANS),
    ("duplicates", Score.DUPLICATES),
    ("unresolved", Score.UNRESOLVED),
)
_TRADE_EVENTS: Final = "trade_opened trade_closed entry_ended trade_quarantined bracket_changed"


@dataclass(frozen=True, slots=True)
class Overview:
    """What the regions of the first view need."""

    asking: Asking
    curves: Curves

    @property
    def picture(self) -> Picture:
        """What is now."""
        return self.asking.parts.board.picture

    def regions(self) -> list[Region]:
        """Every region, with the events that concern it."""
        people = "issue_opened issue_resolved halt_changed connection_changed strategy_status_changed"
        return [
            Region(name="verdict", fill=self.verdict, on=f"{people} reconciled child_failed child_changed"),
            Region(name="figures", fill=self.figures, on=f"funds position_changed {_TRADE_EVENTS}", slowly="ticker"),
            Region(name="issues", fill=lambda: open_issues(self.asking), on="issue_opened issue_resolved"),
            Region(
                name="positions",
                fill=self.positions,
                on=f"position_changed order_changed fill reconciled connection_changed {_TRADE_EVENTS}",
                slowly="ticker",
            ),
            Region(name="prices", fill=self.prices, on=f"fill {_TRADE_EVENTS}", slowly="ticker"),
            Region(
                name="runners",
                fill=self.strategies,
                on=f"strategy_status_changed child_changed {_TRADE_EVENTS}",
                slowly="strategy_decided",
            ),
            Region(name="promises", fill=self.promises, on="scoreboard reconciled issue_opened", slowly=_TRADE_EVENTS),
            Region(name="equity", fill=self.equity, slowly="trade_closed funds"),
            Region(name="alerts", fill=self.alerts, on="alert signal_refused"),
            Region(name="controls", fill=self.controls, on=f"{people} alert"),
        ]

    # --- one for each region

    def verdict(self) -> Mapping[str, Any]:
        """Say in one sentence whether all is well, and what to do if not."""
        found = health.examine(self.asking.parts)
        reasons = found["reasons"]
        tone = {"ok": "good", "degraded": "warn", "starting": "calm"}.get(found["status"], "bad")
        said = found["status"]
        if any(reason["code"] in {"issues", "strategy_error"} for reason in reasons) and tone == "warn":
            tone, said = "bad", "needs"
        told = {code: self._reason(code, reason) for reason in reasons for code in [reason["code"]]}
        return {"status": said, "tone": tone, "reasons": list(told.values()), "since": self._since()}

    def figures(self) -> Mapping[str, Any]:
        """What the account is worth, what is open, what today brought."""
        picture, curves = self.picture, self.curves.now()
        open_now: dict[str, Decimal] = {}
        for row in views.position_rows(picture):
            coin = figures.currency_of(row["instrument"])
            made = figures.result(
                row["instrument"], row["side"], row["amount"], row["average_price"], row["mark_price"]
            )
            open_now[coin] = open_now.get(coin, Decimal(0)) + (made or 0)
        funds = [row for row in picture.funds.values() if decimal(row["equity"])]
        traded: set[str] = {
            figures.currency_of(row["instrument"]) for row in picture.strategies.values() if row["instrument"]
        }
        traded |= {*open_now, *curves}
        shown = [row for row in funds if row["currency"] in traded] or funds[:1]
        return {
            "funds": shown,
            "others": [row for row in funds if row not in shown],
            "open_now": open_now,
            "curves": curves,
            "count": len(picture.positions),
        }

    def positions(self) -> Mapping[str, Any]:
        """What is held, under which stop and target."""
        picture = self.picture
        rows = [position(row, picture) for row in views.position_rows(picture)]
        return {"rows": rows, "is_up": picture.connection.is_up}

    def prices(self) -> Mapping[str, Any]:
        """The chart of each instrument in a trade, or else of the first that is traded."""
        return {"charts": market.charts(self.asking)}

    def strategies(self) -> Mapping[str, Any]:
        """Every strategy in short."""
        picture = self.picture
        trades = {row["strategy"]: row for row in picture.brackets.values()}
        rows = [row for _, row in sorted(picture.strategies.items())]
        return {"rows": rows, "trades": trades, "halt": picture.halt}

    def promises(self) -> Mapping[str, Any]:
        """The figures that should all be zero, now and over two days."""
        store, now = self.asking.parts.store, self.asking.now
        since = Milliseconds(now - now % HOUR_MS - (HOURS - 1) * HOUR_MS)
        newest, history = store.scoreboard.newest(), store.scoreboard.history(since=since)
        lived = {int(hour.hour) for hour in history}
        t, rows = self.asking.t, []
        for name, score in _PROMISES:
            by_hour = {int(hour.hour): hour.worst for hour in history if hour.score is score}
            if score is Score.NAKED_OVER_MAX:  # noted when it happens, and it is looked for in every hour of work
                by_hour = dict.fromkeys(lived, 0) | by_hour
            cells = [by_hour.get(int(since) + place * HOUR_MS) for place in range(HOURS)]
            worst = max((cell for cell in cells if cell), default=0)
            title = t("promises.strip", name=t(f"promises.{name}"), hours=HOURS, worst=worst)
            value = self.picture.scores.get(score.value, newest[score])
            rows.append({"name": name, "value": value, "worst": worst, "strip": draw.strip(cells, title=title)})
        return {"rows": rows, "hours": HOURS, "reconciled": self.picture.reconciled, "last": self.picture.last_report}

    def equity(self) -> Mapping[str, Any]:
        """What closed trades made."""
        t, drawn = self.asking.t, []
        for curve in self.curves.now().values():
            text = coins(curve.total, curve.currency, signed=True)
            points = [(at, float(value)) for at, value in curve.points]
            title = t("equity.chart", total=text, count=len(points))
            drawn.append({"curve": curve, "total": text, "svg": draw.line_chart(points, title=title)})
        return {"drawn": drawn}

    def alerts(self) -> Mapping[str, Any]:
        """The newest alerts, and the newest signals that were not taken."""
        picture = self.picture
        return {
            "rows": list(reversed(picture.alerts))[:ALERTS],
            "refusals": list(reversed(picture.refusals))[:3],
        }

    def controls(self) -> Mapping[str, Any]:
        """What stands above all strategies."""
        link = self.picture.connection
        paused = any(row["cause"] == "disconnect" for row in self.picture.strategies.values())
        return {"halt": self.picture.halt, "is_up": link.is_up, "paused_by_loss": paused, "alerts": self.picture.alerts}

    # --- pieces

    def _since(self) -> int | None:
        beats = [beat.at_ms for beat in (self.picture.fact,) if beat is not None]
        return max(beats, default=None)

    def _reason(self, code: str, reason: Mapping[str, Any]) -> Mapping[str, Any]:
        t = self.asking.t
        known = t.has(f"reason.{code}")
        return {
            "code": code,
            "title": t(f"reason.{code}") if known else reason["sentence"],
            "advice": t(f"advice.{code}") if t.has(f"advice.{code}") else "",
            "sentence": reason["sentence"],
            "fails": reason["fails"],
        }


def position(row: Mapping[str, Any], picture: Picture) -> dict[str, Any]:
    """One position with everything a person wants to know of it."""
    instrument, side, amount, entry = row["instrument"], row["side"], row["amount"], row["average_price"]
    coin = figures.currency_of(instrument)
    made = figures.result(instrument, side, amount, entry, row["mark_price"])
    stop = next((leg["trigger_price"] or leg["price"] for leg in row["stops"]), None)
    target = next((leg["price"] or leg["trigger_price"] for leg in row["targets"]), None)
    covered = sum((decimal(leg["amount"]) or Decimal(0)) - (decimal(leg["filled_amount"]) or 0) for leg in row["stops"])
    bracket = picture.brackets.get(row["bracket_id"] or "")
    at_stop = figures.result(instrument, side, amount, entry, stop)
    svg = ""
    if stop and target and decimal(entry):
        mark = decimal(row["mark_price"])
        title = f"{number(stop)} | {number(entry)} | {number(target)} | {number(mark)}"
        at = None if mark is None else float(mark)
        svg = draw.ladder(float(stop), float(entry), float(target), at, title=title)
    return {
        **row,
        "coin": coin,
        "unit": figures.unit_of(instrument),
        "made": made,
        "stop": stop,
        "target": target,
        "to_stop": figures.apart(stop, row["mark_price"]),
        "to_target": figures.apart(target, row["mark_price"]),
        "at_stop": at_stop,
        "at_target": figures.result(instrument, side, amount, entry, target),
        "is_covered": covered >= (decimal(amount) or Decimal(0)),
        "covered": covered,
        "began_at": None if bracket is None else bracket["began_at"],
        "why": "" if bracket is None else bracket["why"],
        "ladder": svg,
    }


def open_issues(asking: Asking) -> Mapping[str, Any]:
    """What needs a person, with the buttons that settle it."""
    found = asking.parts.store.issues.still_open()
    return {"rows": [{**views.issue_row(one), "chosen": one.chosen, "chosen_by": one.chosen_by} for one in found]}


def failed(picture: Picture) -> list[Mapping[str, Any]]:
    """The strategies in ERROR."""
    return [row for row in picture.strategies.values() if row["state"] == State.ERROR.value]
