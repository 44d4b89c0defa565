"""Reads the settings: file, then environment, then flags. Whatever is wrong in any of them is reported together."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from persistence.secret import Secret
from tradebaas.settings.sections import DEFAULT_STRATEGIES, SECTIONS, Broker, Mode, Settings, Strategy, Telegram
from trading.errors import ConfigError

FILE: Final = "tradebaas.toml"
PREFIX: Final = "TRADEBAAS_"
NO_SETTINGS: Final = frozenset({f"{PREFIX}CONFIG", f"{PREFIX}CRASH_AT", f"{PREFIX}CRASH_POINTS"})
"""Variables that others read: where the file is, and `tradebaas.crash_points`."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_OTHERS_MAY_READ: Final = 0o077
_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0")
_WHOLE_MAX: Final = 10**15  # more than any whole number here may be, and few digits even where it is written 1e15

Kinds = Mapping[str, Callable[[dict[str, Any], str], Iterable[str]]]
"""The strategies there are; each says what is wrong with its parameters, given with the place where they stand."""

Tables = dict[str, dict[str, Any]]


def load(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, object] | None = None,
    kinds: Kinds | None = None,
) -> Settings:
    """Read everything. ``flags`` are ``section.key`` to value; None among the values means not said.

    Raises:
        ConfigError: with every problem there is.
    """
    problems: list[str] = []
    source = _which(file, environment)
    tables = {} if source is None else _read(source, problems)
    if source is None:
        tables["strategies"] = {name: _table_of(one) for name, one in DEFAULT_STRATEGIES.items()}
    _lay_environment(tables, environment, problems)
    _write_chat_out(tables)
    base = Path.cwd() if source is None else source.resolve().parent
    _place(tables, base)
    for path, value in (flags or {}).items():
        section, _, key = path.partition(".")
        if value is not None:
            tables.setdefault(section, {})[key] = value
    settings = _build(tables, source, problems, kinds)
    if problems:
        raise ConfigError(problems)
    assert settings is not None
    return settings


def _which(file: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file: named, named in the environment, or lying in the current folder."""
    named = environment.get(f"{PREFIX}CONFIG")
    if file is not None or named:
        return file or Path(named or "")
    return Path(FILE) if Path(FILE).is_file() else None


def _read(source: Path, problems: list[str]) -> Tables:
    """The file's tables. Numbers stay exact: a float would lose digits."""
    try:
        found = tomllib.loads(source.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        problems.append(f"{source}: {error.strerror or 'cannot be read'}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{source}: {error}")
        return {}
    tables: Tables = {}
    for name, table in found.items():
        if not isinstance(table, dict):
            problems.append(f"{name}: stands outside of every section{_did_you_mean(name, _all_keys())}")
        else:
            tables[name] = table
    return tables


def _place(tables: Tables, base: Path) -> None:
    """Let relative paths of the file and the environment begin at the file's folder."""
    for section, key in (("service", "data_dir"), ("broker", "client_secret_file"), ("telegram", "token_file")):
        value = tables.get(section, {}).get(key)
        if isinstance(value, str) and value:
            tables[section][key] = str(base / Path(value).expanduser())
    tables.setdefault("service", {}).setdefault("data_dir", str(base / "var"))


def _write_chat_out(tables: Tables) -> None:
    """Let the chat be given as the number that Telegram shows. In any other text a number is more likely a slip."""
    chat = tables.get("telegram", {}).get("chat_id")
    if isinstance(chat, int) and not isinstance(chat, bool):
        tables["telegram"]["chat_id"] = str(chat)


# --- environment


def _lay_environment(tables: Tables, environment: Mapping[str, str], problems: list[str]) -> None:
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in NO_SETTINGS:
            continue
        section, *rest = variable.removeprefix(PREFIX).lower().split("__")
        try:
            if section == "strategies" and len(rest) == 2:  # noqa: PLR2004 - name and key
                _lay_strategy(tables, rest[0], rest[1], text)
            elif section in SECTIONS and len(rest) == 1 and rest[0] in SECTIONS[section].__struct_fields__:
                tables.setdefault(section, {})[rest[0]] = _from_text(text, get_type_hints(SECTIONS[section])[rest[0]])
            else:
                known = [f"{PREFIX}{one.replace('.', '__').upper()}" for one in _all_keys()]
                problems.append(f"{variable}: no such setting{_did_you_mean(variable, known)}")
        except ValueError as objection:
            problems.append(f"{variable}: {objection}")


def _lay_strategy(tables: Tables, name: str, key: str, text: str) -> None:
    """Change one key of a strategy. A variable cannot spell `my-strategy`, so MY_STRATEGY stands for it, too."""
    strategies = tables.setdefault("strategies", {})
    known = next((one for one in strategies if re.sub(r"\W", "_", one).lower() == name), name)
    table = strategies.setdefault(known, {})
    if isinstance(table, dict):
        table[key] = _from_text(text, hint) if (hint := get_type_hints(Strategy).get(key)) else _as_toml(text)


def _from_text(text: str, hint: Any) -> object:
    """Read the words of a variable as its setting needs them. Raises ValueError."""
    inner = _without_none(hint)
    if inner is bool:
        return _as_bool(text)
    if get_origin(inner) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(inner) is Mapping:
        return _as_toml(text)
    is_number = isinstance(inner, type) and issubclass(inner, int | Decimal)
    return _as_toml(text) if is_number else text


def _as_bool(text: str) -> bool:
    """Read a word as a shell, a container or a unit file writes it. Raises ValueError."""
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(f"{text!r} is neither yes ({', '.join(_TRUE)}) nor no ({', '.join(_FALSE)})")
    return word in _TRUE


def _as_toml(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        return text


# --- building


def _build(tables: Tables, source: Path | None, problems: list[str], kinds: Kinds | None) -> Settings | None:
    known = [*SECTIONS, "strategies"]
    problems += [f"[{name}]: no such section{_did_you_mean(name, known)}" for name in tables if name not in known]
    built: dict[str, Any] = {
        name: _section(cast("type[msgspec.Struct]", section), tables.get(name, {}), name, problems)
        for name, section in SECTIONS.items()
    }
    strategies: dict[str, Strategy] = {}
    for name, table in tables.get("strategies", {}).items():
        strategy = _strategy(name, table, problems, kinds)
        if strategy is not None:
            strategies[name] = strategy
    mode = _word(tables.get("service", {}).get("mode", Mode.PAPER))
    if built["broker"] is not None:
        built["broker"] = _with_broker(built["broker"], mode, problems)
    if built["telegram"] is not None:
        built["telegram"] = _with_telegram(built["telegram"], mode, problems)
    return None if problems else Settings(**built, strategies=strategies, source=source)


def _section(section: type[msgspec.Struct], table: Mapping[str, Any], place: str, problems: list[str]) -> Any:
    """The section, or None with the reasons added."""
    before, hints = len(problems), get_type_hints(section, include_extras=True)
    problems += [f"{place}.{key}: no such key{_did_you_mean(key, hints)}" for key in table if key not in hints]
    required = [field.name for field in msgspec.structs.fields(section) if field.required]
    missing = [key for key in required if key not in table]
    problems += [f"{place}.{key}: is missing" for key in missing]
    values = {}
    for key in hints:
        if key in table:
            found = len(problems)
            value = _value(table[key], hints[key], f"{place}.{key}", problems)
            if len(problems) == found:
                values[key] = value
    if missing or any(key not in values for key in required):
        return None
    try:
        made = section(**values)  # even with some values left out: the rest may be wrong, too
    except ValueError as objection:
        problems += [f"{place}.{line}" for line in str(objection).splitlines()]
        return None
    return None if len(problems) > before else made


def _value(value: object, hint: Any, place: str, problems: list[str]) -> object:
    inner = _without_none(hint)
    if value == "" and type(None) in get_args(_bare(hint)):
        return None  # the one way TOML has to say "none"
    if inner is int and isinstance(value, Decimal) and value.is_finite() and abs(value) < _WHOLE_MAX:
        value = int(value) if value == int(value) else value  # 2.0 is a whole number, too
    try:
        return msgspec.convert(value, hint, dec_hook=_convert)
    except (msgspec.ValidationError, TypeError) as error:
        words = [str(word) for word in inner] if isinstance(inner, type) and issubclass(inner, StrEnum) else []
        if words and isinstance(value, str):
            problems.append(f'{place}: "{value}" is not one of its words{_did_you_mean(value, words)}')
        else:
            said = str(error).replace("`", "").split(" - at $")[0]
            told = "" if inner is Secret else f" ({value!r})"  # a secret is never repeated
            problems.append(f"{place}: {said[0].lower()}{said[1:]}{told}")
        return None


def _convert(kind: type, value: object) -> object:
    """Make what msgspec does not know."""
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value)
    if kind is Secret and isinstance(value, str | Secret):
        return value if isinstance(value, Secret) else Secret(value)
    raise TypeError(f"expected text, got {type(value).__name__}")


def _strategy(name: str, table: object, problems: list[str], kinds: Kinds | None) -> Strategy | None:
    place = f"strategies.{name}"
    if not isinstance(table, Mapping):
        problems.append(f"{place}: expected a table")
        return None
    if not NAME.fullmatch(name):
        problems.append(f"{place}: a name has letters, digits and _ . - in it, 40 at most")
    own = {key: value for key, value in table.items() if key in {"strategy", "instrument", "autostart"}}
    for key in ("strategy", "instrument"):
        close = [] if key in own else difflib.get_close_matches(key, table.keys() - own.keys(), n=1)
        problems += [f"{place}.{word}: no such key, did you mean {key}?" for word in close]
    made = _section(Strategy, own, place, problems)
    if not isinstance(made, Strategy):
        return None
    parameters = {key: value for key, value in table.items() if key not in own}
    if kinds is not None:
        if made.strategy in kinds:
            problems += kinds[made.strategy](parameters, place)
        else:
            problems.append(f"{place}.strategy: there is no {made.strategy!r}{_did_you_mean(made.strategy, kinds)}")
    return msgspec.structs.replace(made, parameters=parameters)


def _with_broker(broker: Broker, mode: str, problems: list[str]) -> Broker:
    """Fill in what follows from the mode, and the secret from its file."""
    if mode not in set(Mode):
        return broker
    ids = [each.broker_id for each in Mode]
    fitting = Mode(mode).broker_id
    chosen = broker.id or fitting
    if chosen not in ids:
        problems.append(f'broker.id: there is no "{chosen}"{_did_you_mean(chosen, ids)}')
    elif chosen != fitting:
        problems.append(f'broker.id: mode "{mode}" goes with "{fitting}", not with "{chosen}"')
    if broker.url and not re.match(r"wss?://[^/\s]", broker.url):
        problems.append(f"broker.url: {broker.url!r} does not begin with ws:// or wss://")
    secret = broker.client_secret
    if broker.client_secret_file is not None:
        if secret is not None:
            problems.append("broker.client_secret_file: client_secret is given, too; one of them is enough")
        secret = _secret_file(broker.client_secret_file, "broker.client_secret_file", mode, problems)
    if bool(broker.client_id) != (secret is not None):
        problems.append("broker: client_id and client_secret belong together, one of them is missing")
    return msgspec.structs.replace(broker, id=chosen, client_secret=secret)


def _with_telegram(telegram: Telegram, mode: str, problems: list[str]) -> Telegram:
    token = telegram.token
    if telegram.token_file is not None:
        token = _secret_file(telegram.token_file, "telegram.token_file", mode, problems)
    if (token is None) == bool(telegram.chat_id):
        problems.append("telegram: token and chat_id belong together, one of them is missing")
    return msgspec.structs.replace(telegram, token=token)


def _secret_file(path: Path, place: str, mode: str, problems: list[str]) -> Secret | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
        others = path.stat().st_mode & _OTHERS_MAY_READ
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{place}: {path} cannot be read ({type(error).__name__})")
        return None
    if others and mode != Mode.PAPER:
        problems.append(f"{place}: others may read {path}; `chmod 600` it")
    if not text:
        problems.append(f"{place}: {path} is empty")
    return Secret(text)


def _table_of(one: Strategy) -> dict[str, Any]:
    return {"strategy": one.strategy, "instrument": one.instrument, "autostart": one.autostart, **one.parameters}


def _all_keys() -> list[str]:
    return [f"{name}.{field}" for name, section in SECTIONS.items() for field in section.__struct_fields__]


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _bare(hint: Any) -> Any:
    """The type without `Annotated`."""
    while hasattr(hint, "__metadata__"):
        hint = get_args(hint)[0]
    return hint


def _without_none(hint: Any) -> Any:
    """The type itself, without `Annotated` and `| None`."""
    hint = _bare(hint)
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = [each for each in get_args(hint) if each is not type(None)]
    return hint


def _did_you_mean(word: str, words: Iterable[str]) -> str:
    known = sorted(str(each) for each in words)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f", did you mean {close[0]}?"
    return f"; known are {', '.join(known)}" if len(known) <= 12 else ""  # noqa: PLR2004 - fits a line or two
