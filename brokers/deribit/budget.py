"""The credit budget: never let the exchange say "too many requests", because that ends the session.

One bucket for the matching engine, one for everything else, and small ones for what is dear. Requests that protect
may empty their bucket; the others must leave a reserve. The figures stay below the account's true limits, as the
same account may be used from elsewhere and requests may bunch up on the way.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from brokers.outcomes import RateLimits
from trading.values import Milliseconds


@unique
class Pool(StrEnum):
    """What a request is paid from."""

    MATCHING = "matching"
    OTHER = "other"
    SUBSCRIBE = "subscribe"
    INSTRUMENTS = "instruments"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Requests per second, how many at once, and how many of those only protection may take."""

    per_s: Decimal
    burst: Decimal
    reserve: Decimal = Decimal(0)


# DERIBIT.md section 17, each a little less than allowed. Matching: the lowest tier has 5/s and 20 at once.
RATES = {
    Pool.MATCHING: Rate(per_s=Decimal(4), burst=Decimal(16), reserve=Decimal(8)),
    Pool.OTHER: Rate(per_s=Decimal(16), burst=Decimal(80), reserve=Decimal(20)),
    Pool.SUBSCRIBE: Rate(per_s=Decimal(3), burst=Decimal(9)),
    Pool.INSTRUMENTS: Rate(per_s=Decimal("0.9"), burst=Decimal(40)),
    Pool.LEDGER: Rate(per_s=Decimal("0.9"), burst=Decimal(7)),
}

_SHARE = Decimal("0.8")  # of what the account is allowed
_UNITS = 1_000_000  # in one request; a rate per second is then a whole number of units per millisecond


class Bucket:
    """A token bucket in millionths of a request, so that it counts in whole numbers and loses no fraction."""

    def __init__(self, rate: Rate, now: Milliseconds) -> None:
        self._set(rate)
        self._units = self._burst
        self._at = now

    def _set(self, rate: Rate) -> None:
        self._per_ms = max(int(rate.per_s * 1000), 1)
        self._burst = int(rate.burst * _UNITS)
        self._reserve = int(rate.reserve * _UNITS)

    def change(self, rate: Rate, now: Milliseconds) -> None:
        """Take new limits; what is spent stays spent."""
        self._refill(now)
        spent = self._burst - self._units
        self._set(rate)
        self._units = self._burst - spent

    def empty(self, now: Milliseconds) -> None:
        """Forget the credit: the exchange just said there is none."""
        self._refill(now)
        self._units = min(self._units, 0)

    def take(self, now: Milliseconds, *, protects: bool) -> int | None:
        """Pay for one request and give None; or give the milliseconds to wait, and take nothing."""
        self._refill(now)
        lacking = (0 if protects else self._reserve) + _UNITS - self._units
        if lacking <= 0:
            self._units -= _UNITS
            return None
        return -(-lacking // self._per_ms)

    def force(self, now: Milliseconds) -> None:
        """Pay for a request that must go out whatever the bucket says."""
        self._refill(now)
        self._units -= _UNITS

    def left(self, now: Milliseconds) -> int:
        """How many requests it would pay for; below 0 when more was spent than there was."""
        return min(self._units + max(0, now - self._at) * self._per_ms, self._burst) // _UNITS

    def _refill(self, now: Milliseconds) -> None:
        if now > self._at:
            self._units = min(self._units + (now - self._at) * self._per_ms, self._burst)
            self._at = now


class Budget:
    """The buckets of one connection."""

    def __init__(self, now: Milliseconds) -> None:
        self._buckets = {pool: Bucket(rate, now) for pool, rate in RATES.items()}

    def adopt(self, limits: RateLimits, now: Milliseconds) -> None:
        """Take the account's own limits, less a margin."""
        matching, other = RATES[Pool.MATCHING], RATES[Pool.OTHER]
        self._buckets[Pool.MATCHING].change(_below(limits.matching_rate, limits.matching_burst, matching), now)
        self._buckets[Pool.OTHER].change(_below(limits.other_rate, limits.other_burst, other), now)

    def take(self, pool: Pool, now: Milliseconds, *, protects: bool) -> int | None:
        """Pay for one request and give None; or give the milliseconds to wait, and take nothing."""
        return self._buckets[pool].take(now, protects=protects)

    def force(self, pool: Pool, now: Milliseconds) -> None:
        """Pay for a request the connection cannot live without (a heartbeat's answer, a login)."""
        self._buckets[pool].force(now)

    def left(self, now: Milliseconds) -> dict[str, int]:
        """How many requests each pool would pay for now. Any thread may look; it changes nothing."""
        return {pool.value: bucket.left(now) for pool, bucket in self._buckets.items()}

    def exhausted(self, now: Milliseconds) -> None:
        """Believe the exchange that there is nothing left."""
        for bucket in self._buckets.values():
            bucket.empty(now)


def _below(rate: Decimal, burst: Decimal, usual: Rate) -> Rate:
    """Stay below an account's limits; the reserve is never more than half of the burst."""
    per_s = max(rate * _SHARE, Decimal("0.1"))
    allowed = max(burst * _SHARE, Decimal(2))
    return Rate(per_s=per_s, burst=allowed, reserve=min(usual.reserve, allowed / 2))
