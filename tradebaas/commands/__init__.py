"""One module for each command; it is imported when its command is called, so the others cost nothing."""

import importlib
from typing import Final

import click

COMMANDS: Final = {
    "exchange": "run the embedded, Deribit-compatible exchange",
    "version": "print the version",
}
"""Name and first line of help of every command. The module of the same name has a click command `command`."""


class Lazy(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"tradebaas.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def tradebaas() -> None:
    """Trade Deribit perpetuals on one small server, and see for yourself that nothing gets lost."""
