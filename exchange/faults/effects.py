"""From a rule that strikes to what the exchange is to do: one case for each fault of the menu."""

from random import Random
from typing import Any, Final, Literal

from exchange.faults.actions import (
    Action,
    Answer,
    CloseSockets,
    DrainCredits,
    ExpireTokens,
    HalfOpen,
    Jump,
    LockIndex,
    LoseSubscriptions,
    Maintain,
    Meddle,
    SkipClock,
    Slow,
    Thin,
    Verdict,
)
from exchange.faults.rules import Rule, part, whole

ABNORMAL: Final = 1006  # what a client sees of a line that was cut


def fate_of_request(rule: Rule, draw: Random) -> Verdict:
    """What a request fault does to its request."""
    match rule.fault:
        case "request_lost":
            return Verdict(lost=True)
        case "request_late":
            return Verdict(arrive_delay_ms=whole(rule.delay_ms, draw))
        case "reply_lost":
            return Verdict(reply_lost=True)
        case "reply_late":
            return Verdict(reply_delay_ms=whole(rule.delay_ms, draw))
        case "reply_duplicated":
            return Verdict(reply_copies=2)
        case "push_before_reply":
            return Verdict(pushes_first=True)
        case "refused":
            assert rule.code is not None
            return Verdict(refuse=Answer(code=rule.code, message=rule.message))
        case "failed":
            return Verdict(answer=Answer(code=13028 if rule.code is None else rule.code, message=rule.message))
        case "partial_fill":
            return Verdict(fill_fraction=part(rule.fraction, draw))
        case "stale_snapshot":
            return Verdict(stale_ms=whole(rule.duration_ms, draw))
    raise AssertionError(f"{rule.fault} is no fault of a request")


def fate_of_push(rule: Rule, draw: Random) -> dict[str, Any]:
    """The fields of `Push` that a push fault sets."""
    match rule.fault:
        case "push_lost":
            return {"lost": True}
        case "push_late":
            return {"delay_ms": whole(rule.delay_ms, draw)}
        case "push_duplicated":
            return {"copies": 2}
        case "push_reordered":
            return {"delay_ms": whole(rule.delay_ms, draw), "in_order": False}
    raise AssertionError(f"{rule.fault} is no fault of a push")


def blow(rule: Rule, draw: Random, *, client_id: str, instrument_name: str, direction: str | None) -> Action:
    """The action of a world fault, at this client and this instrument where it was set off by one."""
    where = instrument_name or rule.instrument_name
    match rule.fault:
        case "socket_closed":
            code = ABNORMAL if rule.code is None else rule.code
            return CloseSockets(client_id=client_id, code=code, reason=rule.message or "", abrupt=code == ABNORMAL)
        case "half_open":
            return HalfOpen(client_id=client_id, duration_ms=whole(rule.duration_ms, draw))
        case "slow":
            delay_ms = whole(rule.delay_ms, draw)
            return Slow(client_id=client_id, delay_ms=delay_ms, duration_ms=whole(rule.duration_ms, draw))
        case "subscription_lost":
            return LoseSubscriptions(client_id=client_id, channel=rule.silent or "*")
        case "token_expired":
            return ExpireTokens(client_id=client_id)
        case "credits_gone":
            return DrainCredits(client_id=client_id)
        case "gap":
            return Jump(instrument_name=where, percent=part(rule.percent, draw) * _sign(rule, draw, direction))
        case "thin_book":
            fraction = part(rule.fraction, draw)
            return Thin(instrument_name=where, fraction=fraction, duration_ms=whole(rule.duration_ms, draw))
        case "index_locked":
            return LockIndex(instrument_name=where, duration_ms=whole(rule.duration_ms, draw))
        case "maintenance":
            return Maintain(duration_ms=whole(rule.duration_ms, draw))
        case "meddling":
            return _meddling(rule, draw, client_id)
        case "clock_jump":
            assert rule.skip_ms is not None
            return SkipClock(skip_ms=rule.skip_ms)
    raise AssertionError(f"{rule.fault} is no blow to the world")


def delay_of_blow(rule: Rule, draw: Random) -> int:
    """How long after its occasion it strikes. The delay of `slow` is what it does, not when."""
    return 0 if rule.fault == "slow" else whole(rule.delay_ms, draw)


def set_off_by_request(rule: Rule, action: Action) -> Verdict:
    """A blow in the middle of a request: before its execution or after it.

    Where it takes the line away, a request that was not executed never will be, and one that was is never answered.
    """
    cuts_the_line = isinstance(action, CloseSockets | HalfOpen)
    if rule.when == "before":
        return Verdict(before=(action,), lost=cuts_the_line)
    return Verdict(after=(action,), reply_lost=cuts_the_line)


def joined(one: Verdict | None, other: Verdict) -> Verdict | None:
    """Both fates in one: delays add up, what is worse wins, the first error is the one that is told."""
    if one is None:
        return other if other != Verdict() else None
    fractions = [verdict.fill_fraction for verdict in (one, other) if verdict.fill_fraction is not None]
    return Verdict(
        arrive_delay_ms=one.arrive_delay_ms + other.arrive_delay_ms,
        before=one.before + other.before,
        lost=one.lost or other.lost,
        refuse=one.refuse or other.refuse,
        fill_fraction=min(fractions, default=None),
        stale_ms=max(one.stale_ms, other.stale_ms),
        after=one.after + other.after,
        reply_lost=one.reply_lost or other.reply_lost,
        answer=one.answer or other.answer,
        reply_delay_ms=one.reply_delay_ms + other.reply_delay_ms,
        reply_copies=max(one.reply_copies, other.reply_copies),
        pushes_first=one.pushes_first or other.pushes_first,
    )


def _sign(rule: Rule, draw: Random, direction: str | None) -> float:
    match rule.toward:
        case "up":
            return 1.0
        case "down":
            return -1.0
        case "against" if direction is not None:
            return -1.0 if direction == "buy" else 1.0
    return draw.choice((1.0, -1.0))


def _meddling(rule: Rule, draw: Random, client_id: str) -> Meddle:
    drawn: Literal["trade", "cancel", "close"] = draw.choice(("trade", "cancel", "close"))
    what = drawn if rule.what is None or rule.what == "any" else rule.what
    direction: Literal["buy", "sell"] = draw.choice(("buy", "sell"))
    return Meddle(client_id=client_id, what=what, direction=direction, draw=draw.random())
