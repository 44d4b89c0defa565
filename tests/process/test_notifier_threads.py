"""The notifier in a thread of its own, on a real database and socket: a dead network is nobody else's trouble."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actors.address import Name, ask
from actors.base import Actor, Ended
from actors.incarnation import Incarnation
from actors.names import JOURNAL, NOTIFIER
from actors.notifier import Notifier
from actors.telegram import TelegramSender
from persistence.secret import Secret
from persistence.store import Store
from supervisor.launch import launch
from supervisor.memory import Forgetful
from supervisor.spec import SUPERVISOR, ChildSpec
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from tests.process.exchange_client import eventually
from tests.process.telegram_bot import Bot
from trading.bracket.effects import Severity
from trading.messages import notices, supervision
from trading.restart import Budget, Restart
from trading.values import Milliseconds, WorkerId

pytestmark = pytest.mark.process


class Listening(Actor):
    """Stands for the actors that own money: it must answer, whatever becomes of the notifier."""

    def on_receive(self, message: Any) -> Any:
        return message


@dataclass
class House:
    """A tree of two on threads."""

    bot: Bot
    store: Store
    runtime: ThreadsRuntime = field(default_factory=ThreadsRuntime)
    ended: list[Ended] = field(default_factory=list)

    def begins(self) -> None:
        starts: dict[Name[Any], Callable[[Incarnation], Actor]] = {
            JOURNAL: lambda _: Listening(),
            NOTIFIER: self._notifier,
        }
        for name in (JOURNAL, NOTIFIER, SUPERVISOR):
            self.runtime.directory.address(name)
        self.supervisor = Supervisor(
            runtime=self.runtime,
            specs=[
                ChildSpec(
                    id=name,
                    start=start,
                    restart=Restart.PERMANENT,
                    shutdown_ms=300,
                    deadline_ms=60_000,
                    inbox_max=10_000,
                )
                for name, start in starts.items()
            ],
            budgets={"ground": Budget(intensity=0, period_ms=60_000)},
            memory=Forgetful(),
            notices=(),
        )
        launch(self.runtime, self.supervisor, self.ended.append)
        eventually(lambda: self.runtime.directory.address(NOTIFIER).is_attached, "the notifier lives")

    def _notifier(self, life: Incarnation) -> Notifier:
        return Notifier(
            clock=life.clock,
            timers=life.timers,
            outbox=self.store.outbox,
            sender=TelegramSender(
                token=Secret("123456:abcdefghijklmnopqrstuvwxyz"),
                chat_id="42",
                base_url=f"http://127.0.0.1:{self.bot.port}",
            ),
            to_journal=life.address(JOURNAL),
            say=lambda _severity, _text: None,
            close=self.store.close_thread,
        )

    def tells(self, text: str) -> None:
        at = Milliseconds(self.runtime.clock.now_ms())
        notice = notices.Notice(severity=Severity.CRITICAL, kind="naked", text=text, key=text, at=at)
        self.runtime.directory.address(NOTIFIER).tell(notice)

    def ends(self) -> None:
        stop = supervision.StopEverything(reason="asked to", exit_code=0)
        self.runtime.directory.address(SUPERVISOR).tell(stop)
        eventually(lambda: self.ended, "everything has stopped")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    bot = Bot()
    store = Store.open(tmp_path, worker=WorkerId("w1"), account="main", at=Milliseconds(1))
    house = House(bot, store)
    house.begins()
    yield house
    if not house.ended:
        house.ends()
    bot.close()
    store.close_thread()
    house.runtime.close()


def test_a_notice_arrives_and_the_outbox_knows_it(house: House) -> None:
    house.tells("naked")

    eventually(lambda: house.store.outbox.waiting() == 0 and house.bot.got, "it is delivered and noted")
    assert "naked" in house.bot.got[0][1]["text"]


def test_a_network_that_hangs_delays_neither_the_others_nor_the_end(house: House) -> None:
    house.bot.answers.append((0, None))
    house.tells("naked")
    eventually(lambda: house.bot.got, "the request is under way")
    for number in range(100):
        house.tells(f"more {number}")

    assert ask(house.runtime.directory.find(JOURNAL), "hello", timeout_s=1) == "hello"
    assert not house.ended
    house.ends()
    assert house.supervisor.exit_code == 0
    assert house.store.outbox.waiting() == 1, "it is sent by the next life"
    house.bot.hangs.set()
    eventually(lambda: threading.active_count() < 10, "no thread is left hanging")
