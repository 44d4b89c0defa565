"""What can happen to a world, as data, and from which sorts of trouble a history is drawn."""

from typing import Any, Final

import msgspec

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
INSTRUMENTS: Final = ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC-PERPETUAL")
PERMANENT: Final = ("journal", "notifier", "broker", "orders", "guardian", "reconciler", "desk")

SECOND: Final = "second"
"""A second service begins to trade on the same account."""

EXCHANGE, CRASHES, PEOPLE, DISK, ACTORS = "exchange", "crashes", "people", "disk", "actors"
NETWORK, TELEGRAM = "network", "telegram"
FAULTS: Final[dict[str, tuple[str, ...]]] = {
    "none": (),
    "exchange": (EXCHANGE,),
    "crashes": (CRASHES,),
    "people": (PEOPLE,),
    "disk": (DISK,),
    "actors": (ACTORS,),
    "network": (NETWORK,),
    "telegram": (TELEGRAM,),
    "all": (EXCHANGE, CRASHES, PEOPLE, DISK, ACTORS, NETWORK, TELEGRAM),
}
"""Profiles: which sorts of trouble a history is drawn from."""
_DETAIL: Final = {
    "press": "command",
    "hand": "what",
    "disk": "trouble",
    "kill": "who",
    "hang": "who",
    "kills": "who",
    "line": "trouble",
    "letter": "trouble",
    "rest": "of",
    "decide": "choice",
    "set": "command",
    "io": "trouble",
}
"""What tells one of a kind from another."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens to the world from outside. `at_ms` counts from the beginning."""

    at_ms: int
    kind: str
    what: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """What it is counted as."""
        detail = _DETAIL.get(self.kind)
        return self.kind if detail is None else f"{self.kind} {self.what[detail]}"

    def __str__(self) -> str:
        """One line of a history that people read."""
        seconds, ms = divmod(self.at_ms, 1000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
        return f"{clock}  {self.kind:6} " + ", ".join(f"{key} {value}" for key, value in self.what.items())


class RunnerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy."""

    name: str
    is_patient: bool
    instrument: str
    parameters: dict[str, Any]
