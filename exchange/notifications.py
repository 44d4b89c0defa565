"""Who hears what: subscriptions, and the turning of changes into notifications.

Topics are kept by what touches them, so a market that nobody watches costs one look into a dict.
"""

from collections.abc import Iterable
from typing import Any, Final

from exchange import shapes_market, topics_book, topics_market, topics_tape, topics_user
from exchange.accounts import Account
from exchange.changes import Changes
from exchange.channels import Channel, parse
from exchange.market import Market
from exchange.sessions import Session
from exchange.topics import Stage, Topic
from exchange.topics_user import News, Portfolio, UserTopic

_PUBLIC: Final[dict[str, type[Topic]]] = {
    "ticker": topics_market.Ticker,
    "incremental_ticker": topics_market.IncrementalTicker,
    "quote": topics_market.Quote,
    "book": topics_book.Book,
    "grouped_book": topics_book.GroupedBook,
    "perpetual": topics_market.Perpetual,
    "trades": topics_tape.Tape,
    "chart": topics_tape.Chart,
    "index": topics_market.Index,
    "state": topics_market.Announced,
    "platform": topics_market.Announced,
    "public_methods": topics_market.PublicMethods,
    "silent": topics_market.Announced,
}
_PRIVATE: Final[dict[str, type[UserTopic]]] = {
    "user.orders": topics_user.UserOrders,
    "user.trades": topics_user.UserTrades,
    "user.changes": topics_user.UserChanges,
    "user.portfolio": topics_user.Portfolio,
    "user.lock": topics_user.UserAnnounced,
    "user.liquidation": topics_user.UserAnnounced,
    "silent": topics_user.UserAnnounced,
}
_MOVED: Final = frozenset({"ticker", "incremental_ticker", "quote", "book", "grouped_book", "perpetual"})
_PRINTED: Final = frozenset({"trades", "chart"})


class Hub:
    """All topics that somebody watches."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._topics: dict[tuple[str, str], Topic] = {}  # by (account or "", channel)
        self._moved: dict[str, list[Topic]] = {}  # by instrument
        self._printed: dict[str, list[topics_tape.Tape | topics_tape.Chart]] = {}
        self._users: dict[str, list[UserTopic]] = {}  # by account
        self._announced: dict[str, list[Topic]] = {}  # by family
        self._names: dict[str, Channel | None] = {}  # channel names seen, parsed
        self._locked: set[str] = set()  # indexes

    # --- who listens

    def channel(self, name: str) -> Channel | None:
        """What the name means here; None: there is no such channel."""
        if name not in self._names:
            if len(self._names) > 10_000:  # noqa: PLR2004 - clients can make up any number of names
                self._names.clear()
            self._names[name] = parse(name, self._stage.engine.markets)
        return self._names[name]

    def subscribe(
        self, session: Session, channel: Channel, account: Account | None, label: str | None, now_ms: int
    ) -> None:
        """Listen to it. A second time changes nothing and brings no second snapshot."""
        if channel.name in session.channels:
            return
        session.channels[channel.name] = label
        key = _key(channel, account)
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = self._open(channel, account)
        topic.join(session, now_ms)

    def unsubscribe(self, session: Session, name: str) -> bool:
        """Stop listening; False if it did not listen."""
        if name not in session.channels:
            return False
        del session.channels[name]
        for key in ((name_of_account(session), name), ("", name)):
            topic = self._topics.get(key)
            if topic is not None and session.id in topic.watchers:
                topic.leave(session.id)
                if not topic.watchers:
                    self._drop(key, topic)
                return True
        return self._sweep(session, name)

    def chains(self, instrument_name: str) -> bool:
        """Does somebody follow the changes of this book?"""
        return any(isinstance(topic, topics_book.Book) for topic in self._moved.get(instrument_name, ()))

    def _sweep(self, session: Session, name: str) -> bool:
        """The session has changed its account since: find the topic the slow way."""
        for key, topic in list(self._topics.items()):
            if topic.name == name and session.id in topic.watchers:
                topic.leave(session.id)
                if not topic.watchers:
                    self._drop(key, topic)
        return True

    def drop(self, session: Session) -> None:
        """The session is gone."""
        for name in list(session.channels):
            self.unsubscribe(session, name)

    def mute(self, session: Session, name: str) -> None:
        """A fault: the channel falls silent, and the client still believes in it."""
        label = session.channels.get(name)
        self.unsubscribe(session, name)
        session.channels[name] = label

    def _open(self, channel: Channel, account: Account | None) -> Topic:
        family = channel.family
        if channel.is_private and account is not None:
            private = _PRIVATE[family](channel, self._stage, account)
            self._users.setdefault(account.name, []).append(private)
            return private
        topic = _PUBLIC[family](channel, self._stage)
        if family in _MOVED:
            self._moved.setdefault(channel.instruments[0], []).append(topic)
        elif isinstance(topic, topics_tape.Tape | topics_tape.Chart):
            for name in channel.instruments:
                self._printed.setdefault(name, []).append(topic)
            self._stage.engine.wants_prints = True
        else:
            self._announced.setdefault(family, []).append(topic)
        return topic

    def _drop(self, key: tuple[str, str], topic: Topic) -> None:
        """Nobody watches it any more."""
        del self._topics[key]
        tables: list[dict[str, list[Any]]] = [self._moved, self._printed, self._users, self._announced]
        for table in tables:
            for name, entries in list(table.items()):
                if topic in entries:
                    entries.remove(topic)
                    if not entries:
                        del table[name]
        self._stage.engine.wants_prints = bool(self._printed)

    # --- what they hear

    def flush(self, changes: Changes, now_ms: int) -> None:
        """Turn what has happened into notifications."""
        if changes.moved:
            if self._moved:
                for name in changes.moved:
                    for topic in self._moved.get(name, ()):
                        topic.touch(now_ms)
            if self._users:
                self._drift(now_ms)
        if changes.prints and self._printed:
            self._tell_prints(changes, now_ms)
        if self._users and (changes.orders or changes.trades or changes.positions or changes.wallets):
            self._tell_users(changes, now_ms)
        if changes.states or changes.locks or changes.liquidations:
            self._announce(changes, now_ms)

    def _drift(self, now_ms: int) -> None:
        for topics in self._users.values():
            for topic in topics:
                if isinstance(topic, Portfolio):
                    topic.drift(now_ms)

    def _tell_prints(self, changes: Changes, now_ms: int) -> None:
        heard: dict[topics_tape.Tape | topics_tape.Chart, None] = {}
        for entry in changes.prints:
            market = self._stage.engine.markets[entry.instrument_name]
            for topic in self._printed.get(entry.instrument_name, ()):
                topic.printed(entry, market, now_ms)
                heard[topic] = None
        for topic in heard:
            topic.touch(now_ms)

    def _tell_users(self, changes: Changes, now_ms: int) -> None:
        for name, topics in list(self._users.items()):
            news = News(
                [entry for entry in changes.orders.values() if entry.account == name],
                [entry for entry in changes.trades if entry.account == name],
                [instrument for account, instrument in changes.positions if account == name],
            )
            if any(news) or any(account == name for account, _ in changes.wallets):
                for topic in topics:
                    topic.hear(news, now_ms)

    def _announce(self, changes: Changes, now_ms: int) -> None:
        for market in changes.states:
            for topic in self._announced.get("state", ()):
                if market.spec.instrument_name in topic.channel.instruments:
                    topic.tell_all(shapes_market.instrument_state(market, now_ms), now_ms)
            self._tell_lock(market, now_ms)
        for account, currency, is_locked in changes.locks:
            self._tell_family("user.lock", account, {"currency": currency, "locked": is_locked}, now_ms)
        for event in changes.liquidations:
            said = {name: value for name, value in event.items() if name != "account"}
            self._tell_family("user.liquidation", str(event["account"]), said, now_ms)

    def _tell_lock(self, market: Market, now_ms: int) -> None:
        """Index locks are told on platform_state, and their end."""
        index, locked = market.spec.price_index, market.state == "locked"
        if locked != (index in self._locked):
            (self._locked.add if locked else self._locked.discard)(index)
            self.tell_platform({"price_index": index, "locked": locked}, now_ms)

    def _tell_family(self, family: str, account: str, said: dict[str, Any], now_ms: int) -> None:
        for topic in self._users.get(account, ()):
            if topic.channel.family == family:
                topic.tell_all(said, now_ms)

    def tell_platform(self, said: dict[str, Any], now_ms: int) -> None:
        """One message of platform_state."""
        for topic in self._announced.get("platform", ()):
            topic.tell_all(said, now_ms)

    @property
    def topics(self) -> Iterable[Topic]:
        return self._topics.values()


def _key(channel: Channel, account: Account | None) -> tuple[str, str]:
    return (account.name if channel.is_private and account is not None else "", channel.name)


def name_of_account(session: Session) -> str:
    """Of the account it is logged in to; empty before."""
    return "" if session.grant is None else session.grant.account
