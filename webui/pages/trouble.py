"""What a browser is shown at an address where nothing is, or when a page cannot be made: a sentence and a way back.

It stands alone, as the form for logging in does: it must come up when the store or a view of ours is what is wrong.
The API and programs get the one JSON shape of errors instead.
"""

from typing import Final

import bottle
import msgspec

from webui.answers import Problem, header
from webui.pages.assets import stamped
from webui.pages.login import language
from webui.pages.render import template
from webui.pages.texts import Words

_API: Final = "/api/"
_FOR_PROGRAMS: Final = frozenset({"/metrics", "/health"})
_KEPT: Final = ("Retry-After", "WWW-Authenticate")
_KINDS: Final = {404: "missing", 500: "broken", 429: "busy", 503: "busy"}


def is_for_a_person() -> bool:
    """Whether a browser asks for a page; a script asks for `*/*`."""
    request = bottle.request
    return (
        request.method in {"GET", "HEAD"}
        and not request.path.startswith(_API)
        and request.path not in _FOR_PROGRAMS
        and "text/html" in (header("Accept") or "").lower()
    )


def shown(problem: Problem) -> bottle.HTTPResponse:
    """Give a problem as whoever asked can read it."""
    if not is_for_a_person():
        return problem
    answer = bottle.HTTPResponse(draw(problem.status_code, sentence_of(problem)), problem.status_code)
    answer.set_header("Content-Type", "text/html; charset=utf-8")
    answer.set_header("Cache-Control", "no-store")
    for name in _KEPT:
        if name in problem.headers:
            answer.set_header(name, problem.get_header(name))
    return answer


def draw(status: int, sentence: str) -> str:
    """Draw the page."""
    t, kind = Words(language()), _KINDS.get(status, "refused")
    title, say = t(f"trouble.{kind}_title"), t(f"trouble.{kind}_say")
    filled = {"title": title, "say": say, "status": status, "sentence": sentence}
    return str(template("trouble").render({"t": t, "stamped": stamped, **filled}))


def sentence_of(problem: Problem) -> str:
    """The sentence that a problem carries."""
    return str(msgspec.json.decode(problem.body)["error"]["sentence"])
