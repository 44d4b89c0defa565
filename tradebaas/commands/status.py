"""`tradebaas status`."""

import click

from tradebaas.client import Client
from tradebaas.commands.asking import asks
from tradebaas.commands.tables import moment, print_json, print_pairs


@click.command()
@asks
def command(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click
    """Show how the service is doing."""
    found = client.get("status")
    if as_json:
        print_json(found)
        return
    broker, counts = found["broker"], found["strategies"]
    link = "connected" if broker["is_up"] else f"NOT connected ({broker['reason']})"
    scores = ", ".join(f"{name} {value}" for name, value in found["scoreboard"].items()) or "nothing counted yet"
    halt = found["halt"]
    print_pairs(
        [
            ("status", found["status"]),
            *(("", f"- {reason['sentence']}") for reason in found["reasons"]),
            ("mode", found["mode"].upper()),
            ("broker", f"{broker.get('id', '')}: {link} since {moment(broker['since'])}"),
            ("halt", "no" if halt is None else f"HALT since {moment(halt['since'])} by {halt['by']}: {halt['reason']}"),
            (
                "strategies",
                f"{counts['total']}: {counts['active']} active, {counts['paused']} paused, {counts['error']} in error",
            ),
            ("open", f"{found['positions']} positions, {found['orders']} orders, {found['trades_open']} trades"),
            ("issues", found["issues"]),
            ("scoreboard", scores),
            *(
                (row["currency"], f"equity {row['equity']}, free {row['available']}")
                for row in found["funds"]
                if row["equity"] != "0"
            ),
            *((row["instrument"], f"mark {row['mark']} at {moment(row['at'])}") for row in found["tickers"]),
            ("running since", moment(found["started_at"])),
            ("version", found["version"]),
        ]
    )
