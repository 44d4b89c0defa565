"""Which broker is traded with: the file's, unless a person has chosen another while the service ran.

The mode follows the broker. An address and a key that stand in the file belong to the file's broker alone.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.remembering_choices import BROKER
from brokers import registry
from brokers.deribit.account import excess_scopes, missing_scopes
from persistence.secret import Secret
from persistence.store import Store
from tradebaas.exchange_http import ExchangeHttp, NoAnswer, SaidNo
from tradebaas.settings import Mode, Settings, live_problems
from trading.errors import ConfigError

HOW_TO_UNDO: Final = (
    "this broker was chosen while the service ran; `tradebaas run --file-broker` goes back to the file's"
)


def with_choice(settings: Settings, store: Store) -> Settings:
    """Give the settings as they count: with the broker that a person has chosen."""
    return adapted(settings, store.settings.get(BROKER))


def adapted(settings: Settings, broker_id: object) -> Settings:
    """Give the settings for another broker than the file's; for the file's, or none there is, as they are."""
    mode = next((mode for mode in Mode if mode.broker_id == broker_id), None)
    if mode is None or broker_id == settings.broker.id:
        return settings
    replace = msgspec.structs.replace
    broker = replace(
        settings.broker, id=mode.broker_id, url="", client_id="", client_secret=None, client_secret_file=None
    )
    return replace(settings, service=replace(settings.service, mode=mode), broker=broker)


def for_broker(settings: Settings, store: Store, broker_id: str | None) -> Settings:
    """Give the settings for a broker that is named; without a name, for the one that counts now."""
    return with_choice(settings, store) if broker_id is None else adapted(settings, broker_id)


def file_problems(configured: Settings, settings: Settings) -> tuple[str, ...]:
    """Say why the file forbids this broker: real money is never traded that the file does not ask for."""
    if settings.service.mode is not Mode.LIVE or configured.service.mode is Mode.LIVE:
        return ()
    sentence = (
        f'{settings.broker.id} trades real money, and the file says mode = "{configured.service.mode}": stop the'
        ' service, write mode = "live" under [service], then `tradebaas credentials set`, `tradebaas doctor` until'
        " nothing has to be mended, `tradebaas credentials confirm-live`, and `tradebaas run`"
    )
    return (sentence,)


class BrokerRoom:
    """What the API asks about brokers: may this one be chosen, and is this key good?"""

    def __init__(self, configured: Settings, active: Settings, store: Store, *, url: str) -> None:
        """``configured`` is what the file says, ``active`` what counts now; ``url`` is where its exchange is."""
        self._configured, self._active, self._store, self._url = configured, active, store, url

    @property
    def configured(self) -> str:
        """The file's broker."""
        return self._configured.broker.id

    @property
    def keys_of_file(self) -> tuple[str, ...]:
        """The brokers whose key stands in the file."""
        broker = self._configured.broker
        return (broker.id,) if broker.client_secret is not None else ()

    def why_not(self, broker_id: str) -> str:
        """Say why it must not be chosen; empty when it may be."""
        settings = adapted(self._configured, broker_id)
        forbidden = file_problems(self._configured, settings)
        if forbidden:
            return forbidden[0]
        try:
            key = self._key(settings)
        except ConfigError as error:
            return error.problems[0]
        if key is None:
            return f"there is no key for {broker_id}: store one first"
        problems = live_problems(settings, self._store.settings, client_id=key[0])
        return "; ".join(problems)

    def try_key(self, broker_id: str, client_id: str | None, secret: Secret | None) -> Mapping[str, Any]:
        """Log in once and say what came of it. Nothing is ordered."""
        settings = adapted(self._configured, broker_id)
        told: dict[str, Any] = {"id": broker_id, "ok": False, "client_id": client_id or "", "url": ""}
        told |= {"scopes": [], "missing": [], "excess": [], "why": ""}
        url = self._url_of(settings)
        if not url:
            return told | {"why": "the embedded exchange does not run now"}
        try:
            key = self._key(settings) if client_id is None or secret is None else (client_id, secret)
        except ConfigError as error:
            return told | {"why": error.problems[0]}
        if key is None:
            return told | {"why": f"there is no key for {broker_id}"}
        exchange = ExchangeHttp(url)
        told |= {"client_id": key[0], "url": exchange.url}
        try:
            scopes = exchange.log_in(*key)
        except NoAnswer as silence:
            return told | {"why": str(silence)}
        except SaidNo as no:
            return told | {"why": f"refused: {no}"}
        finally:
            exchange.close()
        missing = missing_scopes(scopes)
        excess = excess_scopes(scopes) if registry.find(broker_id).checks_key else ()
        why = f"it lacks {', '.join(missing)}" if missing else ""
        if excess and not why:
            why = f"good, and it may do more than trading needs: {', '.join(excess)}"
        lists = {"scopes": list(scopes), "missing": list(missing), "excess": list(excess)}
        return told | lists | {"ok": not missing, "why": why}

    def _key(self, settings: Settings) -> tuple[str, Secret] | None:
        broker = settings.broker
        if broker.client_id and broker.client_secret is not None:
            return broker.client_id, broker.client_secret
        kept = self._store.credentials.get(broker.id)
        if kept is not None:
            return kept.client_id, kept.client_secret
        known = registry.find(broker.id).default_credentials
        return None if known is None else (known.client_id, Secret(known.client_secret))

    def _url_of(self, settings: Settings) -> str:
        if settings.broker.id == self._active.broker.id:
            return self._url
        if settings.broker.url:
            return settings.broker.url
        return "" if settings.service.mode is Mode.PAPER else registry.find(settings.broker.id).url
