"""The arithmetic of the exchange: its own rounding and precision, whatever the rest of the process has set.

Python's decimal context belongs to the thread, and any library may change it: ccxt does. At the exchange's door it
is replaced by this one, so that the same seed gives the same digits everywhere.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

CONTEXT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def exactly(method: Callable[P, R]) -> Callable[P, R]:
    """Run a method of the door in the exchange's own arithmetic."""

    @wraps(method)
    def inside(*given: P.args, **named: P.kwargs) -> R:
        with localcontext(CONTEXT):
            return method(*given, **named)

    return inside
