"""The options that several commands share."""

from pathlib import Path

import click

from tradebaas.settings import Mode

config_option = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings file.  [default: tradebaas.toml]"
)
data_dir_option = click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Where the service keeps what it knows."
)
broker_option = click.option(
    "--broker",
    type=click.Choice([mode.broker_id for mode in Mode]),
    help="Another broker than the one that is traded with.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
