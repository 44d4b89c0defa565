"""`tradebaas credentials`: store the broker's key, try it, and confirm real money."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tradebaas.commands.asking import config_option, data_dir_option, exit_for, fail, settings_or_exit
from trading.errors import ConfigError, Unavailable
from trading.values import Milliseconds, WorkerId

if TYPE_CHECKING:
    from persistence.store import Store
    from tradebaas.settings import Settings

LOGIN_S: Final = 10.0


@click.group()
def command() -> None:
    """Store and test the broker's key; confirm real money."""


@command.command("set")
@config_option
@data_dir_option
@click.option("--client-id", prompt="Client id", help="The key's id.")
@click.option(
    "--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file with its secret."
)
def set_credentials(config: Path | None, data_dir: Path | None, client_id: str, secret_file: Path | None) -> None:
    """Store the key of the mode's broker, sealed, in the data directory. The secret is asked for and never shown."""
    from persistence.credentials import Credentials
    from persistence.secret import Secret

    settings = settings_or_exit(config, data_dir)
    text = click.prompt("Client secret", hide_input=True) if secret_file is None else secret_file.read_text("utf-8")
    with _opened(settings) as store:
        key = Credentials(broker=settings.broker.id, client_id=client_id, client_secret=Secret(text.strip()))
        store.credentials.put(key, at=_now())
    click.echo(f"the key {client_id} for {settings.broker.id} is stored; `tradebaas credentials test` tries it")


@command.command("test")
@config_option
@data_dir_option
def test_credentials(config: Path | None, data_dir: Path | None) -> None:
    """Log in once with the key and show what it may do. Nothing is ordered."""
    from brokers.deribit.account import excess_scopes, missing_scopes

    settings = settings_or_exit(config, data_dir)
    client_id, secret = _key(settings)
    answer = _log_in(_http_url(settings), client_id, secret)
    if "error" in answer:
        error = answer["error"]
        fail(f"refused: {error.get('message', '')} ({error.get('code', '')})")
    scopes = tuple(str(answer.get("result", {}).get("scope", "")).split())
    click.echo(f"the key {client_id} is good for: {' '.join(scopes) or 'nothing it names'}")
    for scope in excess_scopes(scopes):
        click.echo(f"it may do more than trading needs: {scope}; make one that may not", err=True)
    missing = missing_scopes(scopes)
    if missing:
        fail(f"it lacks {', '.join(missing)}")


@command.command("confirm-live")
@config_option
@data_dir_option
def confirm(config: Path | None, data_dir: Path | None) -> None:
    """Confirm that this worker trades your real money. The file must say `mode = "live"`, too."""
    from tradebaas.settings import Mode, confirm_live
    from tradebaas.settings.live import WORDS

    settings = settings_or_exit(config, data_dir)
    if settings.service.mode is not Mode.LIVE:
        fail(f'the file says mode = "{settings.service.mode}"; there is nothing to confirm')
    client_id, _ = _key(settings)
    click.echo(
        f"Worker {settings.service.worker_id} will trade real money on {settings.broker.id} with key {client_id}."
    )
    if click.prompt(f'Type "{WORDS}"').strip() != WORDS:
        fail("not confirmed")
    with _opened(settings) as store:
        confirm_live(settings, store.settings, client_id=client_id, by="command line", at=_now())
    click.echo("confirmed; `tradebaas run` trades real money from now on")


@command.command("revoke-live")
@config_option
@data_dir_option
def revoke(config: Path | None, data_dir: Path | None) -> None:
    """Take the confirmation back: the next start in live mode is refused."""
    from tradebaas.settings import revoke_live

    settings = settings_or_exit(config, data_dir)
    with _opened(settings) as store:
        revoke_live(store.settings, by="command line", at=_now())
    click.echo("revoked")


@contextmanager
def _opened(settings: "Settings") -> "Iterator[Store]":
    """Open the store for a moment; refused while the service runs, which would not notice."""
    from persistence.data_dir import DataDir, Lock
    from persistence.store import Store

    worker = settings.service.worker_id
    try:
        folder = DataDir(settings.service.data_dir).prepare()
        with Lock(folder, worker=worker, pid=os.getpid(), at=_now()):
            store = Store.open(folder.folder, worker=WorkerId(worker), account=settings.broker.id, at=_now())
            try:
                yield store
            finally:
                store.close_thread()
    except ConfigError as error:
        exit_for(error)
    except Unavailable as error:
        fail(f"the database cannot be used: {error}")


def _key(settings: "Settings") -> tuple[str, str]:
    """Give the key that will be used: the file's, else the stored one."""
    broker = settings.broker
    if broker.client_secret is not None:
        return broker.client_id, broker.client_secret.reveal()
    with _opened(settings) as store:
        try:
            stored = store.credentials.get(broker.id)
        except ConfigError as error:
            exit_for(error)
    if stored is not None:
        return stored.client_id, stored.client_secret.reveal()
    from brokers.registry import BROKERS

    known = BROKERS[broker.id].default_credentials
    if known is None:
        fail(f"there is no key for {broker.id}: `tradebaas credentials set`")
    return known.client_id, known.client_secret


def _http_url(settings: "Settings") -> str:
    """The HTTP address beside the WebSocket's."""
    from brokers.registry import BROKERS

    url = settings.broker.url or BROKERS[settings.broker.id].url
    return url.replace("ws", "http", 1).replace("/ws/api/v2", "/api/v2")


def _log_in(url: str, client_id: str, secret: str) -> dict[str, Any]:
    import requests

    params = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    call = {"jsonrpc": "2.0", "id": 1, "method": "public/auth", "params": params}
    try:
        found = requests.post(url, json=call, timeout=LOGIN_S).json()
    except (requests.RequestException, ValueError) as error:
        fail(f"no answer from {url} ({type(error).__name__})")  # its text could hold the key
    return found if isinstance(found, dict) else {"error": {"message": "not an answer"}}


def _now() -> Milliseconds:
    return Milliseconds(time.time_ns() // 1_000_000)
