"""What the third generator draws: a little of everything, under the sort it belongs to, and nothing of the others."""

import pytest

from exchange.errors import MESSAGES
from simulation.happenings import FAULTS
from simulation.history import live
from simulation.plan import DAY_MS, HOUR_MS, draw, rules_of
from simulation.plan_more import more
from simulation.plan_rest import CODES, IO, NUMBER, SETTINGS, rest

DAYS = 0.03
KINDS = {
    "exchange": {"storm"},
    "crashes": {"down", "stop"},
    "people": {"set"},
    "disk": {"io"},
    "actors": {"late", "stall"},
    "network": set(),
    "telegram": set(),
    "none": set(),
    "all": {"storm", "down", "stop", "set", "io", "late", "stall"},
}
SEEDS = range(150)


@pytest.mark.parametrize("faults", sorted(FAULTS))
def test_each_sort_has_its_own_and_after_each_a_person_puts_things_right(faults: str) -> None:
    kinds: set[str] = set()
    for seed in SEEDS:
        plan = draw(seed, faults=faults, days=DAYS)
        added = rest(seed, faults, plan.length_ms, plan.runners)
        assert set(map(str, added)) <= set(map(str, plan.happenings))
        assert len([one for one in added if one.kind != "tend"]) <= NUMBER[1]
        assert all(0 <= one.at_ms < plan.length_ms for one in added)
        kinds |= {one.kind for one in added}
    assert kinds - {"tend"} == KINDS[faults]


def test_what_the_others_draw_stays_as_it_was() -> None:
    for seed in range(20):
        plan = draw(seed, days=DAYS)
        added = [str(one) for one in rest(seed, "all", plan.length_ms, plan.runners)]
        kept = [one for one in plan.happenings if str(one) not in added]
        assert set(map(str, more(seed, "all", plan.length_ms, plan.runners))) <= {*map(str, kept), *added}
        assert any(one.kind not in {"late", "stall", "down", "stop", "io", "set"} for one in kept)
        assert not {one.kind for one in kept} & {"late", "stall", "down", "stop", "io", "set"}


def test_every_command_every_trouble_of_the_disk_and_every_refusal_is_drawn() -> None:
    plans = [draw(seed, days=DAYS) for seed in range(600)]
    drawn = [one for plan in plans for one in rest(plan.seed, "all", plan.length_ms, plan.runners)]
    assert {one.what["command"] for one in drawn if one.kind == "set"} == set(SETTINGS)
    assert {one.what["trouble"] for one in drawn if one.kind == "io"} == set(IO)
    codes = {rule.code for one in drawn if one.kind == "storm" for rule in rules_of(one)}
    assert codes == {code for code, _ in CODES}
    assert codes <= MESSAGES.keys()


def test_only_a_long_history_is_without_its_service_for_hours() -> None:
    def longest_ms(length_ms: int) -> int:
        drawn = (one for seed in range(400) for one in rest(seed, "crashes", length_ms, ()))
        return max(int(one.what["ms"]) for one in drawn if one.kind == "down")

    assert longest_ms(DAY_MS) == 6 * HOUR_MS
    assert longest_ms(4 * HOUR_MS) == HOUR_MS // 6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_history_of_nothing_else_breaks_no_promise(seed: int) -> None:
    plan = draw(seed, days=DAYS)
    mine = {str(one) for one in rest(seed, "all", plan.length_ms, plan.runners)}
    lived = live(plan.without([number for number, one in enumerate(plan.happenings) if str(one) not in mine]))
    assert not lived.violations
