"""`tradebaas keys`: the access keys of the page and the API, and a new one in place of the old."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebaas.commands.asking import exit_for, fail, settings_or_exit
from tradebaas.commands.options import config_option, data_dir_option, json_option
from tradebaas.commands.tables import Column, print_json, print_table
from trading.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from persistence.store import Store
    from tradebaas.settings import Settings

COLUMNS = [
    Column("id", "id"),
    Column("good for", "scope"),
    Column("is", "state"),
    Column("made", "made_at", drop=1),
    Column("last used", "used_at"),
    Column("revoked", "revoked_at", drop=2),
    Column("name", "name", wraps=True),
]


@click.group()
def command() -> None:
    """List the access keys of the page and the API; make a new one in place of the old."""


@command.command("list")
@config_option
@data_dir_option
@json_option
def list_keys(config: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    """List the access keys that were made here. A key itself is never shown again."""
    settings = settings_or_exit(config, data_dir)
    with _opened(settings) as store:
        rows = [
            {
                "id": token.id,
                "scope": token.scope.value,
                "state": "good" if token.revoked_at is None else "revoked",
                "made_at": token.made_at,
                "used_at": token.used_at,
                "revoked_at": token.revoked_at,
                "name": token.name,
            }
            for token in store.tokens.all()
        ]
    if as_json:
        print_json({"items": rows})
    else:
        print_table(rows, COLUMNS, empty="none was made yet; the first start makes them")


@command.command("new")
@config_option
@data_dir_option
@json_option
@click.argument("scope", type=click.Choice(["operate", "observe"]))
def new_key(config: Path | None, data_dir: Path | None, *, as_json: bool, scope: str) -> None:
    """Make a new key to operate or to observe with; the old ones of that kind and every login made with them end.

    It is shown this once. Works beside a running service, too, which takes the new key at once and the old ones for ten
    seconds at most.
    """
    from persistence.access import Scope
    from tradebaas.key import now_ms
    from webui.left import left_in

    settings = settings_or_exit(config, data_dir)
    given = {"operate": settings.web.operate_token, "observe": settings.web.observe_token}
    if given[scope] is not None:
        fail(f"the {scope} key stands in the settings: change web.{scope}_token there, and start the service anew")
    with _opened(settings) as store, store.together():
        old = [token for token in store.tokens.all() if token.scope.value == scope and token.revoked_at is None]
        for token in old:
            store.tokens.revoke(token.id, at=now_ms())
        secret = store.tokens.make(Scope(scope), f"{scope} key of the command line", at=now_ms())
    left = left_in(settings.service.data_dir)
    link = None if left is None else f"{left.url}/?token={secret.reveal()}"
    if as_json:
        print_json({"scope": scope, "key": secret.reveal(), "link": link, "revoked": len(old)})
        return
    ended = f"{len(old)} old {'key has' if len(old) == 1 else 'keys have'} ended, and every login made with them"
    click.echo(f"the new {scope} key, shown this once: {link or secret.reveal()}")
    click.echo(ended)


@contextmanager
def _opened(settings: "Settings") -> "Iterator[Store]":
    """Open the store for a moment, beside a running service, too; what goes wrong ends the command."""
    from persistence.data_dir import DataDir
    from persistence.errors import AlreadyRunning
    from tradebaas.doctor import running_as
    from tradebaas.key import is_current, opened

    runs = running_as(settings) is not None
    if not DataDir(settings.service.data_dir).database.exists():
        fail("there is no database yet: `tradebaas run` makes it, and the first keys with it")
    if runs and not is_current(settings):
        fail("the service that runs is of another version: end it, or ask the version that runs")
    try:
        with opened(settings, alone=not runs) as store:
            yield store
    except AlreadyRunning as error:  # started in this very moment
        fail("; ".join(error.problems))
    except ConfigError as error:
        exit_for(error)
    except Unavailable as error:
        fail(f"the database cannot be used: {error}")
