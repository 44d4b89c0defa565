"""The commands. A module is imported when a command of it is called, so the others cost nothing."""

import importlib
from typing import Final, NamedTuple

import click


class Entry(NamedTuple):
    """One command: the first line of its help, the module it is in, and its name there."""

    help: str
    module: str
    name: str = "command"


COMMANDS: Final = {
    "run": Entry("run the service, in the foreground; on paper unless told otherwise", "run"),
    "status": Entry("show how the service is doing", "status"),
    "strategies": Entry("list the strategies", "lists", "strategies"),
    "trades": Entry("list trades, or show one with its timeline", "lists", "trades"),
    "orders": Entry("list the orders that rest or wait", "lists", "orders"),
    "positions": Entry("list positions with the stop and target that protect them", "lists", "positions"),
    "events": Entry("list what happened", "lists", "events"),
    "issues": Entry("list what needs a person", "lists", "issues"),
    "reports": Entry("list the comparisons of database and exchange", "lists", "reports"),
    "start": Entry("let a strategy trade", "operate", "start"),
    "pause": Entry("have a strategy open nothing new; its trade stays managed", "operate", "pause"),
    "resume": Entry("let a paused or failed strategy go on", "operate", "resume"),
    "stop": Entry("end a strategy and leave its trade protected", "operate", "stop"),
    "close": Entry("flatten a strategy's trade", "operate", "close"),
    "halt": Entry("open nothing anywhere until it is lifted", "operate", "halt"),
    "unhalt": Entry("lift the halt", "operate", "unhalt"),
    "panic": Entry("halt, cancel every entry, flatten everything of ours", "operate", "panic"),
    "connect": Entry("connect to the broker", "operate", "connect"),
    "disconnect": Entry("close the connection and keep it closed; resting orders stay", "operate", "disconnect"),
    "reconnect": Entry("connect again after a lost connection", "operate", "reconnect"),
    "reconcile": Entry("compare database and exchange now", "operate", "reconcile"),
    "resolve": Entry("choose what becomes of an issue", "operate", "resolve"),
    "ack": Entry("say that you have read the alerts, so that they are not repeated", "operate", "acknowledge"),
    "init": Entry("write a tradebaas.toml with every setting explained", "init"),
    "credentials": Entry("store and test the broker's key; confirm real money", "credentials"),
    "exchange": Entry("run the embedded, Deribit-compatible exchange", "exchange"),
    "version": Entry("print the version", "version"),
}


class Lazy(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"tradebaas.commands.{entry.module}"), entry.name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def tradebaas() -> None:
    """Trade Deribit perpetuals on one small server, and see for yourself that nothing gets lost."""
