"""Which addresses the API has, and what it answers: a control is shown only when something stands behind it.

The page reads by the API's own handlers where a question is more than a look at the board, so both always say the same.
"""

import re
from typing import Any, Final
from urllib.parse import urlencode

import bottle
import msgspec

API: Final = "/api/v2/"
_PLACE: Final = re.compile(r"<[^>]+>")


class Doors:
    """The addresses of the application, read once they are all there."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._rules: dict[str, list[re.Pattern[str]]] | None = None

    def has(self, method: str, address: str) -> bool:
        """Whether something answers there. ``address`` is relative to the API."""
        if self._rules is None:
            rules: dict[str, list[re.Pattern[str]]] = {}
            for route in self._app.routes:
                pieces = [re.escape(piece) for piece in _PLACE.split(route.rule)]
                rules.setdefault(route.method, []).append(re.compile("[^/]+".join(pieces)))
            self._rules = rules
        path = API + address
        return any(rule.fullmatch(path) for rule in self._rules.get(method, ()))

    def look(self, address: str, **query: Any) -> Any:
        """Give what the API answers to this question; None when there is no such address, or it said no."""
        if not self.has("GET", address):
            return None
        environ = bottle.request.environ
        asked = environ.get("QUERY_STRING", "")
        environ["QUERY_STRING"] = urlencode(query)
        try:
            route, found = self._app.router.match({"REQUEST_METHOD": "GET", "PATH_INFO": API + address})
            answer = route.call(**found)
        except bottle.HTTPResponse:
            return None
        finally:
            environ["QUERY_STRING"] = asked
        return msgspec.json.decode(answer.body)
