"""Without a way to a phone the log is where notices stand: once, and what insists again and again."""

from actors.sending import Delivered, Line, LogSender
from trading.bracket.effects import Severity
from trading.values import Milliseconds

AT = Milliseconds(1_790_000_000_000)


def test_the_log_says_again_what_is_not_acknowledged_and_nothing_twice() -> None:
    said: list[tuple[Severity, str]] = []
    sender = LogSender(lambda severity, text: said.append((severity, text)))
    first = Line(severity=Severity.CRITICAL, kind="naked", text="no stop", at=AT, insists=True)
    again = Line(severity=Severity.CRITICAL, kind="naked", text="no stop", at=AT, insists=True, again=True)

    assert sender.send([first]) == Delivered(count=1), "the notifier has logged it already"
    assert said == []
    assert sender.send([first, again]) == Delivered(count=2)
    assert said == [(Severity.CRITICAL, "naked: no stop (2026-09-21 14:13:20 UTC, not acknowledged yet)")]
