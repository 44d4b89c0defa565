"""The table of switches in the document is the one in the code."""

from pathlib import Path

from exchange.switches import POSITIONS, Switches

DOCUMENT = Path(__file__).parents[3] / "docs" / "embedded-exchange.md"


def test_every_switch_stands_in_the_document_with_its_positions_and_its_default() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 5]
    told = {}
    for row in rows:
        name, _, positions, default = (cell.strip() for cell in row.strip("|").split("|"))
        told[name.strip("`")] = (positions, default)
    expected = {
        name: (", ".join(str(position) for position in positions), str(getattr(Switches(), name)))
        for name, positions in POSITIONS.items()
    }
    assert {name: row for name, row in told.items() if name in expected} == expected
