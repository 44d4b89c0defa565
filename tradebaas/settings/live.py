"""The locks in front of real money, besides `mode = "live"` in the file: a clean doctor, and a person's confirmation.

Both are stored apart from the file and name the worker and the key they were given for, so neither a copied database
nor another key inherits them. They do not grow old: a restart at night must not fail for want of a person.
"""

from typing import Any, Final, Protocol

from tradebaas.settings.sections import Mode, Settings
from trading.values import Milliseconds

KEY: Final = "live_confirmed"
DOCTOR_KEY: Final = "doctor_clean"
WORDS: Final = "trade my real money"
"""What a person types to confirm."""


class Confirmations(Protocol):
    """The part of the store this reads: what was set while running."""

    def get(self, key: str) -> Any:
        """Give what is stored under a key, or None."""
        ...


class Confirming(Confirmations, Protocol):
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
    if not is_doctor_clean(settings, store, client_id=client_id):
        problems.append(
            "`tradebaas doctor` has not found everything well with this worker and key: stop the service and run"
            f" `tradebaas doctor --broker {settings.broker.id}` until nothing has to be mended"
        )
    if store.get(KEY) != _confirmation(settings, client_id):
        problems.append(
            'mode = "live" in the file is one of two steps; the other is `tradebaas credentials confirm-live`, by a'
            f" person while the service is stopped, for worker {settings.service.worker_id} and this key"
        )
    return tuple(problems)


def is_doctor_clean(settings: Settings, store: Confirmations, *, client_id: str | None) -> bool:
    """Whether the doctor once found nothing to mend, with this worker and this key."""
    noted = store.get(DOCTOR_KEY)
    return isinstance(noted, dict) and noted.get("for") == _confirmation(settings, client_id)


def note_clean(settings: Settings, store: Confirming, *, client_id: str, at: Milliseconds) -> None:
    """Store that the doctor found nothing to mend, and when. What was found of real money no game replaces."""
    noted = store.get(DOCTOR_KEY)
    if (
        settings.service.mode is not Mode.LIVE
        and isinstance(noted, dict)
        and noted.get("for", {}).get("broker") == Mode.LIVE.broker_id
    ):
        return
    store.put(DOCTOR_KEY, {"for": _confirmation(settings, client_id), "at": at}, by="doctor", at=at)


def confirm_live(settings: Settings, store: Confirming, *, client_id: str, by: str, at: Milliseconds) -> None:
    """Store that a person wants this worker to trade real money with this key."""
    store.put(KEY, _confirmation(settings, client_id), by=by, at=at)


def revoke_live(store: Confirming, *, by: str, at: Milliseconds) -> None:
    """Take it back; the next start in live mode is refused."""
    store.put(KEY, None, by=by, at=at)


def _confirmation(settings: Settings, client_id: str | None) -> dict[str, str]:
    service = settings.service
    return {"owner": service.owner, "worker": service.worker_id, "broker": settings.broker.id, "key": client_id or ""}
