"""The figures Prometheus collects."""

from prometheus_client.parser import text_string_to_metric_families

from actors.journal_rows import strategy_row
from persistence.store import Store
from tests.unit.webui.house import OBSERVE, House


def figures(house: House) -> dict[str, float]:
    """Every sample: name and labels to value."""
    text = house.get("/metrics").body.decode()
    return {
        sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_figure_is_ours_by_name_and_none_is_named_after_an_order(house: House) -> None:
    house.is_well()
    house.shows(orders={"ETH-123": {"instrument": "x", "updated_at": 1}})

    names = figures(house)

    assert [name for name in names if not name.startswith("tradebaas_")] == []
    assert not any("ETH-123" in name for name in names)


def test_the_figures_are_those_of_the_moment(house: House) -> None:
    house.is_well()
    row = {**strategy_row("a", 1), "state": "ERROR"}
    house.shows(
        strategies={"a": row},
        halt={"reason": "x"},
        scores={"naked_ms": 7},
        funds={"BTC": {"equity": "1.5", "available": "1"}},
        events={"alert": 3},
        unsaved=2,
    )
    found = figures(house)

    expected = {
        "tradebaas_broker_connected": 1,
        "tradebaas_halted": 1,
        "tradebaas_strategies,state=ERROR": 1,
        "tradebaas_strategies,state=PAUSED": 0,
        "tradebaas_score,score=naked_ms": 7,
        "tradebaas_account_equity_coins,currency=BTC": 1.5,
        "tradebaas_events_total,kind=alert": 3,
        "tradebaas_events_unsaved": 2,
        "tradebaas_actor_up,actor=broker": 1,
        "tradebaas_build_info,mode=paper,version=9.9,worker=w1": 1,
    }
    assert {name: found[name] for name in expected} == expected


def test_two_services_in_one_process_do_not_mix(house: House, store: Store) -> None:
    other = House(store)
    house.is_well()

    assert figures(house)["tradebaas_broker_connected"] == 1
    assert figures(other)["tradebaas_broker_connected"] == 0


def test_requests_are_counted_by_their_answers(house: House) -> None:
    house.get("nothing")
    house.get("status", key="wrong")

    assert figures(house)["tradebaas_http_requests_total,status=4xx"] == 2


def test_the_figures_need_a_key_unless_they_were_opened(house: House, store: Store) -> None:
    assert house.get("/metrics", key=None).status == 401
    assert house.get("/metrics", key=OBSERVE).status == 200
    assert House(store, open_metrics=True).get("/metrics", key=None).status == 200
