"""docs/trading.md is computed, not written: its worked examples come out as it says."""

from decimal import Decimal
from pathlib import Path

import pytest

from trading.instruments import Instrument
from trading.pnl import profit
from trading.sizing import Risk, RiskMode, Sized, size
from trading.values import Liquidity, Side, plain

TEXT = (Path(__file__).parents[3] / "docs" / "trading.md").read_text(encoding="utf-8")
ONE_PERCENT = Risk(mode=RiskMode.PERCENT, value=Decimal(1))


def example(instrument: Instrument, equity: str, entry: str, stop: str, target: str) -> list[str]:
    """Write the row of the worked example."""
    sized = size(
        instrument,
        side=Side.BUY,
        entry=Decimal(entry),
        stop=Decimal(stop),
        equity=Decimal(equity),
        risk=ONE_PERCENT,
    )
    assert isinstance(sized, Sized)
    gross = profit(instrument.kind, Side.BUY, sized.amount, Decimal(entry), Decimal(target))
    fees = instrument.fee(sized.amount, Decimal(entry), Liquidity.TAKER) + instrument.fee(
        sized.amount, Decimal(target), Liquidity.MAKER
    )
    places = Decimal("1E-8")
    return [
        f"{equity} {instrument.settlement}",
        f"{entry} / {stop} / {target}",
        f"{plain(sized.risk_set)}",
        f"{plain(sized.amount)} ({sized.contracts} contracts)",
        f"{plain(sized.price_loss.quantize(places))}",
        f"{plain((sized.entry_fee + sized.stop_fee).quantize(places))}",
        f"{plain(sized.risk.quantize(places))} ({sized.used * 100:.2f} % of the risk set)",
        f"{plain((gross - fees).quantize(places))}",
    ]


@pytest.mark.parametrize("kind", ["linear", "inverse"])
def test_the_worked_example_is_what_the_code_computes(
    kind: str, eth_linear: Instrument, btc_inverse: Instrument
) -> None:
    if kind == "linear":
        computed = example(eth_linear, "10000", "2500", "2450", "2600")
        column = 2
    else:
        computed = example(btc_inverse, "0.5", "60000", "59000", "62000")
        column = 3
    table = TEXT.split("<!-- example: begin -->\n")[1].split("<!-- example: end -->")[0]
    rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]
    assert [row[column] for row in rows] == computed
