"""What living brackets on the engine found and was mended in it, each shrunk to the few orders that mattered."""

from tests.unit.exchange.floor import Floor


def test_a_resting_reduce_only_order_the_market_only_touches_waits_on() -> None:
    """Cancelled as if there were nothing to reduce: the market had come to its price, and nobody traded there."""
    floor = Floor()
    floor.places("buy")
    target = floor.places("sell", price="64500", reduce_only=True)
    floor.drifts_to("64500")
    assert target.is_live, target.cancel_reason
    assert floor.position == 1
