"""Which key the service would use, and where its exchange is: for the commands, beside a running service, too."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from brokers import registry
from persistence.backup import look_through
from persistence.data_dir import DataDir, Lock
from persistence.migrate import steps
from persistence.secret import Secret
from persistence.store import Store
from tradebaas.paper import FOLDER
from tradebaas.paper_lock import holder_of
from trading.values import Milliseconds, WorkerId

if TYPE_CHECKING:
    from tradebaas.settings import Settings


class Key(NamedTuple):
    """A key and where it came from."""

    client_id: str
    secret: Secret
    source: str


def now_ms() -> Milliseconds:
    """The wall clock."""
    return Milliseconds(time.time_ns() // 1_000_000)


@contextmanager
def opened(settings: "Settings", *, alone: bool = True) -> Iterator[Store]:
    """Open the store for a moment. ``alone``: refused while the service runs, which would not notice what is written.

    Raises:
        ConfigError: the directory cannot be used, or the service runs.
        StoreUnavailable: the database cannot be read.
    """
    folder = DataDir(settings.service.data_dir).prepare()
    worker = settings.service.worker_id
    lock = Lock(folder, worker=worker, pid=os.getpid(), at=now_ms()) if alone else None
    try:
        store = Store.open(folder.folder, worker=WorkerId(worker), account=settings.broker.id, at=now_ms())
        try:
            yield store
        finally:
            store.close_thread()
    finally:
        if lock is not None:
            lock.release()


def is_current(settings: "Settings") -> bool:
    """Whether opening the database changes nothing in it: a running service must not have it changed under its feet."""
    return look_through(DataDir(settings.service.data_dir).database) == len(steps())


def key_of(settings: "Settings", store: Store | None) -> Key | None:
    """The key that will be used: the file's, else the stored one, else the one everybody knows.

    Raises:
        ConfigError: a stored key cannot be opened.
    """
    broker = settings.broker
    if broker.client_secret is not None:
        return Key(broker.client_id, broker.client_secret, "the settings")
    stored = None if store is None else store.credentials.get(broker.id)
    if stored is not None:
        return Key(stored.client_id, stored.client_secret, "the data directory")
    known = registry.find(broker.id).default_credentials
    return None if known is None else Key(known.client_id, Secret(known.client_secret), "what everybody knows")


def websocket_url(settings: "Settings") -> str | None:
    """Where the exchange is; None for an embedded one that does not run now.

    Raises:
        NoExchange: its lock cannot be read.
    """
    if settings.broker.url:
        return settings.broker.url
    entry = registry.find(settings.broker.id)
    if entry.id != "embedded":
        return entry.url
    holder = holder_of(settings.service.data_dir / FOLDER)
    return holder.url if holder is not None and holder.url else None
