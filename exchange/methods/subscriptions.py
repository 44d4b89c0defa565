"""Subscribing and unsubscribing. Channels that do not exist, or not for this caller, are silently left out."""

from typing import Any, Final

from exchange.channels import Channel
from exchange.credits import SUBSCRIBE
from exchange.errors import Refusal
from exchange.methods.registry import Call, method
from exchange.params import Param

CHANNELS_MAX: Final = 500
LABEL_LENGTH: Final = 16
PER_SESSION_MAX: Final = 2_000  # grouped books come in any number of groups, so there must be an end
_CHANNELS: Final = Param("channels", "texts", required=True, most=CHANNELS_MAX)


@method("public/subscribe", _CHANNELS, bucket=SUBSCRIBE, needs_socket=True)
def subscribe_public(call: Call) -> Any:
    """Public channels only."""
    return _subscribe(call, private=False)


@method("private/subscribe", _CHANNELS, Param("label", most=LABEL_LENGTH), bucket=SUBSCRIBE, needs_socket=True)
def subscribe_private(call: Call) -> Any:
    """Any channel; the label comes back with each notification."""
    return _subscribe(call, private=True)


def _subscribe(call: Call, *, private: bool) -> list[str]:
    hub, session, now_ms = call.floor.hub, call.session, call.now_ms
    names = list(dict.fromkeys(call.params["channels"]))
    wanted = [channel for channel in map(hub.channel, names) if channel is not None]
    logged_in = session.grant is not None and session.grant.is_good(now_ms)
    if any(channel.is_raw and not channel.is_private for channel in wanted) and not logged_in:
        raise Refusal(13778)
    allowed = [channel for channel in wanted if _may(call, channel, private=private)]
    joined = []
    for channel in allowed:
        if len(session.channels) >= PER_SESSION_MAX and channel.name not in session.channels:
            continue
        joined.append(channel)
        hub.subscribe(session, channel, call.account_or_none, call.params.get("label"), now_ms)
    return call.floor.shuffled([channel.name for channel in joined])


def _may(call: Call, channel: Channel, *, private: bool) -> bool:
    if not channel.is_private:
        return True
    return private and call.grant is not None and call.grant.scope.allows(channel.scope)


@method("public/unsubscribe", _CHANNELS, needs_socket=True)
def unsubscribe_public(call: Call) -> Any:
    """Stop listening; answers with the channels that were listened to."""
    return _unsubscribe(call)


@method("private/unsubscribe", _CHANNELS, needs_socket=True)
def unsubscribe_private(call: Call) -> Any:
    """The same as the public one."""
    return _unsubscribe(call)


def _unsubscribe(call: Call) -> list[str]:
    names = dict.fromkeys(call.params["channels"])
    return call.floor.shuffled([name for name in names if call.floor.hub.unsubscribe(call.session, name)])


@method("public/unsubscribe_all", needs_socket=True)
def unsubscribe_all_public(call: Call) -> Any:
    """Listen to nothing any more."""
    return _unsubscribe_all(call)


@method("private/unsubscribe_all", needs_socket=True)
def unsubscribe_all_private(call: Call) -> Any:
    """The same as the public one."""
    return _unsubscribe_all(call)


def _unsubscribe_all(call: Call) -> str:
    call.floor.hub.drop(call.session)
    return "ok"
