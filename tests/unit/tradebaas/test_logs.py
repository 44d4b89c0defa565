"""The log is for machines when a machine reads it, and never holds a secret."""

import io
from collections.abc import Iterator

import msgspec
import pytest
from loguru import logger

from persistence.secret import Redactor, Secret
from tradebaas import logs
from tradebaas.settings import Log, LogFormat

SECRET = "hunter2-hunter2"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    logs.stop()


def fails_with_a_secret() -> None:
    password = SECRET
    try:
        int(f"refused {password}")
    except ValueError:
        logger.bind(key=password).exception("login with {} failed", password)


@pytest.mark.parametrize("chosen", LogFormat)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_secret_never_gets_out_in_message_extra_or_traceback(chosen: LogFormat, stream: type[io.StringIO]) -> None:
    out = stream()
    logs.set_up(Log(format=chosen), Redactor([Secret(SECRET)]), stream=out)

    fails_with_a_secret()

    assert SECRET not in out.getvalue()
    assert "refused ***" in out.getvalue()


FORMATS = {
    "auto, a pipe": (LogFormat.AUTO, io.StringIO, True),
    "auto, a terminal": (LogFormat.AUTO, Terminal, False),
    "json in a terminal": (LogFormat.JSON, Terminal, True),
    "text in a pipe": (LogFormat.TEXT, io.StringIO, False),
}


@pytest.mark.parametrize(("chosen", "stream", "is_json"), FORMATS.values(), ids=FORMATS.keys())
def test_the_form_follows_who_reads(chosen: LogFormat, stream: type[io.StringIO], is_json: bool) -> None:
    out = stream()
    logs.set_up(Log(format=chosen), Redactor(), stream=out)

    logger.info("{} is up", "it")

    assert "it is up" in out.getvalue()
    assert out.getvalue().startswith('{"at":') is is_json


def test_one_line_of_json_is_one_event_traceback_and_all() -> None:
    out = io.StringIO()
    logs.set_up(Log(format=LogFormat.JSON), Redactor(), stream=out)
    fails_with_a_secret()
    logger.warning("two\nlines")

    first, second = (msgspec.json.decode(line) for line in out.getvalue().splitlines())

    assert first["level"] == "error"
    assert "Traceback" in first["traceback"]
    assert second["message"] == "two\nlines"


def test_the_level_is_kept_and_setting_up_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.set_up(Log(), Redactor(), stream=first)
    logs.set_up(Log(), Redactor(), stream=second)

    logger.debug("quiet")
    logger.info("loud")

    assert first.getvalue() == ""
    assert "loud" in second.getvalue()
    assert "quiet" not in second.getvalue()


def test_a_reader_that_has_gone_ends_nothing_and_makes_no_noise(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    logs.set_up(Log(), Redactor(), stream=out)
    out.close()

    logger.info("nobody reads this")

    assert capsys.readouterr().err == ""


def test_a_key_shown_once_is_not_hidden() -> None:
    out = io.StringIO()

    logs.show_once("http://127.0.0.1/?token=abcdefgh", stream=out)

    assert "abcdefgh" in out.getvalue()
