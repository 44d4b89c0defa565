"""`tradebaas exchange`: the embedded exchange alone, in the foreground."""

import sys
from pathlib import Path

import click

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on. There is no real protection: keep it local.")
@click.option("--port", default=8090, type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
@click.option("--seed", type=int, help="What chance is drawn from.  [default: 1, or the settings file]")
@click.option("--feed", metavar="synthetic|FILE", help="Where prices come from: made up, or a file to replay.")
@click.option(
    "--faults", metavar="FILE|PROFILE", help="What goes wrong: a profile (light, rough, all) or a file of rules."
)
@click.option(
    "--speed", default=1.0, type=click.FloatRange(0, 10_000), help="Exchange seconds per real second; 0 stands still."
)
@click.option("--accounts", type=FILE, help="More accounts and keys (TOML).")
@click.option("--settings", type=FILE, help="Everything else that can be set (TOML).")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where accounts, orders and prices survive a restart.",
)
@click.option("--fresh", is_flag=True, help="Start over; what is in the data directory is set aside.")
@click.option("--admin", is_flag=True, help="Serve the operator's surface under /admin/, without a login.")
@click.option(
    "--record", type=FILE, help="Write all that comes in to this file; the same run can be made again from it."
)
@click.option("--quiet", is_flag=True, help="Do not print requests.")
def command(**given: object) -> None:
    """Run the embedded exchange: Deribit's API over WebSocket and HTTP, with made-up money."""
    from exchange.process import Options, run

    if given["fresh"] and given["data_dir"] is None:
        raise click.UsageError("--fresh needs --data-dir: without one nothing is kept anyway")
    sys.exit(run(Options(**given)))  # type: ignore[arg-type]  # click has checked the types
