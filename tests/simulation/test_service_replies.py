"""Each request of a trade goes wrong in each way: a sample here, `make crash-points` does them all."""

from random import Random

import pytest

from tests.simulation import reply_walk
from tests.simulation.reply_walk import WAYS, Wrong
from trading.bracket import Mode

SAMPLE = 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_request_whose_reply_is_lost_late_doubled_or_refused_breaks_no_promise(mode: Mode, way: str) -> None:
    wrongs = reply_walk.all_wrongs(mode, way)
    for wrong in Random(f"replies:{mode}:{way}").sample(wrongs, SAMPLE):
        reply_walk.suffers(wrong)


@pytest.mark.parametrize("way", WAYS)
def test_the_entry_and_the_stop_of_a_trade_never_left_to_a_sample(way: str) -> None:
    for wrong in reply_walk.all_wrongs(Mode.SEQUENTIAL, way)[:2]:
        assert wrong.leg in {"entry", "stop"}
        reply_walk.suffers(wrong)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_the_list_has_every_kind_of_request_a_trade_makes(mode: Mode) -> None:
    found = {(method, leg) for method, _, leg in reply_walk.requests(mode)}
    legs = {leg for _, leg in found}
    assert {"entry", "stop", "target", ""} <= legs
    assert {method for method, _ in found} >= {
        "private/buy",
        "private/sell",
        "private/edit",
        "private/cancel",
        "private/get_order_state_by_label",
        "private/get_open_orders",
        "private/get_positions",
        "private/get_user_trades_by_currency_and_time",
    }


def test_a_fault_that_never_strikes_fails_the_walk() -> None:
    with pytest.raises(AssertionError, match="never went wrong"):
        reply_walk.suffers(Wrong(method="private/buy", nth=99, leg="", way="lost after", mode=Mode.NATIVE))
