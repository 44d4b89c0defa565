"""What a person sets while it runs: risk, reconnecting, notifications, the broker. All of it outlives the process."""

from collections.abc import Callable
from typing import Final, assert_never

from actors.desk_link import Link
from actors.desk_memory import DeskMemory
from actors.desk_parts import Addresses, conflict, done
from actors.desk_runners import Runners
from trading.messages import desk, notices, orders, supervision
from trading.values import Milliseconds

NEW_BROKER: Final = "switching the broker"
NEW_KEY: Final = "a new key for the broker"

Choice = desk.SetRisk | desk.ChangeSettings | desk.SwitchBroker | desk.CredentialsChanged


class Choices:
    """Kept first, then done."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        memory: DeskMemory,
        to: Addresses,
        link: Link,
        runners: Runners,
        broker: str,
    ) -> None:
        """``broker`` is the id of the one this life is wired to."""
        self._now, self._memory, self._to = now, memory, to
        self._link, self._runners, self._broker = link, runners, broker

    def obey(self, message: Choice) -> desk.Answer:
        match message:
            case desk.SetRisk():
                return self._set_risk(message)
            case desk.ChangeSettings():
                return self._change(message)
            case desk.SwitchBroker():
                return self._switch(message)
            case desk.CredentialsChanged(broker=broker):
                if broker != self._broker:
                    return done("kept", f"kept; they are used when {broker} is the broker")
                if self._link.is_up:
                    return done("kept", "kept; they are used from the next start, the connection stands with the old")
                self._to.supervisor.tell(supervision.StopEverything(reason=NEW_KEY))
                return done("restarting", "kept; the service begins anew with them")
            case _:
                assert_never(message)

    def _set_risk(self, message: desk.SetRisk) -> desk.Answer:
        chosen = orders.SetRisk(risk=message.risk, leverage_max=message.leverage_max, notional_max=message.notional_max)
        self._memory.set_risk(chosen, by=message.by, at=self._now())
        self._to.orders.tell(chosen)
        risk = message.risk
        unit = "percent of the equity" if risk.mode == "percent" else "of the account's coin"
        return done("set", f"the next trade may lose {risk.value} {unit}; open trades stay as they are")

    def _change(self, message: desk.ChangeSettings) -> desk.Answer:
        if message.loudness:
            self._memory.set_loudness(message.loudness, by=message.by, at=self._now())
            self._to.notifier.tell(notices.LoudnessChanged())
        if message.language is not None:
            self._memory.set_language(message.language, by=message.by, at=self._now())
        if message.auto_reconnect is not None:
            self._link.set_auto(on=message.auto_reconnect, by=message.by)
        return done("set", "the settings are kept")

    def _switch(self, message: desk.SwitchBroker) -> desk.Answer:
        """To another account altogether: nothing of ours may be left behind, and nobody may be connected."""
        if message.broker == self._broker:
            self._memory.set_broker(message.broker, by=message.by, at=self._now())
            return done("active", f"{message.broker} is the broker already")
        if self._link.is_up:
            return conflict("connected", f"connected to {self._broker}: disconnect first")
        left = self._memory.unfinished()
        if left:
            return conflict("in_trade", f"not everything of ours on {self._broker} is over: {left}")
        self._memory.set_broker(message.broker, by=message.by, at=self._now())
        self._runners.stop_all(message.by)
        self._to.supervisor.tell(supervision.StopEverything(reason=NEW_BROKER))
        return done("switching", f"the service begins anew with {message.broker}; strategies are started by you")
