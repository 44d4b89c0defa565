"""`tradebaas version`."""

import click

from tradebaas import __version__


@click.command()
def command() -> None:
    """Print the version."""
    click.echo(f"tradebaas {__version__}")
