"""Tells the person when a part of the service had to be restarted."""

from actors.address import Address
from actors.names import NOTIFIER
from trading.bracket.effects import Severity
from trading.messages import notices, supervision
from trading.restart import Verdict
from trading.values import Milliseconds


class Alarm:
    """Hears what the supervisor does, and passes on what failed; of strategies the desk tells itself."""

    def __init__(self, to_notifier: Address[notices.Message]) -> None:
        self._to_notifier = to_notifier

    def tell(self, message: supervision.Notice) -> None:
        """Pass on what failed, if anybody lives there who could tell of it."""
        if not isinstance(message, supervision.ChildFailed) or message.offender == NOTIFIER:
            return
        if message.offender.startswith("strategy:") or message.verdict is Verdict.LEAVE:
            return
        then = {Verdict.RESTART: "it is restarted", Verdict.ESCALATE: "the service stops"}.get(message.verdict, "")
        self._to_notifier.tell(
            notices.Notice(
                severity=Severity.WARNING,
                kind="service_failing",
                text=f"{message.offender} has failed ({message.exit.value}): {message.reason}; {then}",
                key=f"service_failing:{message.offender}",
                at=Milliseconds(message.at_ms),
            )
        )
