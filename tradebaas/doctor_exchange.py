"""The doctor's questions to others: the exchange (its clock, our key, its switches, our orders there) and Telegram."""

from collections.abc import Iterator
from typing import Any, Final

from brokers import registry
from brokers.deribit.account import excess_scopes, missing_scopes
from persistence.secret import Secret
from persistence.store import Store
from tradebaas.doctor import Check, fail, ok, warn
from tradebaas.exchange_http import ExchangeHttp, NoAnswer, SaidNo
from tradebaas.key import Key, key_of, websocket_url
from tradebaas.paper_lock import NoExchange
from tradebaas.settings import Settings
from trading.errors import ConfigError
from trading.labels import OWNER_MAX, WORKER_MAX, parse, tag

SKEW_MS_GOOD: Final = 1_000
SKEW_MS_MAX: Final = 10_000  # tokens and candles go wrong by then
TELEGRAM_S_MAX: Final = 10.0
_NTP: Final = "set the clock: `timedatectl set-ntp true`"
_SWITCH: Final = "account"


def exchange_checks(settings: Settings, store: Store | None) -> Iterator[Check]:
    """Ask the exchange what only it knows. Nothing is ordered and nothing is changed."""
    try:
        url = websocket_url(settings)
        key = key_of(settings, store)
    except NoExchange as error:
        yield fail("exchange", str(error), "end the process that has it, or remove its lock file")
        return
    except ConfigError as error:
        yield fail("key", "; ".join(error.problems), "tradebaas credentials set")
        return
    if url is None:
        yield ok("exchange", "an embedded one, started with the service; it does not run now")
        return
    exchange = ExchangeHttp(url)
    try:
        yield _clock(exchange)
        if key is None:
            yield fail("key", f"there is none for {settings.broker.id}", "tradebaas credentials set")
            return
        yield from _key(settings, exchange, key)
        yield _cancel_on_disconnect(exchange)
        if store is not None:
            yield _strangers(settings, exchange, store)
    except NoAnswer as silence:
        yield fail("exchange", str(silence), "look at the network, the address and a proxy; then ask again")
    except SaidNo as no:
        yield fail("key", f"the exchange refused: {no}", "look at the key; `tradebaas credentials set` stores another")
    finally:
        exchange.close()


def _clock(exchange: ExchangeHttp) -> Check:
    skew_ms, took_ms = exchange.skew_ms()
    ahead = "ahead" if skew_ms > 0 else "behind"
    found = f"the exchange is {abs(skew_ms)} ms {ahead}, as seen through an answer of {took_ms} ms"
    if abs(skew_ms) - took_ms > SKEW_MS_MAX:
        return fail("clock", found, _NTP)
    if abs(skew_ms) - took_ms > SKEW_MS_GOOD:
        return warn("clock", found, _NTP)
    return ok("clock", found)


def _key(settings: Settings, exchange: ExchangeHttp, key: Key) -> Iterator[Check]:
    scopes = exchange.log_in(key.client_id, key.secret)
    lacking = missing_scopes(scopes)
    if lacking:
        yield fail("key", f"{key.client_id} lacks {', '.join(lacking)}", "give it these on the exchange's page")
        return
    excess = excess_scopes(scopes) if registry.find(settings.broker.id).checks_key else ()
    if excess:
        following = "make a key with trade:read_write, account:read and nothing else, bound to this machine's address"
        yield fail("key", f"{key.client_id} may do more than trading needs: {', '.join(excess)}", following)
        return
    yield ok("key", f"{key.client_id} (from {key.source}) logs in and may do what trading needs")


def _cancel_on_disconnect(exchange: ExchangeHttp) -> Check:
    """With it the exchange would take our stops away at the very moment when we cannot put them back."""
    name = "cancel on disconnect"
    told = exchange.ask("private/get_cancel_on_disconnect", scope=_SWITCH)
    if told.get("enabled"):
        following = "switch it off on the exchange's page (API settings), or private/disable_cancel_on_disconnect"
        return fail(name, "on for the account: a lost connection would take the stops away", following)
    return ok(name, "off: stops stay when the connection is lost")


def _strangers(settings: Settings, exchange: ExchangeHttp, store: Store) -> Check:
    """Orders in our name that our database does not know were sent by somebody else with the same name."""
    owner, worker = settings.service.owner, settings.service.worker_id
    told: list[dict[str, Any]] = exchange.ask("private/get_open_orders")
    labels = [parse(str(order.get("label", ""))) for order in told]
    ours = [
        one for one in labels if one and (one.owner, one.worker) == (tag(owner, OWNER_MAX), tag(worker, WORKER_MAX))
    ]
    unknown = {one.bracket for one in ours if store.brackets.bracket(one.bracket) is None}
    if unknown:
        found = f"{len(unknown)} trades on the account carry the name of worker {worker} and are not in this database"
        following = "is another instance running, or is this another database? give each its own service.worker_id"
        return fail("second instance", found, following)
    return ok("second instance", f"no orders of worker {worker} but those of this database ({len(ours)} open)")


def telegram_check(settings: Settings) -> Check | None:
    """Whether messages could leave; None when there is no bot."""
    telegram = settings.telegram
    if telegram.token is None:
        return None
    return _ask_telegram(telegram.base_url, telegram.token)


def _ask_telegram(base_url: str, token: Secret) -> Check:
    import requests

    try:
        found = requests.get(f"{base_url}/bot{token.reveal()}/getMe", timeout=TELEGRAM_S_MAX).json()
    except (requests.RequestException, ValueError) as error:
        # Its own text holds the token.
        return warn("telegram", f"no answer from {base_url} ({type(error).__name__})", "look at the network or a proxy")
    if not (isinstance(found, dict) and found.get("ok")):
        said = str(found.get("description", "refused")) if isinstance(found, dict) else "not an answer"
        return fail("telegram", f"the bot's token is refused: {said}", "ask @BotFather for the token and set it")
    return ok("telegram", f"@{found.get('result', {}).get('username', 'the bot')} answers")
