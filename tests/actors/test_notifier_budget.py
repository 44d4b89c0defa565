"""Who only tells people draws on a budget of its own: it can neither keep the service from starting nor end it."""

import pytest

from actors.address import Name
from actors.base import Actor, Ended
from supervisor.launch import launch
from supervisor.memory import Forgetful
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import ChildSpec
from supervisor.tree import Supervisor
from trading.messages import supervision
from trading.messages.supervision import ChildFailed, Phase
from trading.restart import Budget, Restart, Verdict

TELLS, TRADES = Name[str]("tells"), Name[str]("trades")
INTENSITY = 3


class Stubborn(Actor):
    """Fails when it is started, so many times."""

    left = 0

    def on_start(self) -> None:
        if Stubborn.left:
            Stubborn.left -= 1
            raise ConnectionError("no way out")


class Trades(Actor):
    """Does its work."""

    def on_receive(self, message: str) -> None:
        del message


class Notes:
    """Keeps what the supervisor tells."""

    def __init__(self) -> None:
        self.failed: list[ChildFailed] = []

    def tell(self, message: supervision.Notice) -> None:
        if isinstance(message, ChildFailed):
            self.failed.append(message)


def _launched(failures: int, spent: Verdict) -> tuple[SimulatedRuntime, Supervisor, Notes, list[Ended]]:
    Stubborn.left = failures
    runtime, notes, ended = SimulatedRuntime(seed=5), Notes(), list[Ended]()
    common = {"restart": Restart.PERMANENT, "shutdown_ms": 100, "deadline_ms": 1_000, "inbox_max": 100}
    supervisor = Supervisor(
        runtime=runtime,
        specs=[
            ChildSpec(id=TELLS, start=lambda _: Stubborn(), group="tells", **common),  # type: ignore[arg-type]
            ChildSpec(id=TRADES, start=lambda _: Trades(), **common),  # type: ignore[arg-type]
        ],
        budgets={
            "ground": Budget(intensity=0, period_ms=60_000),
            "tells": Budget(intensity=INTENSITY, period_ms=60_000, spent=spent),
        },
        memory=Forgetful(),
        notices=(notes,),
    )
    launch(runtime, supervisor, ended.append)
    runtime.run_for(30_000)
    return runtime, supervisor, notes, ended


@pytest.mark.parametrize("failures", [1, INTENSITY, INTENSITY + 1, 99])
def test_one_that_cannot_start_does_not_keep_the_others_from_starting(failures: int) -> None:
    _, supervisor, notes, ended = _launched(failures, Verdict.ERROR)

    state = supervisor.state()
    assert (state.phase, state.child(TRADES).phase) == (Phase.RUNNING, Phase.RUNNING)
    is_back = failures <= INTENSITY
    assert state.child(TELLS).phase is (Phase.RUNNING if is_back else Phase.ERROR)
    assert len(notes.failed) == min(failures, INTENSITY + 1)
    assert not ended
    if not is_back:
        assert "no way out" in state.child(TELLS).reason


def test_a_person_can_bring_it_back() -> None:
    runtime, supervisor, _, _ = _launched(INTENSITY + 1, Verdict.ERROR)
    supervisor.actor_inbox.tell(supervision.ResumeChild(child=TELLS))
    runtime.run_for(1_000)

    assert supervisor.state().child(TELLS).phase is Phase.RUNNING


def test_without_a_budget_of_its_own_it_would_have_ended_the_service() -> None:
    _, supervisor, _, ended = _launched(1, Verdict.ESCALATE)

    assert supervisor.exit_code == 1
    assert ended
