"""`tradebaas openapi`: the document of the API, without a service that runs."""

import click

from tradebaas import __version__
from tradebaas.commands.options import json_option
from tradebaas.commands.tables import print_json


@click.command()
@json_option
def command(as_json: bool) -> None:  # noqa: FBT001 - click
    """Print the OpenAPI document of the HTTP API; it is JSON with or without --json."""
    from webui.openapi import document

    del as_json
    print_json(document(__version__))
