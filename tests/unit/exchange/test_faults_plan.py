"""The fault plan: who is struck, how often, by what; and the same again with the same seed."""

from collections import Counter
from typing import Any

import pytest

from exchange.faults import (
    FAULTS,
    PROFILES,
    Answer,
    CloseSockets,
    ExpireTokens,
    FaultPlan,
    HalfOpen,
    Jump,
    LockIndex,
    Maintain,
    Meddle,
    Push,
    Rule,
    SkipClock,
    Slow,
    Thin,
    Verdict,
)
from exchange.faults.plan import DELAYED_MAX, NEVER_MS

T0 = 1_700_000_000_000
HOUR_MS = 3_600_000


def plan(*rules: Rule, seed: int = 1) -> FaultPlan:
    return FaultPlan(rules, seed, start_ms=T0)


def asks(
    of: FaultPlan,
    method: str = "private/buy",
    label: str = "",
    client_id: str = "paper",
    instrument_name: str = "BTC-PERPETUAL",
    at_ms: int = T0,
) -> Verdict | None:
    return of.on_request(method, {"instrument_name": instrument_name}, label, client_id, at_ms)


def test_without_rules_nothing_ever_happens() -> None:
    quiet = plan()

    assert asks(quiet) is None
    assert quiet.on_push("ticker.X.raw", "paper", T0) is None
    assert quiet.on_market(T0 + 10**12) == []
    assert quiet.next_due_ms() == NEVER_MS


REQUESTS: dict[str, tuple[Rule, Verdict]] = {
    "lost on the way": (Rule(fault="request_lost"), Verdict(lost=True)),
    "late on the way": (Rule(fault="request_late", delay_ms=70), Verdict(arrive_delay_ms=70)),
    "reply lost": (Rule(fault="reply_lost"), Verdict(reply_lost=True)),
    "reply late": (Rule(fault="reply_late", delay_ms=70), Verdict(reply_delay_ms=70)),
    "reply twice": (Rule(fault="reply_duplicated"), Verdict(reply_copies=2)),
    "pushes first": (Rule(fault="push_before_reply"), Verdict(pushes_first=True)),
    "refused": (Rule(fault="refused", code=10041), Verdict(refuse=Answer(code=10041))),
    "13028 without execution": (Rule(fault="refused", code=13028), Verdict(refuse=Answer(code=13028))),
    "13028 with execution": (Rule(fault="failed"), Verdict(answer=Answer(code=13028))),
    "11094 with execution": (Rule(fault="failed", code=11094), Verdict(answer=Answer(code=11094))),
    "part of it": (Rule(fault="partial_fill", fraction=0.25), Verdict(fill_fraction=0.25)),
    "stale": (Rule(fault="stale_snapshot", duration_ms=900), Verdict(stale_ms=900)),
    "cut before": (
        Rule(fault="socket_closed", method="*", when="before"),
        Verdict(lost=True, before=(CloseSockets(client_id="paper"),)),
    ),
    "cut after": (
        Rule(fault="socket_closed", method="*", code=1012, message="bye"),
        Verdict(reply_lost=True, after=(CloseSockets(client_id="paper", code=1012, reason="bye", abrupt=False),)),
    ),
    "deaf before": (
        Rule(fault="half_open", method="*", when="before"),
        Verdict(lost=True, before=(HalfOpen(client_id="paper"),)),
    ),
    "deaf after": (
        Rule(fault="half_open", method="*", duration_ms=5),
        Verdict(reply_lost=True, after=(HalfOpen(client_id="paper", duration_ms=5),)),
    ),
    "slow": (
        Rule(fault="slow", method="*", delay_ms=5, duration_ms=9),
        Verdict(after=(Slow(client_id="paper", delay_ms=5, duration_ms=9),)),
    ),
    "token gone": (
        Rule(fault="token_expired", method="*", when="before"),
        Verdict(before=(ExpireTokens(client_id="paper"),)),
    ),
    "gap against a buy": (
        Rule(fault="gap", method="*", percent=3, toward="against"),
        Verdict(after=(Jump(instrument_name="BTC-PERPETUAL", percent=-3.0),)),
    ),
    "thin for this order": (
        Rule(fault="thin_book", method="*", fraction=0.1, duration_ms=1, when="before"),
        Verdict(before=(Thin(instrument_name="BTC-PERPETUAL", fraction=0.1, duration_ms=1),)),
    ),
}


@pytest.mark.parametrize(("rule", "fate"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_meets_its_fate(rule: Rule, fate: Verdict) -> None:
    struck = plan(rule)

    assert asks(struck) == fate
    assert struck.injected == {rule.fault: 1}


PUSHES: dict[str, tuple[Rule, Push]] = {
    "lost": (Rule(fault="push_lost"), Push(lost=True)),
    "late": (Rule(fault="push_late", delay_ms=30), Push(delay_ms=30)),
    "twice": (Rule(fault="push_duplicated"), Push(copies=2)),
    "overtaken": (Rule(fault="push_reordered", delay_ms=30), Push(delay_ms=30, in_order=False)),
    "the last one": (
        Rule(fault="socket_closed", channel="user.*"),
        Push(actions=(CloseSockets(client_id="paper"),)),
    ),
}


@pytest.mark.parametrize(("rule", "fate"), PUSHES.values(), ids=PUSHES.keys())
def test_a_push_meets_its_fate(rule: Rule, fate: Push) -> None:
    struck = plan(rule)

    assert struck.on_push("user.changes.any.any.raw", "paper", T0) == fate
    assert struck.injected == {rule.fault: 1}


MATCHES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "method": ({"method": "private/buy"}, {}, True),
    "method glob": ({"method": "private/*"}, {}, True),
    "one of two methods": ({"method": "private/sell|private/b*"}, {}, True),
    "another method": ({"method": "private/sell"}, {}, False),
    "no part of a method": ({"method": "buy"}, {}, False),
    "label": ({"label": "*:stop"}, {"label": "a:b:stop"}, True),
    "another label": ({"label": "*:stop"}, {"label": "a:b:entry"}, False),
    "client": ({"client_id": "paper"}, {}, True),
    "another client": ({"client_id": "person"}, {}, False),
    "instrument": ({"instrument_name": "BTC*"}, {}, True),
    "another instrument": ({"instrument_name": "ETH*"}, {}, False),
    "direction": ({"direction": "buy"}, {}, True),
    "the other direction": ({"direction": "sell"}, {}, False),
    "no direction at all": ({"direction": "sell"}, {"method": "private/cancel"}, False),
    "window": ({"from_ms": 10, "to_ms": 20}, {"at_ms": T0 + 10}, True),
    "before the window": ({"from_ms": 10, "to_ms": 20}, {"at_ms": T0 + 9}, False),
    "after the window": ({"from_ms": 10, "to_ms": 20}, {"at_ms": T0 + 20}, False),
    "impossible": ({"probability": 0.0}, {}, False),
}


@pytest.mark.parametrize(("rule", "request_", "struck"), MATCHES.values(), ids=MATCHES.keys())
def test_a_rule_strikes_whom_it_names(rule: dict[str, Any], request_: dict[str, Any], struck: bool) -> None:
    assert (asks(plan(Rule(fault="reply_lost", **rule)), **request_) is not None) is struck


def test_a_rule_strikes_channels_and_clients_it_names() -> None:
    struck = plan(Rule(fault="push_lost", channel="user.*|quote.*", client_id="paper"))

    assert struck.on_push("user.orders.any.any.raw", "paper", T0)
    assert struck.on_push("quote.BTC-PERPETUAL", "paper", T0)
    assert not struck.on_push("ticker.BTC-PERPETUAL.raw", "paper", T0)
    assert not struck.on_push("user.orders.any.any.raw", "person", T0)


def test_the_first_n_occasions_pass_and_then_it_strikes_so_often_and_no_more() -> None:
    struck = plan(Rule(fault="reply_lost", after_n=2, count=3))

    assert [asks(struck) is not None for _ in range(8)] == [False, False, True, True, True, False, False, False]


def test_a_probability_is_one() -> None:
    struck = plan(Rule(fault="reply_lost", probability=0.3))

    assert 250 < sum(asks(struck) is not None for _ in range(1000)) < 350


def test_figures_are_drawn_from_their_ranges() -> None:
    struck = plan(Rule(fault="reply_late", delay_ms=(10, 12)))
    delays = {verdict.reply_delay_ms for verdict in (asks(struck) for _ in range(100)) if verdict}

    assert delays == {10, 11, 12}


def test_several_rules_at_once_make_one_fate() -> None:
    struck = plan(
        Rule(fault="reply_late", delay_ms=10),
        Rule(fault="reply_late", delay_ms=5),
        Rule(fault="refused", code=10040),
        Rule(fault="refused", code=10041),
        Rule(fault="partial_fill", fraction=0.5),
        Rule(fault="partial_fill", fraction=0.2),
    )

    assert asks(struck) == Verdict(reply_delay_ms=15, refuse=Answer(code=10040), fill_fraction=0.2)


# --- in time


def test_a_fault_at_a_moment_strikes_then_and_once() -> None:
    struck = plan(Rule(fault="maintenance", at_ms=500, duration_ms=60))

    assert struck.next_due_ms() == T0 + 500
    assert struck.on_market(T0 + 499) == []
    assert struck.on_market(T0 + 500) == [Maintain(duration_ms=60)]
    assert struck.next_due_ms() == NEVER_MS
    assert struck.on_market(T0 + 10**9) == []


def test_a_fault_every_hour_strikes_about_every_hour() -> None:
    struck = plan(Rule(fault="clock_jump", every_ms=HOUR_MS, skip_ms=-7))
    times = []
    while struck.next_due_ms() < T0 + 1000 * HOUR_MS:
        times.append(struck.next_due_ms())
        assert struck.on_market(times[-1]) == [SkipClock(skip_ms=-7)]

    assert 900 < len(times) < 1100
    assert times == sorted(times)


def test_a_clock_that_stood_still_is_not_caught_up_with() -> None:
    """After a night of sleep there is one blow, not a hundred at once."""
    struck = plan(Rule(fault="clock_jump", every_ms=HOUR_MS, skip_ms=1))

    assert len(struck.on_market(T0 + 1000 * HOUR_MS)) == 1


def test_a_timed_fault_keeps_to_its_window_and_its_count() -> None:
    window = plan(Rule(fault="token_expired", every_ms=10, from_ms=1000, to_ms=2000))
    counted = plan(Rule(fault="token_expired", every_ms=10, count=3))
    times = []
    while window.next_due_ms() < NEVER_MS:
        times.append(window.next_due_ms() - T0)
        window.on_market(window.next_due_ms())
    while counted.next_due_ms() < NEVER_MS:
        counted.on_market(counted.next_due_ms())

    assert times
    assert min(times) >= 1000
    assert max(times) < 2000
    assert counted.injected == {"token_expired": 3}


def test_a_delayed_blow_comes_later_and_hits_who_set_it_off() -> None:
    struck = plan(Rule(fault="socket_closed", method="private/buy", delay_ms=40))

    assert asks(struck) is None
    assert struck.injected == {}
    assert struck.next_due_ms() == T0 + 40
    assert struck.on_market(T0 + 40) == [CloseSockets(client_id="paper")]
    assert struck.injected == {"socket_closed": 1}


def test_what_is_on_its_way_is_bounded() -> None:
    struck = plan(Rule(fault="index_locked", method="*", duration_ms=1, delay_ms=10))
    for _ in range(DELAYED_MAX + 500):
        asks(struck)

    assert struck.on_market(T0 + 10) == [LockIndex(instrument_name="BTC-PERPETUAL", duration_ms=1)] * DELAYED_MAX


@pytest.mark.parametrize("what", ["trade", "cancel", "close"])
def test_a_person_meddles_as_told(what: Any) -> None:
    (action,) = plan(Rule(fault="meddling", at_ms=0, client_id="person", what=what)).on_market(T0)

    assert isinstance(action, Meddle)
    assert (action.client_id, action.what) == ("person", what)
    assert 0 <= action.draw < 1


# --- the same again


def history(rules: tuple[Rule, ...], seed: int, hours: int = 30) -> tuple[list[Any], dict[str, int]]:
    """What a busy client goes through."""
    struck = FaultPlan(rules, seed, start_ms=T0)
    seen: list[Any] = []
    for minute in range(hours * 60):
        now_ms = T0 + minute * 60_000
        seen += struck.on_market(now_ms)
        seen += [
            asks(struck, method, at_ms=now_ms) for method in ("private/buy", "private/cancel", "private/get_positions")
        ]
        seen += [struck.on_push("user.changes.any.any.raw", "paper", now_ms) for _ in range(3)]
    return seen, struck.injected


def test_the_same_seed_and_the_same_calls_give_the_same_faults() -> None:
    assert history(PROFILES["all"], 7) == history(PROFILES["all"], 7)


def test_another_seed_gives_other_faults() -> None:
    assert history(PROFILES["all"], 7)[0] != history(PROFILES["all"], 8)[0]


def test_a_rule_added_at_the_end_leaves_the_draws_of_the_others_alone() -> None:
    rule = Rule(fault="reply_lost", probability=0.5)
    alone, beside = plan(rule), plan(rule, Rule(fault="reply_duplicated", probability=0.5))
    lost = [
        [(verdict := asks(struck)) is not None and verdict.reply_lost for _ in range(50)] for struck in (alone, beside)
    ]

    assert lost[0] == lost[1]


def test_the_profile_all_gets_round_to_everything_within_some_days() -> None:
    injected: Counter[str] = Counter()
    for seed in range(4):
        injected.update(history(PROFILES["all"], seed, hours=48)[1])

    assert set(injected) == set(FAULTS)


def test_trading_goes_on_under_the_roughest_profile() -> None:
    """A profile under which nothing ever works would prove nothing."""
    seen, _ = history(PROFILES["all"], 3)
    hurt = [entry for entry in seen if isinstance(entry, Verdict) and (entry.lost or entry.refuse or entry.reply_lost)]

    assert len(hurt) < 0.2 * 3 * 30 * 60
