"""`tradebaas version`."""

import click

from tradebaas import __version__
from tradebaas.commands.options import json_option
from tradebaas.commands.tables import print_json


@click.command()
@json_option
def command(as_json: bool) -> None:  # noqa: FBT001 - click
    """Print the version."""
    if as_json:
        print_json({"version": __version__})
    else:
        click.echo(f"tradebaas {__version__}")
