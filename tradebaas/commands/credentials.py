"""`tradebaas credentials`: store the broker's key, try it, and confirm real money."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebaas.commands.asking import exit_for, fail, settings_or_exit
from tradebaas.commands.options import broker_option, config_option, data_dir_option, json_option
from tradebaas.commands.tables import print_json
from trading.errors import ConfigError, Unavailable
from trading.values import Milliseconds

if TYPE_CHECKING:
    from persistence.store import Store
    from tradebaas.key import Key
    from tradebaas.settings import Settings


@click.group()
def command() -> None:
    """Store and test the broker's key; confirm real money."""


@command.command("set")
@config_option
@data_dir_option
@broker_option
@click.option("--client-id", prompt="Client id", help="The key's id.")
@click.option(
    "--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file with its secret."
)
def set_credentials(
    config: Path | None, data_dir: Path | None, broker: str | None, client_id: str, secret_file: Path | None
) -> None:
    """Store a broker's key, sealed, in the data directory. The secret is asked for and never shown.

    It is the key of the broker that is traded with (the file's, or the one a person has chosen since), or of one that
    is named.
    """
    from persistence.credentials import Credentials
    from persistence.secret import Secret
    from tradebaas.broker_choice import for_broker

    settings = settings_or_exit(config, data_dir)
    text = click.prompt("Client secret", hide_input=True) if secret_file is None else secret_file.read_text("utf-8")
    with _opened(settings) as store:
        name = for_broker(settings, store, broker).broker.id
        key = Credentials(broker=name, client_id=client_id, client_secret=Secret(text.strip()))
        store.credentials.put(key, at=_now())
    tries = "`tradebaas credentials test" + (f" --broker {name}`" if broker else "`")
    click.echo(f"the key {client_id} for {name} is stored; {tries} tries it")


@command.command("test")
@config_option
@data_dir_option
@broker_option
@json_option
@click.option("--telegram", "to_phone", is_flag=True, help="Send a test message to the chat of the settings instead.")
def test_credentials(
    config: Path | None, data_dir: Path | None, broker: str | None, *, as_json: bool, to_phone: bool
) -> None:
    """Log in once with the key and show what it may do. Nothing is ordered. Works beside a running service, too."""
    if to_phone:
        _test_telegram(config, data_dir, as_json=as_json)
        return
    from brokers import registry
    from brokers.deribit.account import excess_scopes, missing_scopes
    from tradebaas.exchange_http import ExchangeHttp, NoAnswer, SaidNo
    from tradebaas.key import websocket_url

    settings, key = _counting(settings_or_exit(config, data_dir), broker)
    url = websocket_url(settings)
    if url is None:
        fail("the embedded exchange does not run; it starts with `tradebaas run`, or alone with `tradebaas exchange`")
    exchange = ExchangeHttp(url)
    try:
        scopes = exchange.log_in(key.client_id, key.secret)
    except NoAnswer as silence:
        fail(f"{silence}; look at the network and at broker.url")
    except SaidNo as no:
        fail(f"{exchange.url} refuses the key {key.client_id}: {no}; `tradebaas credentials set` stores another")
    finally:
        exchange.close()
    missing = missing_scopes(scopes)
    excess = excess_scopes(scopes) if registry.find(settings.broker.id).checks_key else ()
    if as_json:
        told = {"client_id": key.client_id, "url": exchange.url, "scopes": scopes, "excess": excess, "missing": missing}
        print_json(told)
    else:
        click.echo(f"the key {key.client_id} is good for: {' '.join(scopes) or 'nothing it names'}")
    for scope in excess:
        click.echo(f"it may do more than trading needs: {scope}; make one that may not", err=True)
    if missing:
        fail(f"it lacks {', '.join(missing)}; give it these on the exchange's page")


@command.command("confirm-live")
@config_option
@data_dir_option
def confirm(config: Path | None, data_dir: Path | None) -> None:
    """Confirm that this worker trades your real money. The file must say `mode = "live"`, too."""
    from tradebaas.settings import Mode, confirm_live, is_doctor_clean
    from tradebaas.settings.live import WORDS

    settings = settings_or_exit(config, data_dir)
    if settings.service.mode is not Mode.LIVE:
        fail(f'the file says mode = "{settings.service.mode}"; there is nothing to confirm')
    client_id = _counting(settings, settings.broker.id)[1].client_id
    click.echo(
        f"Worker {settings.service.worker_id} will trade real money on {settings.broker.id} with key {client_id}."
    )
    if click.prompt(f'Type "{WORDS}"').strip() != WORDS:
        fail("not confirmed")
    with _opened(settings) as store:
        if not is_doctor_clean(settings, store.settings, client_id=client_id):
            fail("not confirmed: `tradebaas doctor` must find everything well with this worker and key first")
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


def _test_telegram(config: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    from tradebaas.telegram.trial import try_telegram

    arrived, sentence = try_telegram(settings_or_exit(config, data_dir).telegram)
    if as_json:
        print_json({"ok": arrived, "sentence": sentence})
    elif arrived:
        click.echo(sentence)
    if not arrived:
        fail(sentence)


@contextmanager
def _opened(settings: "Settings", *, alone: bool = True) -> "Iterator[Store]":
    """Open the store for a moment; what goes wrong ends the command."""
    from persistence.errors import AlreadyRunning
    from tradebaas.key import opened

    try:
        with opened(settings, alone=alone) as store:
            yield store
    except AlreadyRunning as error:  # nothing is wrong with the settings
        fail("; ".join(error.problems))
    except ConfigError as error:
        exit_for(error)
    except Unavailable as error:
        fail(f"the database cannot be used: {error}")


def _counting(settings: "Settings", broker: str | None) -> "tuple[Settings, Key]":
    """Give the settings with the broker that is meant, and the key that will be used for it, or end."""
    from persistence.data_dir import DataDir
    from tradebaas.broker_choice import adapted, for_broker
    from tradebaas.doctor import running_as
    from tradebaas.key import is_current, key_of

    if not DataDir(settings.service.data_dir).database.exists():
        settings = adapted(settings, broker)
        found = key_of(settings, None)
    else:
        runs = running_as(settings) is not None
        if runs and not is_current(settings):
            fail("the service that runs is of another version: end it, or ask the version that runs")
        with _opened(settings, alone=not runs) as store:
            settings = for_broker(settings, store, broker)
            found = key_of(settings, store)
    if found is None:
        name = settings.broker.id
        fail(f"there is no key for {name}: `tradebaas credentials set --broker {name}` stores one")
    return settings, found


def _now() -> Milliseconds:
    from tradebaas.key import now_ms

    return now_ms()
