"""The options that several commands share."""

from pathlib import Path

import click

config_option = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings file.  [default: tradebaas.toml]"
)
data_dir_option = click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Where the service keeps what it knows."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
