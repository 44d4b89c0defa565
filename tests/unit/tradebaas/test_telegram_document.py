"""docs/notifications.md names every kind of notice and every command, in the words of the code, and no other."""

import re

from tools import repository
from tradebaas.telegram.commands import VERBS
from trading.notice_kinds import KINDS

PAGE = (repository.ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")


def test_every_kind_is_named_with_what_it_tells() -> None:
    assert [kind for kind, about in KINDS.items() if f"| `{kind}` | {about} |" not in PAGE] == []


def test_every_command_is_named_with_what_it_does() -> None:
    rows = dict(re.findall(r"^\| `/([a-z]+)[^`]*` \| (.+) \|$", PAGE, flags=re.MULTILINE))
    assert rows == {name: verb.does for name, verb in VERBS.items()}


def test_every_kind_that_is_told_is_known() -> None:
    """Else nobody could switch it off."""
    told: set[str] = set()
    for path in repository.application_modules():
        text = path.read_text(encoding="utf-8")
        if any(words in text for words in ("notices.Notice(", "News(", "_say(", "_warning(", "Severity")):
            told |= set(re.findall(r'kind="([a-z_]+)"', text)) if repository.name(path) in TELLING else set()
            told |= set(re.findall(r'(?:_say|notice|_warning)\(\s*(?:Severity\.[A-Z]+,\s*)?"([a-z_]+)",', text))
    assert {"trade_opened", "naked_position", "disconnected", "crash_loop", "store_failing"} <= told
    assert told <= set(KINDS)


TELLING = {"trading/news.py", "actors/guardian.py", "actors/remembering.py"}
