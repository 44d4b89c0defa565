"""Parameters of a call, checked against a small table: name, kind, required, choices, default.

Unknown parameters are ignored, as Deribit does. In a query string every value is text and is read as its kind.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NamedTuple, assert_never

from exchange.encoding import BadFrameError, decode
from exchange.errors import Refusal, bad_param

Kind = Literal["text", "integer", "number", "flag", "texts", "objects"]

_MAGNITUDE: Final = 9  # powers of ten: no amount and no price is larger or finer
_WHOLE_MAGNITUDE: Final = 18  # the same for integers, which may be times or ids
_DIGITS: Final = 20
_WRONG: Final = "wrong format"


class Param(NamedTuple):
    """One row of a method's table. A `default` of None leaves the parameter out when it is not given."""

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str | int, ...] = ()
    default: object = None
    least: int | None = None
    most: int | None = None  # of a number its value, of a text or a list its length


Table = tuple[Param, ...]


def read(table: Iterable[Param], given: Mapping[str, Any], *, as_text: bool = False) -> dict[str, Any]:
    """The parameters of the table with their types checked and defaults filled in. Raises Refusal."""
    found: dict[str, Any] = {}
    for param in table:
        name = param.name
        if name not in given:
            if param.required:
                raise bad_param(name, "value is required")
            if param.default is not None:
                found[name] = param.default
            continue
        value = given[name]
        if value is None:
            raise bad_param(name, "value must not be null")
        found[name] = _check(param, _from_text(param, value) if as_text else value)
    return found


def _from_text(param: Param, text: Any) -> Any:
    """The value that a query string means."""
    if not isinstance(text, str) or param.kind == "text":
        return text
    if param.kind == "flag":
        return {"true": True, "false": False}.get(text, text)
    if param.kind in {"texts", "objects"}:
        try:
            return decode(text)
        except BadFrameError:
            return text
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise bad_param(param.name, _WRONG) from error
    return number


def _check(param: Param, value: Any) -> Any:
    checked: Any
    match param.kind:
        case "text":
            checked = _text(param, value)
        case "integer":
            checked = _integer(param, value)
        case "number":
            checked = _number(param.name, value, _MAGNITUDE)
        case "flag":
            if not isinstance(value, bool):
                raise bad_param(param.name, "must be a boolean")
            return value
        case "texts":
            checked = _texts(param, value)
        case "objects":
            checked = _objects(param, value)
        case _:
            assert_never(param.kind)
    if param.choices and not _chosen(param, checked):
        raise bad_param(param.name, f"must be one of {', '.join(map(str, param.choices))}")
    return checked


def _chosen(param: Param, value: Any) -> bool:
    return all(entry in param.choices for entry in (value if isinstance(value, list) else [value]))


def _text(param: Param, value: Any) -> str:
    if param.choices and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a resolution of 5 is as good as "5"
    if not isinstance(value, str):
        raise bad_param(param.name, _WRONG)
    if param.most is not None and len(value) > param.most:
        raise bad_param(param.name, f"must be at most {param.most} characters")
    return value


def _number(name: str, value: Any, magnitude: int) -> Decimal:
    """An exact number that arithmetic can do something with."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise bad_param(name, "must be a number")
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or (exact and abs(exact.adjusted()) > magnitude):
        raise bad_param(name, _WRONG)
    if len(exact.as_tuple().digits) > _DIGITS:
        raise bad_param(name, _WRONG)
    return exact


def _integer(param: Param, value: Any) -> int:
    exact = _number(param.name, value, _WHOLE_MAGNITUDE)
    if exact != exact.to_integral_value():
        raise bad_param(param.name, "must be an integer")
    whole = int(exact)
    if param.least is not None and whole < param.least:
        raise bad_param(param.name, f"must be at least {param.least}")
    if param.most is not None and whole > param.most:
        raise bad_param(param.name, f"must be at most {param.most}")
    return whole


def _texts(param: Param, value: Any) -> list[str]:
    """A list of texts; one text alone counts as a list of one."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise bad_param(param.name, _WRONG)
    if param.most is not None and len(texts) > param.most:
        raise bad_param(param.name, f"must have at most {param.most} entries")
    return texts


def _objects(param: Param, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise bad_param(param.name, _WRONG)
    if param.most is not None and len(value) > param.most:
        raise bad_param(param.name, f"must have at most {param.most} entries")
    return value


def amount(given: Mapping[str, Any], contract_size: Decimal) -> Decimal | None:
    """The amount from `amount` or `contracts`; both must agree. None when neither is given."""
    asked: Decimal | None = given.get("amount")
    contracts: Decimal | None = given.get("contracts")
    if contracts is None:
        return asked
    if contracts != contracts.to_integral_value():
        raise Refusal(10027)
    if asked is not None and asked != contracts * contract_size:
        raise bad_param("contracts", "must match amount")
    return contracts * contract_size
