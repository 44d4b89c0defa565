"""Every command in every phase: obeyed or refused, and why."""

from itertools import product

import pytest

from supervisor.commands import Command, refusal, unknown
from trading.messages.supervision import Phase, RemoveChild, ResumeChild, StartChild, StopChild
from trading.restart import Restart

COMMANDS: tuple[type[Command], ...] = (StartChild, StopChild, ResumeChild, RemoveChild)
OBEYED = {
    (StartChild, Phase.IDLE),
    (ResumeChild, Phase.ERROR),
    (RemoveChild, Phase.IDLE),
    (RemoveChild, Phase.ERROR),
    *[(StopChild, phase) for phase in Phase if phase is not Phase.ERROR],
}


@pytest.mark.parametrize(("kind", "phase"), list(product(COMMANDS, Phase)), ids=str)
def test_a_command_is_obeyed_in_its_phases_and_refused_with_a_reason_in_all_others(
    kind: type[Command], phase: Phase
) -> None:
    refused = refusal(kind(child="s"), Restart.TEMPORARY, phase, Phase.RUNNING)

    assert (refused is None) is ((kind, phase) in OBEYED)
    assert refused is None or ("s" in refused.sentence and refused.code)


@pytest.mark.parametrize("kind", COMMANDS)
def test_nothing_is_obeyed_while_the_service_stops(kind: type[Command]) -> None:
    for phase in Phase:
        refused = refusal(kind(child="s"), Restart.TEMPORARY, phase, Phase.STOPPING)
        assert refused is not None
        assert refused.code == "stopping"
    assert unknown("s", Phase.STOPPING).code == "stopping"


@pytest.mark.parametrize("kind", [StopChild, RemoveChild])
def test_what_is_permanent_is_neither_stopped_nor_removed_alone(kind: type[Command]) -> None:
    for phase in Phase:
        refused = refusal(kind(child="broker"), Restart.PERMANENT, phase, Phase.RUNNING)
        assert refused is not None
        assert refused.code == "permanent"


def test_only_resume_leads_out_of_error() -> None:
    obeyed = [
        kind for kind in COMMANDS if refusal(kind(child="s"), Restart.TEMPORARY, Phase.ERROR, Phase.RUNNING) is None
    ]

    assert obeyed == [ResumeChild, RemoveChild]
