"""P4 while the service lives: when it is quiet for long enough, the database says what the exchange shows.

For a moment it never does: news is on its way. What lasts although nothing goes wrong and the service is on the line
is no news on its way but something that nobody will ever look at again.
"""

from typing import Final

from persistence.store import Store
from simulation.world import World
from trading import promises
from trading.promises import Lasting, Picture, Violation
from trading.values import InstrumentName

TRUTH_MS: Final = 60_000
"""While anything is held or rests it is compared every 10 s; a reading takes 15 s at most, an actor hangs for 30 s."""
COMPARED_MS: Final = 30_000
"""Beyond the interval of comparing, where the database knows of nothing."""


class Truth:
    """Remembers since when the two disagree."""

    def __init__(self, world: World, store: Store) -> None:
        self._world, self._store = world, store
        self._lasting = Lasting()
        self._shared: set[InstrumentName] = set()
        """Where others have traded since we hold something: whose part is whose cannot be told from outside."""
        self._known: dict[InstrumentName, int] = {}
        """Where we have a trade, and since when: from then on it is compared more often."""

    @property
    def is_doubtful(self) -> bool:
        """Whether time alone can break it now."""
        return bool(self._lasting.since)

    def by_others(self, name: str) -> None:
        """Somebody else has traded there."""
        self._shared.add(InstrumentName(name))

    def look(self, picture: Picture, now: int, struck_at: int, *, is_served: bool) -> list[Violation]:
        """What has not been so for too long."""
        traded = {bracket.plan.instrument for bracket in picture.open}
        self._shared &= picture.held.keys() | traded
        self._known = {name: self._known.get(name, now) for name in traded}
        fails = bool(getattr(self._store._database, "trouble", ""))  # noqa: SLF001 - a disk in trouble takes no truth
        if fails or not is_served or self._world.exchange.faults.rules:
            self._lasting = Lasting()
            return []
        found = (*promises.untrue(picture), *promises.undecided(picture))
        self._lasting = self._lasting.step(found, now)
        broken = []
        for one in found:
            since = max(self._lasting.since[one.promise, one.about], struck_at)
            name = self._instrument(one, picture)
            compared_ms = max(TRUTH_MS, self._world.options.reconcile_ms + COMPARED_MS)
            known = name in self._known and now - max(since, self._known[name]) > TRUTH_MS
            if (known or now - since > compared_ms) and name not in self._shared and not self._waits(name):
                text = f"{one.sentence}, for {now - since} ms"
                broken.append(Violation(promise="P4", about=one.about, sentence=text))
        return broken

    @staticmethod
    def _instrument(one: Violation, picture: Picture) -> InstrumentName:
        """Which instrument it is about, by its name, its order or its bracket."""
        for order in picture.resting:
            if order.order_id == one.about:
                return order.instrument
        for bracket in picture.open:
            names = {bracket.plan.bracket_id, *(order.order_id for order in bracket.orders)}
            if one.about in names | {intent.intent_id for intent in bracket.intents}:
                return bracket.plan.instrument
        return InstrumentName(one.about)

    def _waits(self, name: InstrumentName) -> bool:
        """Whether it is shown to a person, or was: then it is theirs."""
        query = "SELECT 1 FROM issues WHERE instrument = ? LIMIT 1"
        return self._store._database.sql(query, (name,)).fetchone() is not None  # noqa: SLF001 - past the store's words
