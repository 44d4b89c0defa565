"""`tradebaas backup`, `backups` and `restore`: copies of the database, and the way back."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tradebaas.commands.asking import exit_for, fail, settings_or_exit
from tradebaas.commands.options import config_option, data_dir_option, json_option
from tradebaas.commands.tables import Column, print_json, print_table

if TYPE_CHECKING:
    from persistence.backup import Backup

COLUMNS: Final = [
    Column("file", "file"),
    Column("made", "made_at"),
    Column("why", "why"),
    Column("KiB", "kib", drop=1),
]


@click.command()
@config_option
@data_dir_option
@json_option
def backup(config: Path | None, data_dir: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """Copy the database, also while the service runs and trades; the copy is looked through before it counts.

    The newest 14 are kept. A copy holds no broker's key: that is sealed with a file that is not part of it.
    """
    from persistence import backup as copies
    from persistence.data_dir import DataDir
    from persistence.errors import StoreUnavailable
    from tradebaas.key import now_ms

    folder = DataDir(settings_or_exit(config, data_dir).service.data_dir)
    if not folder.database.exists():
        fail(f"there is no database in {folder.folder} yet; `tradebaas run` makes it, --data-dir names another folder")
    try:
        folder.backups.mkdir(mode=0o700, exist_ok=True)
        made = copies.make(folder, at=now_ms())
    except StoreUnavailable as error:
        fail(f"no backup was made: {error}")
    if as_json:
        print_json(_row(made))
    else:
        click.echo(f"{made.path} ({made.size // 1024:,} KiB)")


@click.command()
@config_option
@data_dir_option
@json_option
def backups(config: Path | None, data_dir: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """List the copies of the database, the newest first."""
    from persistence import backup as copies
    from persistence.data_dir import DataDir

    folder = DataDir(settings_or_exit(config, data_dir).service.data_dir)
    rows = [_row(one) for one in copies.backups(folder)]
    if as_json:
        print_json({"items": rows, "next": None})
    else:
        print_table(rows, COLUMNS, empty=f"no copies in {folder.backups}; `tradebaas backup` makes one")


@click.command()
@config_option
@data_dir_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(config: Path | None, data_dir: Path | None, as_json: bool, file: Path, yes: bool) -> None:  # noqa: FBT001 - click
    """Put the copy FILE in the database's place. Refused while the service runs; what is there now is kept as a copy.

    FILE is a path, or the name of one that `tradebaas backups` lists. What the exchange did since the copy was made
    is compared at the next start: positions and orders it does not know are quarantined, never guessed at.
    """
    from persistence import backup as copies
    from persistence.data_dir import DataDir, Lock
    from persistence.errors import AlreadyRunning, StoreUnavailable
    from tradebaas.key import now_ms
    from trading.errors import BadInput, ConfigError

    settings = settings_or_exit(config, data_dir)
    folder = DataDir(settings.service.data_dir)
    chosen = folder.backups / file.name if not file.exists() and file.name == str(file) else file
    try:
        version = copies.look_through(chosen)
        folder.prepare()
        with Lock(folder, worker=settings.service.worker_id, pid=os.getpid(), at=now_ms()):
            if not yes:
                _ask(chosen, folder.database)
            kept = copies.restore(folder, chosen, at=now_ms())
    except BadInput:
        fail(f"there is no copy {chosen}; `tradebaas backups` lists them")
    except AlreadyRunning as error:
        fail("; ".join(error.problems))
    except ConfigError as error:
        exit_for(error)
    except StoreUnavailable as error:
        fail(f"nothing was restored: {error}")
    beside = None if kept is None else str(kept.path)
    if as_json:
        print_json({"restored": str(chosen), "schema": version, "kept": beside})
        return
    click.echo(f"{chosen} is in place (schema {version})")
    if beside is not None:
        click.echo(f"what was there is kept as {beside}")


def _ask(chosen: Path, database: Path) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("this replaces the database; without a terminal it needs --yes")
    click.confirm(f"Put {chosen} in the place of {database}?", abort=True)


def _row(one: "Backup") -> dict[str, object]:
    found = {"file": one.path.name, "path": str(one.path), "made_at": one.made_at, "why": one.why}
    return {**found, "kib": one.size // 1024, "size": one.size}
