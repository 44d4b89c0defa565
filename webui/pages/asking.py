"""One request for a page: who asks, in which language, at what time, and what may be pressed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import bottle

from webui.access import Who
from webui.pages.doors import Doors
from webui.pages.texts import Words
from webui.parts import Parts

Fill = Callable[[], Mapping[str, Any]]

NOW: Final = "now"  # as soon as something happens
SLOW: Final = "slow"  # at most once a second: for what moves with the price


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a view that is fetched anew when one of its events comes. ``fill`` gives what its template needs.

    ``on`` are the kinds of events that concern it at once, ``slowly`` those that need not be seen within the second.
    """

    name: str
    fill: Fill
    on: str = ""
    slowly: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What every view is given."""

    parts: Parts
    who: Who
    t: Words
    doors: Doors
    csrf: str
    now: int
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


def query_of_page() -> dict[str, str]:
    """Give the query of a page. A parameter that is not known does no harm here: a page is not a contract."""
    return {key: str(bottle.request.query.getunicode(key) or "") for key in bottle.request.query}
