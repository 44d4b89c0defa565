"""Which brokers there are, where they live, and what they need. Adding one means adding a line here."""

import difflib
from dataclasses import dataclass, replace

from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings
from brokers.measured_transport import MeasuredTransport, Meter
from brokers.port import Broker
from brokers.transport import Transport
from brokers.watched_transport import Passed, WatchedTransport
from brokers.websocket_transport import SocketSettings, WebSocketTransport
from trading.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerEntry:
    """One broker one can choose."""

    id: str
    title: str
    url: str
    is_real_money: bool
    default_credentials: Credentials | None = None
    """A key everybody knows; None where one must be given."""
    checks_key: bool = True
    """Whether a key that may do too much is worth a word."""

    @property
    def needs_credentials(self) -> bool:
        """Whether a person must give a key."""
        return self.default_credentials is None


BROKERS = {
    entry.id: entry
    for entry in (
        BrokerEntry(
            id="embedded",
            title="Embedded exchange (paper)",
            url="ws://127.0.0.1:8090/ws/api/v2",
            is_real_money=False,
            default_credentials=Credentials(client_id="paper", client_secret="paper"),  # noqa: S106 - known to all
            checks_key=False,
        ),
        BrokerEntry(
            id="deribit-testnet",
            title="Deribit test net",
            url="wss://test.deribit.com/ws/api/v2",
            is_real_money=False,
        ),
        BrokerEntry(
            id="deribit",
            title="Deribit",
            url="wss://www.deribit.com/ws/api/v2",
            is_real_money=True,
        ),
    )
}


def find(broker_id: str) -> BrokerEntry:
    """Give the broker of this id, or raise ConfigError with the nearest one there is."""
    entry = BROKERS.get(broker_id)
    if entry is None:
        near = difflib.get_close_matches(broker_id, BROKERS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(BROKERS))}"
        raise ConfigError([f"broker.id: unknown broker {broker_id!r}; {hint}"])
    return entry


def make(
    entry: BrokerEntry,
    *,
    credentials: Credentials | None = None,
    url: str | None = None,
    settings: Settings | None = None,
    transport: Transport | None = None,
    socket_settings: SocketSettings | None = None,
    passed: Passed | None = None,
    meter: Meter | None = None,
) -> Broker:
    """Make a broker, not connected yet; a transport replaces the WebSocket, a key the one everybody knows.

    ``passed`` is told what goes over the line, ``meter`` when; see `WatchedTransport` and `MeasuredTransport`.
    """
    key = credentials or entry.default_credentials
    if key is None:
        raise ConfigError([f"broker {entry.id!r} needs client_id and client_secret"])
    chosen = replace(settings or Settings(), credentials=key, reports_excess_scopes=entry.checks_key)
    line = transport or WebSocketTransport(url or entry.url, socket_settings)
    if meter is not None:
        line = MeasuredTransport(line, meter)
    return DeribitBroker(chosen, line if passed is None else WatchedTransport(line, passed))
