"""What the fault plan tells the exchange to do: the fate of a request, the fate of a push, and blows to the world.

How the exchange carries out a `Verdict`, in this order: wait `arrive_delay_ms`; perform `before`; if `lost`, stop
(nothing is executed, nothing answered); if `refuse`, answer with it and stop; execute, under `fill_fraction` or
`stale_ms`; perform `after`; if `reply_lost`, stop; answer (with `answer` in place of the true result, if given)
after `reply_delay_ms`, `reply_copies` times. Notifications that the request causes leave as always, before the reply
when `pushes_first`.

An action inside a Verdict or a Push that concerns sessions hits the one session it came from. An action from
`FaultPlan.on_market` hits every session, or every session whose key matches its `client_id` (a glob).
"""

from typing import Literal

import msgspec


class CloseSockets(msgspec.Struct, frozen=True, kw_only=True):
    """The socket ends; `abrupt` without a closing frame, as when a line is cut (the client sees 1006)."""

    client_id: str = "*"
    code: int = 1006
    reason: str = ""
    abrupt: bool = True


class HalfOpen(msgspec.Struct, frozen=True, kw_only=True):
    """From now on nothing arrives at the client or from it, and nobody says so. For good, or for a time."""

    client_id: str = "*"
    duration_ms: int = 0  # 0: until the client gives up


class Slow(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to the client is this late, in unchanged order, for a time."""

    client_id: str = "*"
    delay_ms: int
    duration_ms: int


class LoseSubscriptions(msgspec.Struct, frozen=True, kw_only=True):
    """Channels that match fall silent; the client still believes it is subscribed."""

    client_id: str = "*"
    channel: str = "*"


class ExpireTokens(msgspec.Struct, frozen=True, kw_only=True):
    """The access token is worth nothing from now on; 13009 until the next login."""

    client_id: str = "*"


class DrainCredits(msgspec.Struct, frozen=True, kw_only=True):
    """The pools are empty: the next request gets 10028 and loses its session."""

    client_id: str = "*"


class Jump(msgspec.Struct, frozen=True, kw_only=True):
    """The market stands `percent` away from where it was, at once, with nothing traded in between."""

    instrument_name: str  # a glob, when no request or one without an instrument caused it
    percent: float  # signed


class Thin(msgspec.Struct, frozen=True, kw_only=True):
    """The book holds this part of its depth, and what trades fills this part of what rests, for a time."""

    instrument_name: str
    fraction: float
    duration_ms: int


class LockIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The index is locked: orders in its markets are refused, cancels go through, for a time."""

    instrument_name: str
    duration_ms: int


class Maintain(msgspec.Struct, frozen=True, kw_only=True):
    """11051 for everything, said unasked, then sockets closed; over after a time."""

    duration_ms: int


class Meddle(msgspec.Struct, frozen=True, kw_only=True):
    """A person trades by hand on the account of this key. `draw` (0 to 1) picks the order or instrument."""

    client_id: str
    what: Literal["trade", "cancel", "close"]
    direction: Literal["buy", "sell"]
    draw: float


class SkipClock(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's clock is this much ahead of (or behind) where it was; a negative skip never undoes a stamp."""

    skip_ms: int


Action = (
    CloseSockets
    | HalfOpen
    | Slow
    | LoseSubscriptions
    | ExpireTokens
    | DrainCredits
    | Jump
    | Thin
    | LockIndex
    | Maintain
    | Meddle
    | SkipClock
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An error in place of a result. `message` None: the usual one of the code."""

    code: int
    message: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of one request; the module's docstring says in which order it unfolds."""

    arrive_delay_ms: int = 0
    before: tuple[Action, ...] = ()
    lost: bool = False
    refuse: Answer | None = None
    fill_fraction: float | None = None  # of the amount asked for, at most this part finds a counterparty at once
    stale_ms: int = 0  # a read is answered as it was answered last time, if that is at most this long ago
    after: tuple[Action, ...] = ()
    reply_lost: bool = False
    answer: Answer | None = None  # executed, and yet answered with an error
    reply_delay_ms: int = 0
    reply_copies: int = 1
    pushes_first: bool = False


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of one notification. `in_order`: later ones of the channel wait behind a delayed one."""

    lost: bool = False
    delay_ms: int = 0
    in_order: bool = True
    copies: int = 1
    actions: tuple[Action, ...] = ()  # performed after it has left
