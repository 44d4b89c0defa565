"""Request credits: pools that refill continuously, and what an empty one means to the caller.

Whole numbers throughout, so that the same history always ends the same way: 1 credit per request unit, and
refill rates in credits per millisecond.
"""

from typing import Final, NamedTuple


class Bucket(NamedTuple):
    """A kind of pool: what a request costs, how much there is at most, how fast it comes back."""

    cost: int
    size: int
    per_ms: int


def rated(per_second: int, burst: int) -> Bucket:
    """A bucket of so many requests per second with so many at once."""
    return Bucket(cost=1_000, size=1_000 * burst, per_ms=per_second)


DEFAULT: Final = "non_matching_engine"
MATCHING: Final = "matching_engine"
CANCEL_ALL: Final = "cancel_all"
INSTRUMENTS: Final = "get_instruments"
SUBSCRIBE: Final = "subscribe"
TRANSACTION_LOG: Final = "get_transaction_log"

BUCKETS: Final[dict[str, Bucket]] = {
    DEFAULT: Bucket(cost=500, size=50_000, per_ms=10),
    INSTRUMENTS: Bucket(cost=10_000, size=500_000, per_ms=10),
    SUBSCRIBE: Bucket(cost=3_000, size=30_000, per_ms=10),
    TRANSACTION_LOG: rated(1, 8),
}


class Credits:
    """The pools of everybody: accounts once they are logged in, addresses before."""

    def __init__(self, *, enabled: bool, rate: int, burst: int) -> None:
        self.enabled = enabled
        self.rate, self.burst = rate, burst
        matching = rated(rate, burst)
        self._buckets = BUCKETS | {MATCHING: matching, CANCEL_ALL: matching}
        self._pools: dict[tuple[str, str], tuple[int, int]] = {}  # (owner, bucket) -> (credits, at ms)

    def spend(self, owner: str, bucket_name: str, now_ms: int) -> bool:
        """Take the cost of one request; False when the pool has too little, and nothing is taken then."""
        if not self.enabled:
            return True
        bucket = self._buckets[bucket_name]
        level, at_ms = self._pools.get((owner, bucket_name), (bucket.size, now_ms))
        level = min(bucket.size, level + max(0, now_ms - at_ms) * bucket.per_ms)
        paid = level >= bucket.cost
        self._pools[owner, bucket_name] = (level - bucket.cost if paid else level, now_ms)
        return paid

    def drain(self, owner: str, now_ms: int) -> None:
        """Empty every pool of this owner: a fault."""
        for name in self._buckets:
            self._pools[owner, name] = (0, now_ms)

    def limits(self) -> dict[str, object]:
        """As the account summary shows them."""
        trading = {"rate": self.rate, "burst": self.burst}
        default = BUCKETS[DEFAULT]
        shown = {"rate": default.per_ms * 1_000 // default.cost, "burst": default.size // default.cost}
        return {
            "limits_per_currency": False,
            "non_matching_engine": shown,
            "matching_engine": {
                "trading": {"total": dict(trading)},
                "spot": dict(trading),
                "cancel_all": dict(trading),
                "maximum_quotes": {"rate": 500, "burst": 500},
                "maximum_mass_quotes": {"rate": 10, "burst": 10},
                "guaranteed_mass_quotes": {"rate": 2, "burst": 2},
                "block_rfq_maker": {"rate": 10, "burst": 20},
            },
        }
