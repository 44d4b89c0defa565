"""A child over all its incarnations, as the supervisor knows it, and the incarnations it had to abandon."""

from collections import Counter

from actors.address import Directory, Mailbox
from actors.base import Actor, Failure, Report, attempt
from actors.incarnation import Incarnation
from supervisor.health import Abandoned, ChildState, Pulse
from supervisor.runtime import Runtime
from supervisor.spec import ChildSpec
from supervisor.watch import pulse
from trading.messages.supervision import Phase

_CROWDED_AT = 2  # parts of inbox_max: told about at one half,
_CALM_AT = 4  # and again only after there were fewer than a quarter


class Child:
    """Written by the supervisor alone. Others may read ``state``: each field is whole at any moment."""

    def __init__(self, spec: ChildSpec, directory: Directory, now_ms: int) -> None:
        self.spec = spec
        self.id = str(spec.id)
        self.mailbox: Mailbox[object] = directory.address(spec.id)
        self.phase = Phase.IDLE
        self.reason = ""
        self.since_ms = now_ms
        self.generation = 0
        self.restarts = 0
        self.missing = False  # its thread was gone at the last look, and it had not said so
        self._actor: Actor | None = None
        self._told_crowded = False
        self._reported: Counter[str] = Counter()
        self._reported_total = 0

    def enter(self, phase: Phase, now_ms: int, reason: str = "") -> None:
        """Come into a phase."""
        self.phase, self.since_ms, self.reason = phase, now_ms, reason

    @property
    def actor(self) -> Actor | None:
        """The living incarnation's actor."""
        return self._actor

    def make(self, runtime: Runtime, generation: int, report: Report) -> Failure | None:
        """Make a new incarnation and set it going; or give what kept it from being made."""
        assert self._actor is None, f"{self.id} lives already"
        self.generation = generation
        incarnation = Incarnation(
            name=self.id,
            generation=generation,
            clock=runtime.clock,
            wheel=runtime.wheel,
            directory=runtime.directory,
            told_max=self.spec.told_max,
        )
        actor = attempt(self.spec.start, incarnation)
        if isinstance(actor, Failure):
            incarnation.fence()
            return actor
        self.missing = self._told_crowded = False
        runtime.bind(actor, incarnation, report)
        self.mailbox.attach(actor.actor_inbox, generation)
        self._actor = actor
        runtime.spawn(actor)
        return None

    def part(self) -> Actor:
        """Fence the living incarnation off and take it out; its successor may come."""
        actor = self._actor
        assert actor is not None, f"{self.id} does not live"
        assert actor.incarnation is not None, f"{self.id} lives without an incarnation"
        self.mailbox.detach()
        actor.incarnation.fence()
        self._actor = None
        return actor

    def is_calm(self, depth: int) -> bool:
        """Whether its inbox is nearly empty, it is not known as crowded, and nothing was lost since the last look."""
        mailbox = self.mailbox
        return (
            depth * _CALM_AT < self.spec.inbox_max
            and not self._told_crowded
            and mailbox.lost_total == self._reported_total
            and not mailbox.has_late_comers
        )

    def newly_crowded(self, depth: int) -> bool:
        """Whether its inbox has become half full since it was last nearly empty."""
        if depth * _CALM_AT < self.spec.inbox_max:
            self._told_crowded = False
        if self._told_crowded or depth * _CROWDED_AT <= self.spec.inbox_max:
            return False
        self._told_crowded = True
        return True

    def newly_lost(self) -> dict[str, int]:
        """Give the messages lost since this was last asked, by kind."""
        mailbox = self.mailbox
        mailbox.sweep()
        if mailbox.lost_total == self._reported_total:
            return {}
        lost = Counter(mailbox.lost())
        self._reported_total = lost.total()
        new = lost - self._reported
        self._reported = lost
        return dict(new)

    def state(self, now_s: float) -> ChildState:
        """Give its state as a value."""
        actor = self._actor
        return ChildState(
            id=self.id,
            phase=self.phase,
            generation=self.generation,
            restart=self.spec.restart,
            since_ms=self.since_ms,
            reason=self.reason,
            restarts=self.restarts,
            pulse=Pulse() if actor is None else pulse(actor, now_s),
            lost=sum(self.mailbox.lost().values()),
        )


class Hospice:
    """The fenced incarnations that have not ended yet, and how much all fenced ones tried to say."""

    def __init__(self) -> None:
        self._reported: dict[tuple[str, int], int] = {}
        self._actors: dict[tuple[str, int], Actor] = {}
        self._said_before = 0  # by those that have ended

    def take(self, actor: Actor) -> None:
        """Take in one that was fenced off, and have it end when it can."""
        assert actor.incarnation is not None
        key = (actor.incarnation.name, actor.incarnation.generation)
        self._actors = {**self._actors, key: actor}  # whole, because others read it meanwhile
        actor.abandon()

    def release(self, child: str, generation: int) -> Abandoned | None:
        """Note that one has ended after all; give it if it said something that was not reported yet."""
        key = (child, generation)
        actor = self._actors.get(key)
        if actor is None:
            return None
        self._actors = {known: other for known, other in self._actors.items() if known != key}
        said = _said(actor)
        self._said_before += said
        before = self._reported.pop(key, 0)
        return Abandoned(child=child, generation=generation, dropped=said) if said > before else None

    def newly_spoken(self) -> list[Abandoned]:
        """Give those that have said something since this was last asked."""
        found = []
        for key, actor in self._actors.items():
            said = _said(actor)
            if said > self._reported.get(key, 0):
                self._reported[key] = said
                found.append(Abandoned(child=key[0], generation=key[1], dropped=said))
        return found

    def abandoned(self) -> tuple[Abandoned, ...]:
        """Give all that have not ended."""
        return tuple(
            Abandoned(child=child, generation=generation, dropped=_said(actor))
            for (child, generation), actor in self._actors.items()
        )

    def said(self) -> int:
        """How many messages of fenced incarnations were dropped."""
        return self._said_before + sum(_said(actor) for actor in self._actors.values())


def _said(actor: Actor) -> int:
    assert actor.incarnation is not None
    return actor.incarnation.dropped
