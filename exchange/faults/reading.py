"""Fault rules from a table, a file, or the name of a profile, with clear words about what is wrong in them."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from exchange import checked
from exchange.faults.profiles import PROFILES
from exchange.faults.rules import Rule

Profile = Literal["none", "light", "rough", "all"]


class FaultSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A profile and the rules added to it."""

    profile: Profile = "none"
    rules: tuple[Rule, ...] = ()

    def all_rules(self) -> tuple[Rule, ...]:
        """The profile's rules, then the added ones."""
        return PROFILES[self.profile] + self.rules


def parse(table: object) -> FaultSettings:
    """`{"profile": ..., "rules": [...]}`, both optional; raises `TableError` with everything that is wrong."""
    return checked.read(table, FaultSettings)


def load(source: str) -> FaultSettings:
    """The profile of this name, or the rules in the TOML or JSON file at this path; raises `TableError`."""
    if source in PROFILES:
        return parse({"profile": source})
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
        table: object = _json(text) if path.suffix == ".json" else tomllib.loads(text, parse_float=Decimal)
    except FileNotFoundError:
        hint = checked.did_you_mean(source, PROFILES)
        raise checked.TableError([f"{source}: neither a profile nor a file{hint}"]) from None
    except (OSError, ValueError) as error:
        raise checked.TableError([f"{source}: cannot be read: {error}"]) from error
    if isinstance(table, Mapping) and set(table) == {"faults"}:  # written as in a settings file
        table = table["faults"]
    try:
        return parse(table)
    except checked.TableError as error:
        raise checked.TableError(f"{source}: {problem}" for problem in error.problems) from None


def _json(text: str) -> object:
    return msgspec.json.decode(text)
