"""What all parts of the adapter share on one connection: requests out, news up, the clock and the budget.

It also notes when the connection should be closed, and why; closing is the business of whoever holds the socket.
"""

from typing import Any, TypeGuard

from brokers import requests as ask
from brokers.deribit.budget import Budget, Pool
from brokers.deribit.clock import ServerClock
from brokers.deribit.pending import Errand, Pending, Sent
from brokers.port import News
from brokers.transport import Message
from trading.values import Milliseconds


class Line:
    """The adapter's end of a connection."""

    def __init__(self, read_timeout_ms: int) -> None:
        self.pending = Pending()
        self.clock = ServerClock()
        self.budget = Budget(Milliseconds(0))
        self.close_reason: str | None = None
        self._read_timeout_ms = read_timeout_ms
        self._outgoing: list[tuple[int, Message]] = []
        self._news: list[News] = []
        self.tell = self._news.append

    def start_over(self) -> None:
        """Begin a new connection. The numbers go on, spent credit stays spent, the clock is measured anew."""
        self.clock = ServerClock()
        self.close_reason = None
        self._outgoing.clear()

    def send(
        self,
        errand: Errand,
        method: str,
        params: dict[str, Any],
        now: Milliseconds,
        *,
        timeout_ms: int | None = None,
        request: ask.Request | None = None,
        channels: tuple[str, ...] = (),
        subject: str = "",
    ) -> int:
        """Put a request on its way; it is already paid for."""
        ref = self.pending.next_ref()
        limit = self._read_timeout_ms if timeout_ms is None else timeout_ms
        sent = Sent(
            ref=ref,
            errand=errand,
            method=method,
            sent_at=now,
            times_out_at=Milliseconds(now + limit),
            request=request,
            channels=channels,
            subject=subject,
        )
        self.pending.add(sent)
        self._outgoing.append((ref, {"jsonrpc": "2.0", "id": ref, "method": method, "params": params}))
        return ref

    def run_errand(
        self,
        errand: Errand,
        method: str,
        params: dict[str, Any],
        now: Milliseconds,
        *,
        pool: Pool = Pool.OTHER,
        channels: tuple[str, ...] = (),
        subject: str = "",
    ) -> int:
        """Send what the connection itself cannot do without, whatever the budget says."""
        self.budget.force(pool, now)
        return self.send(errand, method, params, now, channels=channels, subject=subject)

    def close(self, reason: str) -> None:
        """Ask for the connection to be closed; the first reason stays."""
        if self.close_reason is None:
            self.close_reason = reason

    def take_outgoing(self) -> list[tuple[int, Message]]:
        """Take the messages to be sent, in order."""
        taken = self._outgoing[:]
        self._outgoing.clear()
        return taken

    def take_news(self) -> list[News]:
        """Take what happened, in order."""
        taken = self._news[:]
        self._news.clear()
        return taken


def learn_time(line: Line, sent: Sent, message: Message, now: Milliseconds) -> None:
    """Learn the exchange's clock from a reply's stamps, or from its result if it is the time itself."""
    came_in, went_out = message.get("usIn"), message.get("usOut")
    if not _is_stamp(came_in) or not _is_stamp(went_out):
        told = message.get("result")
        if sent.method != "public/get_time" or not _is_stamp(told):
            return
        came_in, went_out = told * 1000, told * 1000
        # A time in whole milliseconds may be up to one behind.
        came_in += 1000
    line.clock.sample(sent=sent.sent_at, received=now, server_in_us=came_in, server_out_us=went_out)


def _is_stamp(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 < value < 1 << 62
