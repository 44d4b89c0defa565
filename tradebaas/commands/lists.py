"""The commands that list things: each asks the running service and prints a table, or JSON."""

import click

from tradebaas.client import Client
from tradebaas.commands.asking import asks
from tradebaas.commands.tables import Column, moment, print_json, print_pairs, print_table

limit_option = click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
before_option = click.option("--before", help="Go on below this one: `next` of the page before (--json shows it).")

STRATEGIES: list[Column] = [
    ("name", "name"),
    ("strategy", "strategy"),
    ("instrument", "instrument"),
    ("state", "state"),
    ("since", "since"),
    ("why", "reason"),
    ("last decision", "decision"),
]
TRADES: list[Column] = [
    ("id", "id"),
    ("strategy", "strategy"),
    ("instrument", "instrument"),
    ("side", "side"),
    ("amount", "amount"),
    ("status", "status"),
    ("began", "began_at"),
    ("stop", "stop"),
    ("target", "target"),
    ("net", "pnl.net"),
    ("", "pnl.currency"),
    ("ended", "reason"),
]
ORDERS: list[Column] = [
    ("order", "order_id"),
    ("instrument", "instrument"),
    ("side", "side"),
    ("type", "type"),
    ("state", "state"),
    ("amount", "amount"),
    ("filled", "filled_amount"),
    ("price", "price"),
    ("trigger", "trigger_price"),
    ("leg", "leg"),
    ("ours", "is_ours"),
]
POSITIONS: list[Column] = [
    ("instrument", "instrument"),
    ("side", "side"),
    ("amount", "amount"),
    ("average", "average_price"),
    ("mark", "mark_price"),
    ("stop", "stops.0.trigger_price"),
    ("covers", "stops.0.amount"),
    ("target", "targets.0.price"),
    ("strategy", "strategy"),
]
EVENTS: list[Column] = [("id", "id"), ("at", "at"), ("kind", "kind"), ("about", "subject"), ("what", "text")]
ISSUES: list[Column] = [
    ("id", "id"),
    ("instrument", "instrument"),
    ("kind", "kind"),
    ("since", "opened_at"),
    ("what", "text"),
    ("choices", "choices"),
    ("resolved", "resolution"),
]
REPORTS: list[Column] = [
    ("id", "id"),
    ("at", "at"),
    ("why", "why"),
    ("findings", "findings"),
    ("actions", "detail.detail.actions"),
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
    story = client.get(f"trades/{trade_id}")
    if as_json:
        print_json(story)
        return
    keys = ("id", "strategy", "instrument", "side", "status", "amount", "entry", "stop", "target", "why", "reason")
    print_pairs((key, story[key]) for key in keys if story[key] not in {None, ""})
    print_pairs([("began", moment(story["began_at"])), ("closed", moment(story["closed_at"]))])
    click.echo()
    print_table(story["timeline"], EVENTS[1:3] + EVENTS[4:], empty="no timeline")


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
    _show(client.get("reconciliations", limit=limit, before=before), REPORTS, as_json=as_json, empty="no reports")


def _show(found: dict[str, object], columns: list[Column], *, as_json: bool, empty: str) -> None:
    if as_json:
        print_json(found)
        return
    items = found["items"]
    assert isinstance(items, list)
    print_table(items, columns, empty=empty)
    if found["next"] is not None:
        click.echo(f"more: --before {found['next']}")
