"""`tradebaas completion bash|zsh|fish`: a script for the shell, which asks the program itself for the words."""

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

# Click's own classes for these look at the shell that is installed, which must not matter for printing a script.
SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
NAME: Final = "tradebaas"
VARIABLE: Final = "_TRADEBAAS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice([*SHELLS]))
def command(shell: str) -> None:
    """Print a script that makes SHELL complete commands and options; evaluate it in your shell's start file."""
    from tradebaas.commands import tradebaas

    made = SHELLS[shell](tradebaas, {}, NAME, VARIABLE)
    click.echo(made.source_template % made.source_vars())
