"""Which commands there are: a control is shown only when its address answers."""

import re
from typing import Any, Final

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
