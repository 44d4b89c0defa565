"""The restart policy with its ledgers: asks ``trading.restart``, unless the circumstances leave nothing to ask."""

from collections.abc import Mapping

from supervisor.children import Child
from trading import restart
from trading.messages.supervision import Phase
from trading.restart import Budget, Decision, Exit, Ledger, Verdict


class Policy:
    """One ledger for each group of children that shares a budget."""

    def __init__(self, budgets: Mapping[str, Budget]) -> None:
        self._budgets = dict(budgets)
        self._ledgers = {group: Ledger() for group in budgets}

    @property
    def budgets(self) -> Mapping[str, Budget]:
        return self._budgets

    def restarts(self) -> dict[str, int]:
        """Give how many restarts count against each budget, as of the last judgement."""
        return {group: len(ledger.restarts) for group, ledger in self._ledgers.items()}

    def judge(self, child: Child, exited: Exit, at_ms: int, *, tree: Phase, comes_up: bool) -> Decision:
        """Say what follows from a child's end. ``comes_up``: the tree's own start waits for this child."""
        group = child.spec.group
        if exited is Exit.HUNG and tree is Phase.STOPPING is child.phase:
            return Decision(verdict=Verdict.LEAVE)  # late, with everybody: it is reported, and nothing more
        ended = restart.Ended(child=child.id, restart=child.spec.restart, exit=exited, at_ms=at_ms)
        ledger, decision = restart.step(self._ledgers[group], self._budgets[group], ended)
        if decision.verdict in {Verdict.LEAVE, Verdict.ERROR}:
            return decision
        if Phase.STOPPING in {tree, child.phase}:
            return Decision(verdict=Verdict.LEAVE)
        if comes_up and self._budgets[group].spent is Verdict.ESCALATE:
            return Decision(verdict=Verdict.ESCALATE)  # a tree that cannot come up says so at once
        self._ledgers[group] = ledger
        return decision
