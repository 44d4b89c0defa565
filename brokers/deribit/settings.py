"""How the adapter behaves on one connection; every time limit it has stands here."""

from dataclasses import dataclass

from brokers.deribit import account
from brokers.deribit.channels import PRIVATE, PUBLIC
from brokers.deribit.login import Credentials
from trading.values import Currency

_BTC = Currency("BTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Without credentials only public things work: prices can be watched, nothing can be traded."""

    credentials: Credentials | None = None
    summary_currency: Currency = _BTC
    """The currency whose summary is asked at login for the account's rate limits."""

    private_channels: tuple[str, ...] = PRIVATE
    public_channels: tuple[str, ...] = PUBLIC
    ticker_interval: str = "100ms"
    scopes_needed: tuple[str, ...] = account.NEEDED
    reports_excess_scopes: bool = True

    heartbeat_s: int = 10
    """The shortest the exchange allows: the sooner a dead connection is known, the better."""
    silent_ms: int = 25_000
    """Two heartbeats and some: nothing at all for so long means the connection is dead."""

    order_timeout_ms: int = 3_000
    """A reply takes 0.15 s; who waits much longer waits in vain, and a stop may be due."""
    read_timeout_ms: int = 3_000
    """What is held may hang on it: an account is read in several calls, and where answers get lost again and again."""
    valid_for_ms: int = 2_500
    """How long an order may take to reach the engine; less than the time-out, so that it is over by then."""

    def __post_init__(self) -> None:
        """Hold the settings to what makes sense together."""
        assert self.heartbeat_s >= 10, "the exchange takes no heartbeat below 10 s"  # noqa: PLR2004
        assert self.silent_ms > 2_000 * self.heartbeat_s, "a heartbeat may come late once"
        assert 0 < self.valid_for_ms <= self.order_timeout_ms, "an order must not outlive the wait for its answer"
