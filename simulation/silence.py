"""Whether the exchange has stopped telling the service what happens, without a word: then only looking finds out."""

from typing import Final

from simulation.world import World

FIRST: Final = "paper"


class Silence:
    """Connections whose channels are silent, and since when they are not any more.

    A channel that was taken away stays silent for as long as its connection lasts: asking for it once more changes
    nothing there, the exchange has it down as asked for. One that is silent because a login ran out goes on with the
    next login. All of an account's news comes over one channel, so silence is of no single instrument.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lost = self._expired = 0
        self._has_slow = False
        self._muted: frozenset[int] = frozenset()
        self._strangers: frozenset[int] = frozenset()

    def note(self) -> None:
        """A fault has struck; see whether it was one of these."""
        injected = self._world.exchange.faults.injected
        lost, expired = injected.get("subscription_lost", 0), injected.get("token_expired", 0)
        self._has_slow = bool(injected.get("slow", 0))
        lines = frozenset(session.id for session in self._world.exchange.sessions if session.client_id == FIRST)
        if lost > self._lost:
            self._muted = lines
        if expired > self._expired and self._world.options.exchange.switches.private_channels_at_expiry == "silent":
            self._strangers = lines
        self._lost, self._expired = lost, expired

    def is_late(self) -> bool:
        """Whether the exchange still tells some connection everything late, though it was long ago that this began."""
        now = self._world.pipe.now
        self._has_slow = self._has_slow and any(one.is_slow(now) for one in self._world.exchange.sessions)
        return self._has_slow

    @property
    def may_end(self) -> bool:
        """Whether a login would end it."""
        return bool(self._strangers)

    def has_ended(self) -> bool:
        """Whether those whose login had run out are logged in again, or gone; said once."""
        now = self._world.pipe.now
        self._strangers = frozenset(
            session.id
            for session in self._world.exchange.sessions
            if session.id in self._strangers and not (session.grant is not None and session.grant.is_good(now))
        )
        return not self._strangers

    def __bool__(self) -> bool:
        """Whether it is silent now."""
        silent = self._muted | self._strangers
        return bool(silent) and any(session.id in silent for session in self._world.exchange.sessions)
