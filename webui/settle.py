"""The commands that set something for good: risk, parameters, settings, the broker and its key, copies."""

import threading
from decimal import Decimal
from typing import Any, Final

import bottle
from msgspec import UNSET

from brokers import registry
from persistence import backup
from persistence.credentials import Credentials
from persistence.secret import Secret
from trading.errors import ConfigError
from trading.messages import desk
from trading.notice_kinds import KINDS
from trading.sizing import Risk, RiskMode
from trading.values import StrategyName
from webui.answers import Problem, json_answer, listed, missing, wrong
from webui.bodies import (
    ConfirmBody,
    KeyBody,
    NoQuery,
    Nothing,
    ParametersBody,
    RiskBody,
    SettingsBody,
    SwitchBody,
    TrialBody,
)
from webui.chosen import Chosen, shown
from webui.commands import Commands, by
from webui.parts import Parts

REAL_MONEY: Final = "trade my real money"
"""What a person types to switch to a broker with real money."""
PERCENT_MAX: Final = 100


class Settle:
    """Each is on disk before it is answered."""

    def __init__(self, parts: Parts, commands: Commands, chosen: Chosen) -> None:
        self._parts, self._commands, self._chosen = parts, commands, chosen
        self._sending = threading.Lock()

    # --- risk, parameters, settings

    def risk(self, asked: RiskBody) -> bottle.HTTPResponse:
        """Size the next trades by this."""
        held = self._chosen.risk()
        value = above_zero("value", asked.value)
        if asked.mode is RiskMode.PERCENT and value > PERCENT_MAX:
            raise wrong("value", f"is more than {PERCENT_MAX} percent")
        caps = {}
        for name in ("leverage", "notional"):
            given = getattr(asked, name)
            text = held[name] if given is UNSET else given
            caps[name] = None if text is None else above_zero(name, str(text))
        return self._commands.obey(
            desk.SetRisk(
                risk=Risk(mode=asked.mode, value=value),
                leverage_max=caps["leverage"],
                notional_max=caps["notional"],
                by=by(),
            )
        )

    def parameters(self, asked: ParametersBody, name: str) -> bottle.HTTPResponse:
        """Change parameters of a strategy."""
        row = self._parts.board.picture.strategies.get(name)
        if row is None or not self._chosen.knows(row["strategy"]):
            raise missing("strategy", name)
        try:
            chosen, parameters = self._chosen.with_changes(name, row["strategy"], asked.parameters)
        except ConfigError as error:
            place, _, reason = error.problems[0].removeprefix(f"{name}.").partition(": ")
            raise wrong(f"parameters.{place}" if reason else "parameters", reason or place) from None
        return self._commands.obey(
            desk.SetParameters(name=StrategyName(name), parameters=chosen, shown=shown(parameters), by=by())
        )

    def settings(self, asked: SettingsBody) -> bottle.HTTPResponse:
        """Change what can be changed while it runs."""
        for kind in asked.notifications:
            if kind not in KINDS:
                raise wrong(f"notifications.{kind[:60]}", f"there is no such kind; there are {', '.join(KINDS)}")
        return self._commands.obey(
            desk.ChangeSettings(
                auto_reconnect=asked.auto_reconnect,
                language=asked.language,
                loudness=asked.notifications,
                by=by(),
            )
        )

    # --- brokers

    def brokers(self, _asked: NoQuery) -> bottle.HTTPResponse:
        """Which brokers there are."""
        return json_answer(listed([self._broker_row(entry) for entry in registry.BROKERS.values()]))

    def switch(self, asked: SwitchBody) -> bottle.HTTPResponse:
        """Trade elsewhere from now on."""
        entry = _entry(asked.id)
        self._confirm(asked.confirm, REAL_MONEY if entry.is_real_money else entry.id)
        return self._commands.obey(lambda: self._switch(entry))

    def _switch(self, entry: registry.BrokerEntry) -> desk.Command:
        if entry.id != self._active:
            why_not = self._parts.why_not(entry.id)
            if why_not:
                raise Problem(409, "conflict", why_not, state="not_ready")
            ours = sum(bool(row["is_ours"]) for row in self._parts.board.picture.orders.values())
            if ours:
                sentence = f"{ours} orders of ours were on the exchange when it was last seen: connect and look"
                raise Problem(409, "conflict", sentence, state="in_trade")
        return desk.SwitchBroker(broker=entry.id, by=by())

    def put_key(self, asked: KeyBody, name: str) -> bottle.HTTPResponse:
        """Keep a broker's key. It is never shown again."""
        entry = _entry(name)
        self._confirm(asked.confirm, entry.id)
        if not entry.needs_credentials:
            raise Problem(409, "conflict", f"{entry.id} has a key that everybody knows", state="known_key")
        key = Credentials(
            broker=entry.id, client_id=asked.client_id.strip(), client_secret=Secret(asked.client_secret.strip())
        )

        def keep() -> dict[str, Any]:
            self._parts.store.credentials.put(key, at=self._commands.now())
            return self._commands.ask(desk.CredentialsChanged(broker=entry.id, by=by()))

        return self._commands.once(keep)

    def drop_key(self, asked: ConfirmBody, name: str) -> bottle.HTTPResponse:
        """Forget a broker's key."""
        entry = _entry(name)
        self._confirm(asked.confirm, entry.id)

        def drop() -> dict[str, Any]:
            if not self._parts.store.credentials.drop(entry.id):
                raise missing("kept key of", entry.id)
            return self._commands.ask(desk.CredentialsChanged(broker=entry.id, by=by()))

        return self._commands.once(drop)

    def try_key(self, asked: TrialBody) -> bottle.HTTPResponse:
        """Log in once with a key, and say what it may do. Nothing is ordered."""
        if (asked.client_id is None) is not (asked.client_secret is None):
            raise wrong("client_secret", "a key has both parts, or none is given")
        entry = _entry(asked.id or self._active)
        self._commands.heavy()
        secret = None if asked.client_secret is None else Secret(asked.client_secret.strip())
        return self._commands.once(lambda: dict(self._parts.try_key(entry.id, asked.client_id, secret)))

    # --- messages

    def try_message(self, _asked: Nothing) -> bottle.HTTPResponse:
        """Send one test message to the person. One at a time: it waits for others, and so must nobody else."""
        self._commands.heavy()
        return self._commands.once(self._send)

    def _send(self) -> dict[str, Any]:
        if not self._sending.acquire(blocking=False):
            raise Problem(409, "under_way", "a test message is being sent", state="under_way", retry_s=1)
        try:
            arrived, sentence = self._parts.try_message()
        finally:
            self._sending.release()
        if not arrived:
            raise Problem(409, "not_sent", sentence, state="not_sent")
        return {"ok": True, "code": "done", "state": "sent", "sentence": sentence}

    def _broker_row(self, entry: registry.BrokerEntry) -> dict[str, Any]:
        is_active = entry.id == self._active
        why_not = "" if is_active else self._parts.why_not(entry.id)
        kept = entry.id in self._parts.store.credentials.brokers()
        return {
            "id": entry.id,
            "title": entry.title,
            "mode": {"embedded": "paper", "deribit": "live"}.get(entry.id, "testnet"),
            "is_real_money": entry.is_real_money,
            "active": is_active,
            "has_credentials": kept or not entry.needs_credentials or entry.id in self._parts.about.keys_of_file,
            "may_switch": not is_active and not why_not,
            "why_not": why_not or None,
        }

    @property
    def _active(self) -> str:
        return str(self._parts.about.broker.get("id", ""))

    @staticmethod
    def _confirm(given: str, words: str) -> None:
        if given != words:
            raise wrong("confirm", f'must be "{words}": say it a second time')

    # --- copies

    def backups(self, _asked: NoQuery) -> bottle.HTTPResponse:
        """Which copies of the database there are."""
        return json_answer(listed([_backup_row(one) for one in backup.backups(self._parts.store.data_dir)]))

    def make_backup(self, _asked: Nothing) -> bottle.HTTPResponse:
        """Copy the database while it is in use."""
        self._commands.heavy()
        return self._commands.once(lambda: _backup_row(self._parts.store.backup(at=self._commands.now())))


def above_zero(name: str, text: str) -> Decimal:
    """Read a figure; its shape was looked at before."""
    figure = Decimal(text)
    if figure <= 0:
        raise wrong(name, "must be above 0")
    return figure


def _entry(broker_id: str) -> registry.BrokerEntry:
    entry = registry.BROKERS.get(broker_id)
    if entry is None:
        raise missing("broker", broker_id)
    return entry


def _backup_row(made: backup.Backup) -> dict[str, Any]:
    return {"file": made.path.name, "why": made.why, "size": made.size, "made_at": made.made_at}
