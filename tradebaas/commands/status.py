"""`tradebaas status`, once or again and again."""

import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import click

from tradebaas.client import Client, NotRunning, SaidNo
from tradebaas.commands.asking import as_answer, asks_again
from tradebaas.commands.tables import Painted, moment, print_json, print_pairs, width

HOME: Final = "\x1b[H"
CLEAR_BELOW: Final = "\x1b[J"
CLEAR: Final = "\x1b[2J"
_SCORES: Final = {
    "orphans": "orphan orders",
    "naked_ms": "ms without a stop",
    "naked_over_max": "too long without a stop",
    "duplicates": "double entries",
    "unresolved": "unresolved requests",
}


@click.command()
@click.option("--watch", is_flag=True, help="Show it again and again, in place, until Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds between looks."
)
@asks_again
def command(connect: Callable[[], Client], as_json: bool, watch: bool, every: float) -> None:  # noqa: FBT001 - click
    """Show how the service is doing."""
    if not watch:
        _show(_look(connect), as_json=as_json)
        return
    in_place = sys.stdout.isatty() and not as_json
    if in_place:
        # Who is told that Ctrl-C ends it can end it, even where the shell that started us had set it aside.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo(CLEAR, nl=False)
    try:
        while True:
            _once(connect, as_json=as_json, in_place=in_place)
            time.sleep(every)
    except KeyboardInterrupt:
        click.echo()


def _once(connect: Callable[[], Client], *, as_json: bool, in_place: bool) -> None:
    """One look. Who is not there now may be there at the next: a service that restarts is what one watches."""
    found: dict[str, Any] | NotRunning | SaidNo
    try:
        found = _look(connect)
    except (NotRunning, SaidNo) as no:
        found = no
    if in_place:
        click.echo(HOME + CLEAR_BELOW, nl=False)
    if isinstance(found, dict):
        _show(found, as_json=as_json)
    elif as_json:
        print_json(as_answer(found))
    else:
        click.echo(f"tradebaas: {found}")
    if in_place:
        click.echo(f"\n{moment(int(time.time() * 1000))}, again and again; Ctrl-C ends it"[: width()])
    sys.stdout.flush()


def _look(connect: Callable[[], Client]) -> dict[str, Any]:
    client = connect()
    try:
        found: dict[str, Any] = client.get("status")
        return found
    finally:
        client.close()


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    broker, counts = found["broker"], found["strategies"]
    since = f"since {moment(broker['since'])}"
    link = "connected" if broker["is_up"] else f"NOT connected ({broker['reason']})"
    heard = "" if broker.get("last_message_s") is None else f", heard {broker['last_message_s']:.1f} s ago"
    halt = found["halt"]
    held = "no" if halt is None else f"HALT since {moment(halt['since'])} by {halt['by']}: {halt['reason']}"
    print_pairs(
        [
            ("status", Painted(found["status"], found["status"])),
            *(("", f"- {reason['sentence']}") for reason in found["reasons"]),
            ("mode", found["mode"].upper()),
            ("broker", Painted("ok" if broker["is_up"] else "fail", f"{broker.get('id', '')}: {link} {since}{heard}")),
            ("halt", held if halt is None else Painted("HALT", held)),
            ("strategies", _counts(counts)),
            ("open", f"positions {found['positions']}, orders {found['orders']}, trades {found['trades_open']}"),
            ("issues", found["issues"]),
            (
                "scoreboard",
                ", ".join(f"{_SCORES.get(name, name)} {value}" for name, value in found["scoreboard"].items())
                or "nothing yet",
            ),
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


def _counts(counts: dict[str, int]) -> str:
    return f"{counts['total']}: {counts['active']} active, {counts['paused']} paused, {counts['error']} in error"
