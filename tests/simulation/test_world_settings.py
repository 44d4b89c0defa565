"""What people set in simulated worlds: it is kept over a crash, and does nothing else."""

from typing import Any

import pytest

from simulation.history import History
from simulation.plan_rest import SETTINGS
from simulation.world import RISK
from tests.simulation.lived_world import happens, history, runs
from trading.notice_kinds import Loudness
from trading.values import StrategyName


def _sets(made: History, command: str) -> None:
    name = made.plan.runners[0].name
    more: dict[str, dict[str, Any]] = {
        "SetParameters": {"name": name, "as_long": 1.3},
        "ChangeSettings": {"language": "de", "notice": "trade_opened", "loudness": "silent"},
        "SwitchBroker": {"other": True},
    }
    happens(made, "set", command=command, **more.get(command, {}))


def test_settings_are_on_disk_and_counted_and_outlive_a_crash() -> None:
    with history() as made:
        runs(made, 30_000)
        name = made.plan.runners[0].name
        for command in ("SetRisk", "ChangeSettings"):
            _sets(made, command)
        made.presses("StopStrategy", name=StrategyName(name))
        runs(made, 60_000)
        _sets(made, "SetParameters")
        assert made.faults["set SetParameters"] == 1
        made.crash()
        memory = made.world.memory
        kept = memory.risk()
        assert kept is not None
        assert kept.risk == RISK
        kind = made.world.runners[0].kind.kind
        assert memory.parameters(StrategyName(name), kind) == {
            "every_s": int(made.plan.runners[0].parameters["every_s"] * 1.3)
        }
        assert made.world.store.notifying.loudness()["trade_opened"] is Loudness.SILENT
        assert memory.auto_reconnect() is made.plan.auto_reconnect


@pytest.mark.parametrize("command", sorted(set(SETTINGS)))
def test_nothing_that_is_set_while_it_trades_breaks_a_promise_or_ends_the_process(command: str) -> None:
    with history() as made:
        while not made.store.open_brackets():
            runs(made, 500)
        struck_at = made.eye.struck_at
        _sets(made, command)
        assert made.eye.struck_at == struck_at, "it excuses nothing"
        runs(made, 120_000)
        assert not made.crashes


def test_a_new_key_of_a_broker_nobody_is_connected_to_ends_the_service_in_order_and_it_starts_again() -> None:
    with history() as made:
        runs(made, 30_000)
        made.presses("Disconnect")
        runs(made, 10_000)
        _sets(made, "CredentialsChanged")
        runs(made, 20_000)
        assert (made.crashes, made.gave_up) == (1, 0)
        made.presses("Connect")
        runs(made, 20_000)
        assert made.eye.is_served


def test_after_a_lost_line_a_person_connects_and_leaves_what_was_paused_as_it_is() -> None:
    with history(auto_reconnect=False) as made:
        runs(made, 30_000)
        happens(made, "line", trouble="cuts", ms=1_000, every_ms=5_000)
        runs(made, 30_000)
        happens(made, "set", command="Reconnect")
        runs(made, 60_000)
        assert made.eye.is_served
        assert {row.state for row in made.store.strategies.all()} == {"PAUSED"}
        made.presses("Reconnect", resume=True)
        for runner in made.plan.runners:
            made.presses("ResumeStrategy", name=StrategyName(runner.name))
        runs(made, 30_000)
        assert "PAUSED" not in {row.state for row in made.store.strategies.all()}
