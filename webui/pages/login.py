"""The page for somebody without a key, or with a wrong one. It stands alone: nothing of the service shows in it."""

from typing import Final

import bottle

from webui.pages import marks
from webui.pages.assets import stamped
from webui.pages.render import template
from webui.pages.texts import TABLES, Words, choose

LANGUAGE_COOKIE: Final = "tradebaas_language"


def language() -> str:
    """Give the language of this request: chosen in the page, else the browser's first that we have."""
    return choose(bottle.request.get_cookie(LANGUAGE_COOKIE), bottle.request.get_header("Accept-Language"))


def render(problem: str | None = None) -> str:
    """Draw it. ``problem`` is what was wrong with the last attempt, in words."""
    t = Words(language())
    return str(
        template("login").render(
            {"t": t, "problem": problem, "icon": marks.icon, "stamped": stamped, "languages": sorted(TABLES)}
        )
    )
