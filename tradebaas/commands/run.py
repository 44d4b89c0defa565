"""`tradebaas run`: the service, in the foreground."""

import gc
import sys
from pathlib import Path

import click

from tradebaas.commands.asking import exit_for, settings_or_exit
from tradebaas.commands.options import config_option, data_dir_option
from trading.errors import ConfigError


@click.command()
@config_option
@data_dir_option
@click.option("--port", type=click.IntRange(0, 65535), help="Where the API listens; 0 takes a free port.")
@click.option("--fresh", is_flag=True, help="On paper: start over with a new account on the embedded exchange.")
@click.option("--file-broker", is_flag=True, help="Forget that another broker than the file's was chosen.")
def command(config: Path | None, data_dir: Path | None, port: int | None, *, fresh: bool, file_broker: bool) -> None:
    """Run the service until it is told to stop. Without settings it trades on paper and needs no key."""
    gc.disable()  # loading makes a hundred thousand objects that stay: looking through them is a tenth of the start
    from persistence.data_dir import DataDir
    from persistence.secret import Redactor
    from tradebaas import logs, service
    from tradebaas.settings import Mode
    from tradebaas.settings.kinds import known_kinds

    gc.freeze()
    gc.enable()
    settings = settings_or_exit(config, data_dir, port=port, kinds=known_kinds())
    if fresh and settings.service.mode is not Mode.PAPER:
        raise click.UsageError("--fresh is for paper mode only: on a real exchange there is nothing to start over")
    try:
        DataDir(settings.service.data_dir).prepare()
        logs.set_up(settings.log, Redactor(settings.secrets()))
        sys.exit(service.run(settings, fresh=fresh, file_broker=file_broker))
    except ConfigError as error:
        exit_for(error)
    finally:
        logs.stop()
