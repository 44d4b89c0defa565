"""What the process writes about itself, to standard error: lines for people in a terminal, JSON for everything else.

Nothing is rotated here; whoever keeps the output does that. Tracebacks come without the values in them, and every line
goes through the redactor before it leaves.
"""

import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import msgspec
from loguru import logger

from persistence.secret import Redactor
from tradebaas.settings.sections import Log, LogFormat

if TYPE_CHECKING:
    from loguru import Message, Record

_COLOURS = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[1;31m"}
_PLAIN = "\033[0m"


def set_up(log: Log, redactor: Redactor, *, stream: IO[str] | None = None) -> None:
    """Let every line of the process go to one place, cleaned. Called again it replaces what was set up before."""
    out = sys.stderr if stream is None else stream
    in_terminal = out.isatty()
    as_json = log.format is LogFormat.JSON or (log.format is LogFormat.AUTO and not in_terminal)
    write = _json if as_json else _coloured if in_terminal else _text
    logger.remove()
    logger.add(
        _sink(out, write, redactor), level=log.level.upper(), format=_only_message, diagnose=False, backtrace=False
    )


def show_once(text: str, *, stream: IO[str] | None = None) -> None:
    """Show something that is not for the log, a key made a moment ago; the redactor would hide it."""
    out = sys.stderr if stream is None else stream
    out.write(f"{text}\n")
    out.flush()


def stop() -> None:
    """Write what waits and let go of the stream."""
    logger.complete()
    logger.remove()


def _sink(out: IO[str], write: Callable[["Record"], str], redactor: Redactor) -> Callable[["Message"], None]:
    def emit(message: "Message") -> None:
        # A closed pipe (the reader has gone) must not end the service, and there is nobody left to tell.
        try:
            out.write(redactor.clean(write(message.record)) + "\n")
            out.flush()
        except (BrokenPipeError, ValueError):
            return

    return emit


def _only_message(_record: "Record") -> str:
    """Keep loguru from putting the traceback behind the line: it is written here, once."""
    return "{message}"


def _json(record: "Record") -> str:
    line: dict[str, Any] = {
        "at": int(record["time"].timestamp() * 1000),
        "time": datetime.fromtimestamp(record["time"].timestamp(), UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "logger": record["name"],
        "thread": record["thread"].name,
        "message": record["message"],
    }
    if record["extra"]:
        line["extra"] = record["extra"]
    if record["exception"] is not None:
        line["traceback"] = _traceback(record)
    return msgspec.json.encode(line, enc_hook=str).decode()


def _text(record: "Record") -> str:
    extra = "".join(f" {key}={value}" for key, value in record["extra"].items())
    line = f"{record['time']:HH:mm:ss.SSS} {record['level'].name.lower():8} {record['message']}{extra}"
    return line if record["exception"] is None else f"{line}\n{_traceback(record).rstrip()}"


def _coloured(record: "Record") -> str:
    return f"{_COLOURS.get(record['level'].name, '')}{_text(record)}{_PLAIN}"


def _traceback(record: "Record") -> str:
    exception = record["exception"]
    assert exception is not None
    return "".join(traceback.format_exception(exception.type, exception.value, exception.traceback))
