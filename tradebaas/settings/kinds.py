"""The strategies there are, as the settings need them: by kind, with the check of their parameters."""

from collections.abc import Callable, Iterable
from typing import Any

from strategies.base import Parameters, read_parameters
from strategies.registry import discover
from tradebaas.settings.load import Kinds
from trading.errors import ConfigError


def known_kinds() -> Kinds:
    """Give every strategy that can be named in the file."""
    return {name: _check(kind.parameters) for name, kind in discover().items()}


def _check(parameters: type[Parameters]) -> Callable[[dict[str, Any], str], Iterable[str]]:
    def problems(given: dict[str, Any], place: str) -> Iterable[str]:
        try:
            read_parameters(parameters, given, place)
        except ConfigError as error:
            return error.problems
        return ()

    return problems
