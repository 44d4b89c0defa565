"""Which channels are wanted, which are given, and how to ask for many without breaking a limit.

Deribit leaves a channel it does not like out of its answer without a word, so every answer is compared. What is
wanted survives the connection and is asked for again on the next one.
"""

from collections.abc import Iterable, Iterator

from brokers import wire
from brokers.deribit.market import MINUTES, RESOLUTIONS
from trading.values import InstrumentName

PRIVATE = ("user.changes.any.any.raw", "user.portfolio.any", "user.lock")
PUBLIC = ("platform_state",)

CHANNELS_MAX = 500  # in one request
BYTES_MAX = 30_000  # in one request; the exchange refuses more than 32 kB with its envelope
_QUOTES_AND_COMMA = 3


def ticker_channel(instrument: InstrumentName, interval: str) -> str:
    """Name the ticker channel of an instrument."""
    return f"ticker.{instrument}.{interval}"


def candle_channel(instrument: InstrumentName, minutes: int) -> str:
    """Name the candle channel of an instrument; raises KeyError for minutes the exchange does not have."""
    return f"chart.trades.{instrument}.{RESOLUTIONS[minutes]}"


def candle_of(channel: str) -> tuple[InstrumentName, int] | None:
    """Give the instrument and minutes of a candle channel, None for any other."""
    head, _, resolution = channel.rpartition(".")
    minutes = MINUTES.get(resolution)
    if minutes is None or not head.startswith("chart.trades."):
        return None
    return InstrumentName(head.removeprefix("chart.trades.")), minutes


def chunks(channels: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Cut a list so that each part fits into one request, by number and by bytes."""
    part: list[str] = []
    size = 0
    for channel in channels:
        length = len(channel.encode()) + _QUOTES_AND_COMMA
        if part and (len(part) >= CHANNELS_MAX or size + length > BYTES_MAX):
            yield tuple(part)
            part, size = [], 0
        part.append(channel)
        size += length
    if part:
        yield tuple(part)


def given(result: object) -> frozenset[str]:
    """Read the list of channels an answer names, in whatever order."""
    if not isinstance(result, list):
        return frozenset()
    return frozenset(item for item in result if isinstance(item, str))


class Wanted:
    """The channels that should be told, in the order they were first wanted."""

    def __init__(self, channels: Iterable[str]) -> None:
        self._channels: dict[str, None] = dict.fromkeys(channels)

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def add(self, channels: Iterable[str]) -> None:
        """Want these too."""
        self._channels.update(dict.fromkeys(channels))

    def drop(self, channels: Iterable[str]) -> None:
        """Want these no more."""
        for channel in channels:
            self._channels.pop(channel, None)

    def __repr__(self) -> str:
        return f"Wanted({wire.shorten(list(self._channels))})"
