"""The commands. A module is imported when a command of it is called, so the others cost nothing."""

import difflib
import importlib
from typing import Final, NamedTuple

import click


class Entry(NamedTuple):
    """One command: the first line of its help, the module it is in, its name there, and how it is used."""

    help: str
    module: str
    name: str = "command"
    example: str = ""


COMMANDS: Final = {
    "run": Entry(
        "run the service, in the foreground; on paper unless told otherwise",
        "run",
        example="tradebaas run --data-dir var --port 8080",
    ),
    "status": Entry("show how the service is doing", "status", example="tradebaas status --watch"),
    "strategies": Entry("list the strategies", "lists", "strategies", example="tradebaas strategies --json"),
    "trades": Entry(
        "list trades, or show one with its timeline",
        "lists",
        "trades",
        example="tradebaas trades --status closed --limit 50",
    ),
    "orders": Entry("list the orders that rest or wait", "lists", "orders", example="tradebaas orders"),
    "positions": Entry(
        "list positions with the stop and target that protect them", "lists", "positions", example="tradebaas positions"
    ),
    "events": Entry("list what happened", "lists", "events", example="tradebaas events --kind alert"),
    "issues": Entry("list what needs a person", "lists", "issues", example="tradebaas issues --all"),
    "reports": Entry(
        "list the comparisons of database and exchange", "lists", "reports", example="tradebaas reports --limit 5"
    ),
    "start": Entry("let a strategy trade", "operate", "start", example="tradebaas start fasttest"),
    "pause": Entry(
        "have a strategy open nothing new; its trade stays managed",
        "operate",
        "pause",
        example="tradebaas pause fasttest",
    ),
    "resume": Entry("let a paused or failed strategy go on", "operate", "resume", example="tradebaas resume fasttest"),
    "stop": Entry("end a strategy and leave its trade protected", "operate", "stop", example="tradebaas stop fasttest"),
    "close": Entry("flatten a strategy's trade", "operate", "close", example="tradebaas close fasttest"),
    "halt": Entry(
        "open nothing anywhere until it is lifted",
        "operate",
        "halt",
        example='tradebaas halt --reason "central bank at 14:00"',
    ),
    "unhalt": Entry("lift the halt", "operate", "unhalt", example="tradebaas unhalt"),
    "panic": Entry(
        "halt, cancel every entry, flatten everything of ours", "operate", "panic", example="tradebaas panic --yes"
    ),
    "connect": Entry("connect to the broker", "operate", "connect", example="tradebaas connect"),
    "disconnect": Entry(
        "close the connection and keep it closed; resting orders stay",
        "operate",
        "disconnect",
        example="tradebaas disconnect",
    ),
    "reconnect": Entry(
        "connect again after a lost connection", "operate", "reconnect", example="tradebaas reconnect --resume"
    ),
    "reconcile": Entry("compare database and exchange now", "operate", "reconcile", example="tradebaas reconcile"),
    "resolve": Entry("choose what becomes of an issue", "operate", "resolve", example="tradebaas resolve 7 ignore"),
    "ack": Entry(
        "say that you have read the alerts, so that they are not repeated",
        "operate",
        "acknowledge",
        example="tradebaas ack",
    ),
    "simulate": Entry(
        "live seeded histories with faults and check the promises after every step",
        "simulate",
        example="tradebaas simulate --seeds 1..20 --days 0.1 --jobs 2",
    ),
    "doctor": Entry("look whether everything is well, and say what to do", "doctor", example="tradebaas doctor"),
    "backup": Entry("copy the database, also while it trades", "backups", "backup", example="tradebaas backup"),
    "backups": Entry("list the copies", "backups", "backups", example="tradebaas backups"),
    "restore": Entry(
        "put a copy in the database's place",
        "backups",
        "restore",
        example="tradebaas restore 20260101T120000000Z-asked.sqlite3",
    ),
    "init": Entry(
        "write a tradebaas.toml with every setting explained", "init", example="tradebaas init --config tradebaas.toml"
    ),
    "credentials": Entry(
        "store and test the broker's key; confirm real money", "credentials", example="tradebaas credentials test"
    ),
    "keys": Entry(
        "list the access keys of the page and the API, or make a new one", "keys", example="tradebaas keys new operate"
    ),
    "exchange": Entry(
        "run the embedded, Deribit-compatible exchange",
        "exchange",
        example="tradebaas exchange --port 8090 --seed 7 --admin",
    ),
    "completion": Entry(
        "print a script that completes commands in your shell",
        "completion",
        example='eval "$(tradebaas completion bash)"',
    ),
    "openapi": Entry("print the document of the HTTP API", "openapi", example="tradebaas openapi > openapi.json"),
    "version": Entry("print the version", "version", example="tradebaas version --json"),
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
        if entry.example:
            command.epilog = f"\b\nExample:\n  {entry.example}"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or point at the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "`tradebaas --help` lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def tradebaas() -> None:
    """Trade Deribit perpetuals on one small server, and see for yourself that nothing gets lost."""
