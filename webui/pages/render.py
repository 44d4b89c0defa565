"""Templates: read once, escaped unless it is our own markup. A view is drawn whole, or only the regions asked for."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import bottle

from persistence.errors import StoreUnavailable
from webui.pages import marks, words
from webui.pages.asking import Asking, Region
from webui.pages.buttons import button

TEMPLATES: Final = Path(__file__).parents[1] / "templates"


@functools.cache
def template(name: str) -> Any:
    """Give a template. Its text never changes while the process lives."""
    source = (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
    return bottle.SimpleTemplate(source=source, name=name)


def scope(asking: Asking) -> dict[str, Any]:
    """Give the names every template knows. What is called with `!` gives markup of ours, escaped inside."""
    t, now = asking.t, asking.now
    return {
        "t": t,
        "now": now,
        "may": asking.who.may_operate,
        "has": asking.doors.has,
        "icon": marks.icon,
        "chip": marks.chip,
        "said": marks.said,
        "state_chip": lambda state: marks.state_chip(state, t),
        "phase_chip": lambda phase: marks.phase_chip(phase, t),
        "severity_chip": lambda severity: marks.severity_chip(severity, t),
        "side_chip": lambda side: marks.side_chip(side, t),
        "deal_chip": lambda side: marks.side_chip(side, t, "deal"),
        "number": words.number,
        "coins": words.coins,
        "price": words.price,
        "percent": words.percent,
        "tone": words.tone,
        "url": functools.partial(quote, safe=""),
        "lasted": lambda seconds: words.lasted(seconds, t),
        "age": lambda at: words.age(at, now, t),
        "moment": lambda at, exact=False: words.moment(at, now, exact=exact),
        "button": functools.partial(button, asking),
        "piece": functools.partial(piece, asking),
    }


def piece(asking: Asking, name: str, /, **filled: Any) -> str:
    """Draw one template."""
    return str(template(name).render({**scope(asking), **filled}))


def region(asking: Asking, one: Region) -> str:
    """Draw one region with the mark by which the script finds it."""
    try:
        inside = piece(asking, one.template or one.name, **one.fill())
    except StoreUnavailable as error:  # what is on the board can still be shown, and this part says what is wrong
        inside = piece(asking, "part_unavailable", why=str(error))
    attributes = f' id="r-{one.name}" data-region="{one.name}"'
    if one.on:
        attributes += f' data-on="{one.on}"'
    if one.slowly:
        attributes += f' data-slowly="{one.slowly}"'
    return f"<div{attributes}>{inside}</div>"


def regions(asking: Asking, known: Sequence[Region], wanted: str) -> str:
    """Draw the regions whose names are asked for; a name nobody knows is passed over."""
    names = set(wanted.split(","))
    return "".join(region(asking, one) for one in known if one.name in names)


def whole(asking: Asking, view: str, known: Sequence[Region], filled: Mapping[str, Any]) -> str:
    """Draw a view: its own template, with the regions where it wants them."""
    by_name = {one.name: one for one in known}
    return piece(asking, view, region=lambda name: region(asking, by_name[name]), **filled)
