"""Every deliberate fault of `make mutants` still has its place in the code, and still is code."""

import ast

import pytest

from tools.mutants.mutant import Mutant, catalogue
from tools.repository import ROOT

ALL = catalogue()


@pytest.mark.parametrize("mutant", ALL, ids=[one.name for one in ALL])
def test_a_fault_has_its_place_and_is_code(mutant: Mutant) -> None:
    for text in mutant.planted(ROOT).values():
        ast.parse(text)
    assert all(change.old != change.new for change in mutant.changes)


def test_there_are_at_least_sixty_with_names_of_their_own() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 60


def test_a_fault_whose_place_is_gone_is_told() -> None:
    lost = Mutant(name="lost", what="", file="trading/values.py", old="no such code", new="x")
    with pytest.raises(LookupError, match="stands 0 times"):
        lost.planted(ROOT)
