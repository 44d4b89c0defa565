"""`tradebaas doctor`: is everything well, and what to do about what is not."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tradebaas.commands.asking import CONFIGURATION, FAILED
from tradebaas.commands.options import broker_option, config_option, data_dir_option, json_option
from tradebaas.commands.tables import Column, print_json, print_table

if TYPE_CHECKING:
    from persistence.store import Store
    from tradebaas.doctor import Check
    from tradebaas.settings import Settings

COLUMNS = [
    Column("is", "verdict"),
    Column("check", "name"),
    Column("found", "found", wraps=True),
    Column("what to do", "next", wraps=True),
]


@click.command()
@config_option
@data_dir_option
@broker_option
@json_option
def command(config: Path | None, data_dir: Path | None, broker: str | None, as_json: bool) -> None:  # noqa: FBT001 - click
    """Look at everything that must be well before money is trusted to it, and say what to do about what is not.

    It looks at the broker that is traded with, the file's or the one a person has chosen since; or at one that is
    named.

    Ends with 0 when nothing has to be mended, 1 when something has, 78 when the settings are wrong. Going live is
    refused until it has ended with 0 once for this worker and key.
    """
    from tradebaas.doctor import Verdict, fail
    from tradebaas.settings import load
    from tradebaas.settings.kinds import known_kinds
    from trading.errors import ConfigError

    flags = {"service.data_dir": None if data_dir is None else data_dir.absolute()}
    try:
        settings = load(file=config, flags=flags, kinds=known_kinds())
    except ConfigError as error:
        found = [fail("settings", problem, "mend the settings file") for problem in error.problems]
        _say(found, None, as_json=as_json)
        sys.exit(CONFIGURATION)
    found, noted = _examine(settings, broker)
    _say(found, noted, as_json=as_json)
    sys.exit(FAILED if any(check.verdict is Verdict.FAIL for check in found) else 0)


def _examine(settings: "Settings", broker: str | None) -> tuple[list["Check"], str | None]:
    """Look at everything; give what was found, and what is said about going live."""
    from persistence.errors import StoreUnavailable
    from tradebaas.broker_choice import adapted, for_broker
    from tradebaas.doctor import Verdict, chosen_broker, fail, local_checks, running_as
    from tradebaas.key import is_current, opened
    from trading.errors import ConfigError

    found = list(local_checks(settings))
    runs = running_as(settings) is not None
    is_sound = all(check.verdict is not Verdict.FAIL for check in found if check.name == "database")
    if not is_sound or (runs and not is_current(settings)):
        return [*found, *_outside(adapted(settings, broker), None)], None
    try:
        with opened(settings, alone=not runs) as store:
            counting = for_broker(settings, store, broker)
            found += chosen_broker(settings, counting)
            found += _outside(counting, store.for_account(counting.broker.id))
            return found, _note(counting, store, found, runs=runs)
    except ConfigError as error:
        found += [
            fail("data directory", problem, "give it to this user, or choose another") for problem in error.problems
        ]
    except StoreUnavailable as error:
        found.append(fail("database", str(error), "look at the disk; then tradebaas backups, tradebaas restore FILE"))
    return found, None


def _outside(settings: "Settings", store: "Store | None") -> Iterable["Check"]:
    from tradebaas.doctor_exchange import exchange_checks, telegram_check

    yield from exchange_checks(settings, store)
    telegram = telegram_check(settings)
    if telegram is not None:
        yield telegram


def _note(settings: "Settings", store: "Store", found: list["Check"], *, runs: bool) -> str | None:
    """Remember that all was well, which going live asks for; give what is to be said about it."""
    from tradebaas.doctor import Verdict, live_lock
    from tradebaas.key import key_of, now_ms
    from tradebaas.settings import live_problems, note_clean

    key = key_of(settings, store)
    is_clean = key is not None and all(check.verdict is not Verdict.FAIL for check in found)
    if is_clean and key is not None and not runs:
        note_clean(settings, store.settings, client_id=key.client_id, at=now_ms())
    problems = live_problems(settings, store.settings, client_id=None if key is None else key.client_id)
    lock = live_lock(settings, problems)
    if lock is not None:
        found.append(lock)
    if is_clean and not runs:
        return "nothing has to be mended; this is noted for going live"
    return "nothing has to be mended" if is_clean else None


def _say(found: list["Check"], noted: str | None, *, as_json: bool) -> None:
    rows = [msgspec.to_builtins(check) for check in found]
    failed = sum(row["verdict"] == "fail" for row in rows)
    if as_json:
        print_json({"clean": not failed, "checks": rows})
        return
    print_table(rows, COLUMNS, empty="nothing was looked at")
    click.echo()
    click.echo(noted or (f"{failed} to be mended" if failed else "nothing has to be mended"))
