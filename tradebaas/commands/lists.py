"""The commands that list things: each asks the running service and prints a table, or JSON."""

from typing import Any, Final
from urllib.parse import quote

import click

from tradebaas.client import Client
from tradebaas.commands.asking import asks, saying_where
from tradebaas.commands.tables import Column, moment, print_json, print_pairs, print_table

limit_option = click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
before_option = click.option("--before", help="Go on below this one: `next` of the page before (--json shows it).")

STRATEGIES: list[Column] = [
    Column("name", "name"),
    Column("strategy", "strategy", drop=3),
    Column("instrument", "instrument", drop=1),
    Column("state", "state"),
    Column("since", "since", drop=2),
    Column("why", "reason", wraps=True),
    Column("last decision", "decision", drop=4, wraps=True),
]
TRADES: list[Column] = [
    Column("id", "id"),
    Column("strategy", "strategy", drop=3),
    Column("instrument", "instrument", drop=2),
    Column("side", "side"),
    Column("amount", "amount", drop=1),
    Column("status", "status"),
    Column("began", "began_at", drop=4),
    Column("stop", "stop", drop=6),
    Column("target", "target", drop=7),
    Column("net", "pnl.net"),
    Column("coin", "pnl.currency", drop=5),
    Column("ended", "reason", drop=8),
]
ORDERS: list[Column] = [
    Column("order", "order_id"),
    Column("instrument", "instrument", drop=1),
    Column("side", "side"),
    Column("type", "type", drop=5),
    Column("state", "state", drop=6),
    Column("amount", "amount"),
    Column("filled", "filled_amount", drop=3),
    Column("price", "price"),
    Column("trigger", "trigger_price", drop=2),
    Column("leg", "leg"),
    Column("ours", "is_ours", drop=4),
]
POSITIONS: list[Column] = [
    Column("instrument", "instrument"),
    Column("side", "side"),
    Column("amount", "amount"),
    Column("average", "average_price", drop=3),
    Column("mark", "mark_price", drop=4),
    Column("stop", "stops.0.trigger_price"),
    Column("covers", "stops.0.amount", drop=1),
    Column("target", "targets.0.price", drop=2),
    Column("strategy", "strategy", drop=5),
]
EVENTS: list[Column] = [
    Column("id", "id", drop=1),
    Column("at", "at"),
    Column("kind", "kind", drop=2),
    Column("about", "subject", drop=3),
    Column("what", "text", wraps=True),
]
TIMELINE: list[Column] = [column for column in EVENTS if column.key not in {"id", "subject"}]
ISSUES: list[Column] = [
    Column("id", "id"),
    Column("instrument", "instrument", drop=1),
    Column("kind", "kind", drop=4),
    Column("since", "opened_at", drop=3),
    Column("what", "text", wraps=True),
    Column("choices", "choices"),
    Column("resolved", "resolution", drop=2),
]
REPORTS: list[Column] = [
    Column("id", "id", drop=1),
    Column("at", "at"),
    Column("why", "why"),
    Column("found", "found", wraps=True),
    Column("done", "done", drop=2, wraps=True),
]


@click.command()
@asks
def strategies(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the strategies."""
    _show(client.get("strategies"), STRATEGIES, as_json=as_json, empty="no strategies")


@click.command()
@click.argument("trade_id", required=False)
@click.option("--status", type=click.Choice(["open", "closed", "ended", "quarantined"]), help="Only those.")
@click.option("--strategy", help="Only those of this strategy.")
@limit_option
@before_option
@asks
def trades(
    client: Client,
    as_json: bool,  # noqa: FBT001 - click
    trade_id: str | None,
    status: str | None,
    strategy: str | None,
    limit: int,
    before: str | None,
) -> None:
    """List trades, the newest first; or show one with all that led to it and became of it."""
    if trade_id is None:
        found = client.get("trades", status=status, strategy=strategy, limit=limit, before=before)
        _show(found, TRADES, as_json=as_json, empty="no trades")
        return
    with saying_where(lambda: "`tradebaas trades` lists them"):
        story = client.get(f"trades/{quote(trade_id, safe='')}")
    if as_json:
        print_json(story)
        return
    keys = ("id", "strategy", "instrument", "side", "status", "amount", "entry", "stop", "target", "why", "reason")
    pairs = [(key, story[key]) for key in keys if story[key] not in {None, ""}]
    pnl = story["pnl"]
    if pnl is not None:
        parts = ", ".join(f"{part} {pnl[part]}" for part in ("gross", "fees", "funding"))
        pairs.append(("net", f"{pnl['net']} {pnl['currency']} ({parts}){', estimated' if pnl['estimated'] else ''}"))
    print_pairs([*pairs, ("began", moment(story["began_at"])), ("closed", moment(story["closed_at"]))])
    click.echo()
    print_table(story["timeline"], TIMELINE, empty="no timeline")


@click.command()
@asks
def orders(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the orders that rest or wait on the exchange."""
    _show(client.get("orders"), ORDERS, as_json=as_json, empty="no orders")


@click.command()
@asks
def positions(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click
    """List positions with the stop and target that rest on the exchange."""
    _show(client.get("positions"), POSITIONS, as_json=as_json, empty="no positions")


@click.command()
@click.option("--kind", help="Only those of this kind.")
@click.option("--about", help="Only those about this: a trade's id, a strategy's name.")
@limit_option
@before_option
@asks
def events(
    client: Client,
    as_json: bool,  # noqa: FBT001 - click
    kind: str | None,
    about: str | None,
    limit: int,
    before: str | None,
) -> None:
    """List what happened, the newest first."""
    found = client.get("events", kind=kind, subject=about, limit=limit, before=before)
    _show(found, EVENTS, as_json=as_json, empty="no events")


@click.command()
@click.option("--all", "every", is_flag=True, help="Those that are resolved, too.")
@limit_option
@before_option
@asks
def issues(client: Client, as_json: bool, every: bool, limit: int, before: str | None) -> None:  # noqa: FBT001 - click
    """List what needs a person; `resolve ID CHOICE` decides."""
    found = client.get("issues", status="all" if every else "open", limit=limit, before=before)
    _show(found, ISSUES, as_json=as_json, empty="no issues")


@click.command()
@limit_option
@before_option
@asks
def reports(client: Client, as_json: bool, limit: int, before: str | None) -> None:  # noqa: FBT001 - click
    """List the comparisons of database and exchange, the newest first."""
    found = client.get("reconciliations", limit=limit, before=before)
    if not as_json:
        for report in found["items"]:
            report.update(_told(report))
    _show(found, REPORTS, as_json=as_json, empty="no reports")


_CLEAN: Final = "all as it should be"
_DONE: Final = {
    "CancelOrphan": "orphan order cancelled",
    "Adopt": "taken into care",
    "Refresh": "trade brought up to date",
    "Reduced": "size corrected",
    "Quarantine": "left for you to decide",
}
"""What a comparison did, in words."""


def _told(report: dict[str, Any]) -> dict[str, Any]:
    """What was found and done, out of a report's detail."""
    detail = report["detail"] or {}
    found = [str(one.get("text") or one.get("kind") or one) for one in detail.get("findings", [])]
    actions = detail.get("actions", (detail.get("detail") or {}).get("actions", []))
    found = [_CLEAN if text == "matched" else text for text in found]
    return {"found": "\n".join(found) or "nothing", "done": ", ".join(_DONE.get(str(one), str(one)) for one in actions)}


def _show(found: dict[str, object], columns: list[Column], *, as_json: bool, empty: str) -> None:
    if as_json:
        print_json(found)
        return
    items = found["items"]
    assert isinstance(items, list)
    print_table(items, columns, empty=empty)
    if found["next"] is not None:
        click.echo(f"more: --before {found['next']}")
