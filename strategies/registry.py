"""Which strategies there are: every module of this folder that has a `Strategy` in it."""

import importlib
import pkgutil

import strategies
from strategies.base import Strategy

_NOT_STRATEGIES = {"base", "registry"}


def discover() -> dict[str, type[Strategy]]:
    """Every strategy by its kind."""
    found: dict[str, type[Strategy]] = {}
    for module_info in pkgutil.iter_modules(strategies.__path__):
        if module_info.name in _NOT_STRATEGIES:
            continue
        module = importlib.import_module(f"strategies.{module_info.name}")
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, Strategy) and item.__module__ == module.__name__:
                assert item.kind not in found, f"two strategies are called {item.kind}"
                found[item.kind] = item
    return dict(sorted(found.items()))
