"""`tradebaas init`: a settings file with every key, its meaning and its default."""

import os
from pathlib import Path

import click

from tradebaas.commands.asking import fail


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("tradebaas.toml"),
    show_default=True,
    help="Where to write it.",
)
@click.option("--force", is_flag=True, help="Write it in place of one that is there.")
def command(config: Path, *, force: bool) -> None:
    """Write a settings file with every key explained; only its owner may read it, it may come to hold a key."""
    from tradebaas.settings.reference import template

    if config.exists() and not force:
        fail(f"{config} is there already; --force writes it anew")
    beside = config.with_name(f"{config.name}.new")
    try:
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(template())
        beside.replace(config)
    except OSError as error:
        fail(f"{config} cannot be written: {error.strerror}")
    click.echo(f"{config} is written; `tradebaas run` uses it, and says everything that is wrong with it")
