"""Where prices come from: a feed is a sequence of steps in order of time, one market moved by each.

`synthetic` makes them from a seed, `candles` and `recorded` replay what happened somewhere. A feed knows nothing of
books, orders or accounts, and it never sees its own future: a step holds only what had happened by its time.
"""

from exchange.feeds.candle_file import CandleFileError
from exchange.feeds.candles import CandleFeed
from exchange.feeds.factory import open_feed
from exchange.feeds.recorded import RecordedFeed
from exchange.feeds.step import ENDED_MS, Feed, PastBar, Step
from exchange.feeds.synthetic import SyntheticFeed

__all__ = [
    "ENDED_MS",
    "CandleFeed",
    "CandleFileError",
    "Feed",
    "PastBar",
    "RecordedFeed",
    "Step",
    "SyntheticFeed",
    "open_feed",
]
