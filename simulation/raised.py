"""What was raised where nobody expected it, as a broken promise: the error, and where in the code it came from."""

from pathlib import Path
from traceback import StackSummary, extract_tb
from typing import Final

from trading.promises import Violation

ROOT: Final = Path(__file__).parents[1]
PLACES: Final = 4
"""The innermost calls are told."""
WORDS_MAX: Final = 400


def raised(error: BaseException) -> Violation:
    """Give it with the end of its traceback, so that a person finds the place without living it again."""
    name = type(error).__name__
    sentence = f"{name}: {error}"[:WORDS_MAX] + f" ({places(extract_tb(error.__traceback__))})"
    return Violation(promise="code", about=name, sentence=sentence)


def places(stack: StackSummary) -> str:
    """The end of a stack in one line, the innermost call last."""
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in stack[-PLACES:])


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
