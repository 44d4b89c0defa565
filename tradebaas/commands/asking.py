"""What the commands share: the way to the service, and what becomes of everything that goes wrong.

Exit codes: 0 done, 1 failed, 2 wrong use, 78 wrong configuration.
"""

import difflib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, NoReturn, ParamSpec

import click

from tradebaas.client import Client, NotRunning, SaidNo, find
from tradebaas.commands.options import config_option, data_dir_option, json_option
from tradebaas.commands.tables import print_json
from tradebaas.settings import Kinds, Settings, load
from trading.errors import ConfigError

FAILED: Final = 1
CONFIGURATION: Final = 78
_UNKNOWN: Final = 404

P = ParamSpec("P")


def settings_or_exit(
    config: Path | None, data_dir: Path | None, *, port: int | None = None, kinds: Kinds | None = None
) -> Settings:
    """Read the settings, or print everything that is wrong with them and end."""
    flags = {"service.data_dir": None if data_dir is None else data_dir.absolute(), "web.port": port}
    try:
        return load(file=config, flags=flags, kinds=kinds)
    except ConfigError as error:
        exit_for(error)


def exit_for(error: ConfigError) -> NoReturn:
    """Print every problem and end so that nobody tries again by himself."""
    for problem in error.problems:
        click.echo(f"tradebaas: {problem}", err=True)
    sys.exit(CONFIGURATION)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Point at the nearest name there is."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(known)}" if known else "there are none"


@contextmanager
def saying_where(hint: Callable[[], str]) -> Iterator[None]:
    """Add to the answer that there is no such thing where one finds what there is."""
    try:
        yield
    except SaidNo as no:
        if no.status != _UNKNOWN:
            raise
        raise SaidNo(no.status, no.code, f"{no}; {hint()}", no.content) from None


def fail(sentence: str) -> NoReturn:
    """Say what went wrong and end."""
    click.echo(f"tradebaas: {sentence}", err=True)
    sys.exit(FAILED)


def as_answer(no: NotRunning | SaidNo) -> object:
    """Give a no as the API says it, whole; where nobody answered, in the same shape."""
    if isinstance(no, SaidNo) and no.content is not None:
        return no.content
    code = no.code if isinstance(no, SaidNo) else "not_running"
    return {"error": {"code": code, "sentence": str(no), "field": None, "reason": None, "state": None}}


def asks(command: Callable[Concatenate[Client, bool, P], None]) -> Callable[..., Any]:
    """Give a command a client of the running service and `as_json`; turn a no into a sentence and an exit code."""

    @functools.wraps(command)
    def once(connect: Callable[[], Client], as_json: bool, /, *args: P.args, **given: P.kwargs) -> None:  # noqa: FBT001
        client = connect()
        try:
            command(client, as_json, *args, **given)
        finally:
            client.close()

    return asks_again(once)


def asks_again(command: Callable[Concatenate[Callable[[], Client], bool, P], None]) -> Callable[..., Any]:
    """Do the same with a way to find the service anew each time: it may have been restarted in between."""

    @config_option
    @data_dir_option
    @json_option
    @functools.wraps(command)
    def asking(config: Path | None, data_dir: Path | None, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click
        settings = settings_or_exit(config, data_dir)
        try:
            command(lambda: find(settings), as_json, **given)  # type: ignore[call-arg]  # click gives what is declared
        except (NotRunning, SaidNo) as no:
            if as_json:
                print_json(as_answer(no))
            fail(str(no))

    return asking
