"""The second lock in front of real money: a person's confirmation, stored apart from the file.

The first is `mode = "live"` in the file. A confirmation names the worker and the key it was given for, so neither a
copied database nor another key inherits it.
"""

from typing import Any, Final, Protocol

from tradebaas.settings.sections import Mode, Settings
from trading.values import Milliseconds

KEY: Final = "live_confirmed"
WORDS: Final = "trade my real money"
"""What a person types to confirm."""


class Confirmations(Protocol):
    """The part of the store this reads: what was set while running."""

    def get(self, key: str) -> Any:
        """Give what is stored under a key, or None."""
        ...


class Confirming(Protocol):
    """The part of the store this writes: `store.settings`."""

    def put(self, key: str, value: Any, *, by: str, at: Milliseconds) -> None:
        """Store it; on disk when it returns."""
        ...


def live_problems(settings: Settings, store: Confirmations, *, client_id: str | None) -> tuple[str, ...]:
    """Say why this must not trade real money; nothing outside of live mode.

    ``client_id`` is the key that will be used, from the file or the store; None when there is none.
    """
    if settings.service.mode is not Mode.LIVE:
        return ()
    problems = []
    if not client_id:
        problems.append("live mode needs a key: `tradebaas credentials set`, or broker.client_id with its secret")
    if store.get(KEY) != _confirmation(settings, client_id):
        problems.append(
            'mode = "live" in the file is one of two steps; the other is `tradebaas credentials confirm-live`,'
            f" by a person, for worker {settings.service.worker_id} and this key"
        )
    return tuple(problems)


def confirm_live(settings: Settings, store: Confirming, *, client_id: str, by: str, at: Milliseconds) -> None:
    """Store that a person wants this worker to trade real money with this key."""
    store.put(KEY, _confirmation(settings, client_id), by=by, at=at)


def revoke_live(store: Confirming, *, by: str, at: Milliseconds) -> None:
    """Take it back; the next start in live mode is refused."""
    store.put(KEY, None, by=by, at=at)


def _confirmation(settings: Settings, client_id: str | None) -> dict[str, str]:
    service = settings.service
    return {"owner": service.owner, "worker": service.worker_id, "broker": settings.broker.id, "key": client_id or ""}
