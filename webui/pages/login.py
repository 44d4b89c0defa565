"""The page for somebody without a key, or with a wrong one. It stands alone: nothing of the service shows in it."""

from typing import Final

import bottle

from webui.pages import marks
from webui.pages.assets import stamped
from webui.pages.render import template
from webui.pages.texts import TABLES, Words, choose

LANGUAGE_COOKIE: Final = "tradebaas_language"
WRONG: Final = "wrong"
LOCKED: Final = "locked"


def language(chosen_for_all: str | None = None) -> str:
    """Give the language of this request: chosen here, else for all, else the browser's first that we have."""
    wanted = bottle.request.get_cookie(LANGUAGE_COOKIE) or chosen_for_all
    return choose(wanted, bottle.request.get_header("Accept-Language"))


def render(problem: str | None = None) -> str:
    """Draw it. ``problem`` is what was wrong with the last attempt: WRONG, LOCKED, or words."""
    t = Words(language())
    if problem is not None and t.has(f"login.{problem}"):
        problem = t(f"login.{problem}")
    return str(
        template("login").render(
            {"t": t, "problem": problem, "icon": marks.icon, "stamped": stamped, "languages": sorted(TABLES)}
        )
    )
