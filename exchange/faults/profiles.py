"""Ready lists of fault rules: `light` is a bad day, `rough` a bad week in an hour, `all` everything there is.

Rates are per request, per push, or per simulated time, and chosen so that trading goes on between the faults.
"""

from typing import Final

from exchange.faults.rules import Rule

MATCHING: Final = "private/buy|private/sell|private/edit*|private/cancel*|private/close_position"
OPENING: Final = "private/buy|private/sell"
READING: Final = "private/get_*"
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE

_LIGHT: Final = (
    Rule(fault="reply_late", method="private/*", probability=0.02, delay_ms=(100, 3_000)),
    Rule(fault="reply_lost", method=MATCHING, probability=0.005),
    Rule(fault="reply_duplicated", method="private/*", probability=0.005),
    Rule(fault="push_before_reply", method=MATCHING, probability=0.2),
    Rule(fault="refused", method=MATCHING, probability=0.003, code=10047),
    Rule(fault="refused", method="private/*", probability=0.003, code=10040),
    Rule(fault="partial_fill", method=OPENING, probability=0.1, fraction=(0.1, 0.9)),
    Rule(fault="push_late", channel="user.*", probability=0.02, delay_ms=(50, 2_000)),
    Rule(fault="push_duplicated", channel="user.*", probability=0.01),
    Rule(fault="push_reordered", channel="user.*", probability=0.01, delay_ms=(5, 500)),
    Rule(fault="socket_closed", every_ms=6 * _HOUR),
    Rule(fault="gap", every_ms=12 * _HOUR, percent=(0.5, 2.0)),
)

_ROUGH: Final = (
    Rule(fault="request_lost", method=MATCHING, probability=0.01),
    Rule(fault="request_late", method=MATCHING, probability=0.02, delay_ms=(100, 6_000)),
    Rule(fault="reply_lost", method="private/*", probability=0.02),
    Rule(fault="reply_late", method="private/*", probability=0.05, delay_ms=(100, 10_000)),
    Rule(fault="reply_duplicated", method="private/*", probability=0.02),
    Rule(fault="push_before_reply", method=MATCHING, probability=0.4),
    Rule(fault="refused", method=MATCHING, probability=0.01, code=10047),
    Rule(fault="refused", method=MATCHING, probability=0.005, code=13028),
    Rule(fault="refused", method=MATCHING, probability=0.005, code=11094),
    Rule(fault="failed", method=MATCHING, probability=0.005, code=13028),
    Rule(fault="failed", method=MATCHING, probability=0.005, code=11094),
    Rule(fault="partial_fill", method=OPENING, probability=0.3, fraction=(0.0, 0.95)),
    Rule(fault="stale_snapshot", method=READING, probability=0.03, duration_ms=(100, 3_000)),
    Rule(fault="push_lost", channel="user.*", probability=0.02),
    Rule(fault="push_late", channel="user.*", probability=0.05, delay_ms=(50, 8_000)),
    Rule(fault="push_duplicated", channel="*", probability=0.01),
    Rule(fault="push_reordered", channel="user.*", probability=0.05, delay_ms=(5, 2_000)),
    Rule(fault="socket_closed", method=MATCHING, probability=0.01, when="before"),
    Rule(fault="socket_closed", method=MATCHING, probability=0.01, when="after"),
    Rule(fault="socket_closed", channel="user.*", probability=0.005),
    Rule(fault="half_open", every_ms=4 * _HOUR),
    Rule(fault="slow", every_ms=3 * _HOUR, delay_ms=(500, 5_000), duration_ms=(2_000, 60_000)),
    Rule(fault="gap", every_ms=2 * _HOUR, percent=(0.5, 5.0)),
    Rule(fault="gap", method=OPENING, probability=0.02, percent=(1.0, 6.0), toward="against", delay_ms=(0, 5_000)),
    Rule(fault="thin_book", every_ms=4 * _HOUR, fraction=(0.0, 0.2), duration_ms=(1_000, 5 * _MINUTE)),
    Rule(fault="maintenance", every_ms=24 * _HOUR, duration_ms=(5_000, 3 * _MINUTE)),
)

_REST: Final = (
    Rule(fault="half_open", method=MATCHING, probability=0.005, when="before"),
    Rule(fault="half_open", method=MATCHING, probability=0.005, when="after"),
    Rule(fault="subscription_lost", every_ms=6 * _HOUR, silent="user.*"),
    Rule(fault="subscription_lost", every_ms=8 * _HOUR),
    Rule(fault="token_expired", every_ms=5 * _HOUR),
    Rule(fault="credits_gone", every_ms=8 * _HOUR),
    Rule(fault="index_locked", every_ms=12 * _HOUR, duration_ms=(1_000, 2 * _MINUTE)),
    Rule(fault="meddling", every_ms=4 * _HOUR, client_id="person", what="any"),
    Rule(fault="clock_jump", every_ms=24 * _HOUR, skip_ms=1_500),
    Rule(fault="clock_jump", every_ms=24 * _HOUR, skip_ms=-1_500),
)

PROFILES: Final[dict[str, tuple[Rule, ...]]] = {
    "none": (),
    "light": _LIGHT,
    "rough": _ROUGH,
    "all": _ROUGH + _REST,
}
