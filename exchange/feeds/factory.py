"""The feed that the settings ask for."""

from pathlib import Path
from typing import Final

from exchange.feeds.candles import CandleFeed
from exchange.feeds.recorded import RecordedFeed
from exchange.feeds.step import Feed
from exchange.feeds.synthetic import SyntheticFeed
from exchange.settings import Settings

RECORD_SUFFIXES: Final = (".jsonl", ".ndjson")


def open_feed(settings: Settings, *, start_ms: int) -> Feed:
    """A fresh feed from its beginning. Raises `CandleFileError` or `OSError` for a file that cannot be used."""
    wanted = settings.feed
    if wanted.files or wanted.source != "synthetic":
        return _replay(settings, start_ms)
    return SyntheticFeed(
        seed=settings.seed,
        start_ms=start_ms,
        instruments=settings.instruments,
        start_prices=wanted.start_prices,
        step_ms=wanted.step_ms,
        profile=wanted.profile,
    )


def _replay(settings: Settings, start_ms: int) -> Feed:
    wanted = settings.feed
    if not wanted.files and wanted.source.endswith(RECORD_SUFFIXES):
        return RecordedFeed(Path(wanted.source), instruments=settings.instruments, start_ms=start_ms)
    specs = {spec.instrument_name: spec for spec in settings.instruments}
    named = {name: Path(path) for name, path in wanted.files.items()}
    return CandleFeed(
        named or {guessed_instrument(wanted.source, list(specs)): Path(wanted.source)},
        instruments=specs,
        start_ms=start_ms,
        seed=settings.seed,
        from_ms=wanted.from_ms,
        points=wanted.points,
        loop=wanted.loop,
    )


def guessed_instrument(path: str, names: list[str]) -> str:
    """The instrument that a file's name speaks of: by its own name, then by its coin, else the first one listed."""
    file_name = Path(path).name.upper()
    whole = [name for name in names if name.upper() in file_name]
    coins = [name for name in names if name.replace("_", "-").split("-")[0] in file_name]
    return next(iter([*sorted(whole, key=len, reverse=True), *coins, *names]))
