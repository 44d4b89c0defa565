"""The exchange floor: the parts of one exchange that its methods work with, and nothing that decides."""

from random import Random

from exchange.auth import Gate
from exchange.credits import Credits
from exchange.engine import Engine
from exchange.notifications import Hub
from exchange.outbox import Outbox
from exchange.sessions import Sessions
from exchange.settings import Settings
from exchange.timers import Timers


class Floor:
    """Made once by the facade; every method of the wire gets it with its call."""

    hub: Hub

    def __init__(
        self,
        *,
        settings: Settings,
        engine: Engine,
        timers: Timers,
        outbox: Outbox,
        sessions: Sessions,
        gate: Gate,
        credits: Credits,  # noqa: A002 - the trade's word
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.timers = timers
        self.outbox = outbox
        self.sessions = sessions
        self.gate = gate
        self.credits = credits
        self.maintenance = False
        self._shuffling = Random(f"{settings.seed}:shuffle")
        self.clock_skew_ms = 0  # a fault: how far ahead the exchange's clock claims to be
        self.hub = Hub(self)

    def clock_ms(self, now_ms: int) -> int:
        """The time as the exchange believes it."""
        return now_ms + self.clock_skew_ms

    def shuffled(self, names: list[str]) -> list[str]:
        """In any order, as lists of channels come back."""
        self._shuffling.shuffle(names)
        return names
