"""The commands that operate the service: one verb for each thing a person can do to it."""

import sys
from urllib.parse import quote

import click

from tradebaas.client import Client
from tradebaas.commands.asking import asks, did_you_mean, saying_where
from tradebaas.commands.tables import print_json


def _do(client: Client, path: str, body: object = None, *, as_json: bool) -> None:
    """Have it done and print what came of it."""
    answer = client.post(path, body)
    if as_json:
        print_json(answer)
    else:
        click.echo(answer["sentence"])


def _strategy_verb(verb: str, text: str) -> click.Command:
    @click.command(name=verb, help=text)
    @click.argument("name")
    @asks
    def command(client: Client, as_json: bool, name: str) -> None:  # noqa: FBT001 - click
        def known() -> str:
            return did_you_mean(name, [row["name"] for row in client.get("strategies")["items"]])

        with saying_where(known):
            _do(client, f"strategies/{quote(name, safe='')}/{verb}", as_json=as_json)

    return command


def _plain_verb(verb: str, path: str, text: str) -> click.Command:
    @click.command(name=verb, help=text)
    @asks
    def command(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click
        _do(client, path, as_json=as_json)

    return command


start = _strategy_verb("start", "Let the strategy NAME trade.")
pause = _strategy_verb("pause", "Have the strategy NAME open nothing new; its trade stays managed.")
resume = _strategy_verb("resume", "Let the strategy NAME go on after a pause, or after an error in a new life.")
stop = _strategy_verb("stop", "End the strategy NAME and leave its trade under its stop and target.")
close = _strategy_verb("close", "Flatten the trade of the strategy NAME at market.")
unhalt = _plain_verb("unhalt", "unhalt", "Lift the halt.")
acknowledge = _plain_verb("ack", "alerts/acknowledge", "Say that you have read the alerts: they need not be repeated.")
connect = _plain_verb("connect", "broker/connect", "Connect to the broker.")
disconnect = _plain_verb(
    "disconnect",
    "broker/disconnect",
    "Close the connection and keep it closed, over restarts too. Resting orders stay.",
)
reconcile = _plain_verb("reconcile", "reconcile", "Compare database and exchange now.")


@click.command()
@click.option("--reason", default="by hand", show_default=True, help="Why; everybody will see it.")
@asks
def halt(client: Client, as_json: bool, reason: str) -> None:  # noqa: FBT001 - click
    """Open nothing anywhere until it is lifted. Open trades stay managed."""
    _do(client, "halt", {"reason": reason}, as_json=as_json)


@click.command()
@click.option("--resume", "and_resume", is_flag=True, help="Let the strategies go on that the lost connection paused.")
@asks
def reconnect(client: Client, as_json: bool, and_resume: bool) -> None:  # noqa: FBT001 - click
    """Connect again after a lost connection."""
    _do(client, "broker/reconnect", {"resume": and_resume}, as_json=as_json)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@asks
def panic(client: Client, as_json: bool, yes: bool) -> None:  # noqa: FBT001 - click
    """Halt, cancel every entry and close every position of ours at market."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("this closes every position of ours at market; without a terminal it needs --yes")
        click.confirm("Halt, cancel every entry and close every position of ours at market?", abort=True)
    _do(client, "panic", {"confirm": "panic"}, as_json=as_json)


@click.command()
@click.argument("issue_id")
@click.argument("choice")
@asks
def resolve(client: Client, as_json: bool, issue_id: str, choice: str) -> None:  # noqa: FBT001 - click
    """Choose what becomes of an issue; `tradebaas issues` lists them with their choices."""
    with saying_where(lambda: "`tradebaas issues` lists those that are open"):
        _do(client, f"issues/{quote(issue_id, safe='')}/resolve", {"choice": choice}, as_json=as_json)
