"""Labels come back as they went out, and nobody else's is taken for ours."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trading.errors import BadInput
from trading.labels import (
    ATTEMPT_MAX,
    LABEL_MAX,
    OWNER_MAX,
    STRATEGY_MAX,
    WORKER_MAX,
    Label,
    bracket_id,
    content_id,
    label_for,
    parse,
    tag,
)
from trading.values import BracketId, InstrumentName, Leg, StrategyName, WorkerId

ALLOWED = set(string.ascii_letters + string.digits + "-_:.")
NAMES = st.text(max_size=40) | st.text(alphabet="abcXYZ019-_.", max_size=40)
BRACKET = bracket_id(StrategyName("ema-cross"), InstrumentName("BTC-PERPETUAL"), "1760000000000 buy")


@settings(max_examples=300, deadline=None)
@given(
    owner=NAMES,
    worker=NAMES,
    strategy=NAMES,
    signal=NAMES,
    leg=st.sampled_from(Leg),
    attempt=st.integers(0, ATTEMPT_MAX),
)
def test_any_names_make_a_label_that_fits_and_parses_back(
    owner: str, worker: str, strategy: str, signal: str, leg: Leg, attempt: int
) -> None:
    name = StrategyName(strategy)
    label = label_for(
        owner=owner,
        worker=WorkerId(worker),
        strategy=name,
        bracket=bracket_id(name, InstrumentName("BTC-PERPETUAL"), signal),
        leg=leg,
        attempt=attempt,
    )
    text = str(label)
    assert len(text) <= LABEL_MAX
    assert set(text) <= ALLOWED
    assert parse(text) == label


def test_the_longest_label_fits() -> None:
    label = Label(
        owner="o" * OWNER_MAX,
        worker="w" * WORKER_MAX,
        strategy="s" * STRATEGY_MAX,
        bracket=BRACKET,
        leg=Leg.CLOSE,
        attempt=ATTEMPT_MAX,
    )
    assert len(str(label)) <= LABEL_MAX


def test_a_short_plain_name_is_readable_in_the_label() -> None:
    label = label_for(
        owner="me", worker=WorkerId("w1"), strategy=StrategyName("ema-cross"), bracket=BRACKET, leg=Leg.STOP
    )
    assert str(label) == f"tb1:me:w1:ema-cross:{BRACKET}:s0"


def test_ids_are_the_same_in_every_process() -> None:
    """Written down, so that a change of the scheme, which would orphan resting orders, cannot pass unseen."""
    assert BRACKET == "wprpfwnxwcba5rnz"
    assert tag("a strategy with a long name", STRATEGY_MAX) == "astrategy-7omqnf"


@pytest.mark.parametrize(
    "other",
    [
        ("ema-cross2", "BTC-PERPETUAL", "1760000000000 buy"),
        ("ema-cross", "ETH-PERPETUAL", "1760000000000 buy"),
        ("ema-cross", "BTC-PERPETUAL", "1760000000000 sell"),
        ("ema-cross", "BTC-PERPETUAL1", "760000000000 buy"),
    ],
    ids=["another strategy", "another instrument", "another signal", "a letter moved over the border"],
)
def test_another_signal_is_another_bracket(other: tuple[str, str, str]) -> None:
    strategy, instrument, signal = other
    assert bracket_id(StrategyName(strategy), InstrumentName(instrument), signal) != BRACKET


@settings(max_examples=200, deadline=None)
@given(first=st.lists(NAMES, max_size=4), second=st.lists(NAMES, max_size=4))
def test_different_contents_have_different_ids(first: list[str], second: list[str]) -> None:
    assume(first != second)
    assert content_id(*first) != content_id(*second)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert tag("mean-reversion-on-bitcoin", STRATEGY_MAX) != tag("mean-reversion-on-ether", STRATEGY_MAX)


FOREIGN = {
    "none": "",
    "typed by a person": "my stop",
    "another program's": "hedgingSpot-open-1674107582",
    "another version": f"tb2:me:w1:ema:{BRACKET}:s0",
    "a part missing": f"tb1:me:w1:{BRACKET}:s0",
    "a part too many": f"tb1:me:w1:ema:x:{BRACKET}:s0",
    "an empty part": f"tb1:me::ema:{BRACKET}:s0",
    "an unknown leg": f"tb1:me:w1:ema:{BRACKET}:x0",
    "no attempt": f"tb1:me:w1:ema:{BRACKET}:s",
    "an attempt written otherwise": f"tb1:me:w1:ema:{BRACKET}:s00",
    "a digit of another alphabet": f"tb1:me:w1:ema:{BRACKET}:s٣",
    "a short id": f"tb1:me:w1:ema:{BRACKET[:-1]}:s0",
    "something behind it": f"tb1:me:w1:ema:{BRACKET}:s0:",
    "a line end behind it": f"tb1:me:w1:ema:{BRACKET}:s0\n",
    "a space before it": f" tb1:me:w1:ema:{BRACKET}:s0",
    "an owner too long": f"tb1:{'o' * 9}:w1:ema:{BRACKET}:s0",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_other_peoples_labels_are_not_ours(text: str) -> None:
    assert parse(text) is None


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="tb1:.-_esc0aX \n", max_size=70))
def test_whatever_parses_is_written_the_same_again(text: str) -> None:
    label = parse(text)
    assert label is None or str(label) == text


BAD_PARTS: dict[str, dict[str, object]] = {
    "an owner with a colon": {"owner": "a:b"},
    "an id that is none": {"bracket": BracketId("short")},
    "an attempt too many": {"attempt": ATTEMPT_MAX + 1},
    "a negative attempt": {"attempt": -1},
    "a strategy too long": {"strategy": "s" * 17},
}


@pytest.mark.parametrize("change", BAD_PARTS.values(), ids=BAD_PARTS)
def test_a_label_that_would_not_parse_back_is_never_sent(change: dict[str, object]) -> None:
    parts = {"owner": "me", "worker": "w1", "strategy": "ema", "bracket": BRACKET, "leg": Leg.ENTRY} | change
    with pytest.raises(BadInput, match="not a label of ours"):
        str(Label(**parts))  # type: ignore[arg-type]
